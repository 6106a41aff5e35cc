"""Savers from outside that are written or named wrongly are told at once, all of them."""

from __future__ import annotations

import os
import re
import sys

import psutil
import pytest

from bench.checks.opening import LIMIT_S, check_opening
from bench.errors import InputError
from bench.measure.preflight import check_plugins
from bench.measure.runner import NO_OTHERS
from bench.scenario.scenario_file import parse_scenario
from tests.processes.test_trials import text_of

THEIRS = "tests.processes.misbehaving_factories"
GOOD = (
    *("coroutine", "returns_what_is_opened", "prints", "ignores_signals", "Derived"),
    "stops_the_loop_at_last",
)
# What is said of those that cannot be measured.
WRONG = {
    "import_fails": (
        r"ImportError: No module named 'fancydb', in its stage open\n"
        r"(.*\n)*.*misbehaving_factories\.py, line \d+, in _refuse: raise ImportError"
    ),
    "exits": r"SystemExit: 3, in its stage open\n(.*\n)*.*in _leave: sys\.exit\(3\)",
    "yields_none": r"yielded None; expected a BaseCheckpointSaver",
    "returns_none": r"returned None; expected a BaseCheckpointSaver",
    "returns_a_function": r"returned returns_a_function\.<locals>\.opened without calling it",
    "blocks": (
        r"it hung, and was ended after \d s, in its stage open\n"
        r"  .*misbehaving_factories\.py, line \d+, in blocks"
    ),
    "awaits_for_ever": (
        r"opening hung, and was ended after 1 s, in its stage open\n(.*\n)*"
        r".*in awaits_for_ever: await asyncio\.Event\(\)\.wait\(\)"
    ),
    "NeverReads": r"OSError: no cycle of the window succeeded; first: the disk is gone",
    "ReadsForEver": r"it hung, and was ended after \d s, in its stage rehearsal",
    "DiesReading": r"WorkerDied: the worker ended with exit code 7",
    "stops_the_loop": r"RuntimeError: Event loop stopped .*, in its stage open",
    "stops_the_loop_on_close": r"RuntimeError: Event loop stopped .*, in its stage close",
    "close_blocks": (
        r"it hung, and was ended after \d s, in its stage close\n"
        r"  .*misbehaving_factories\.py, line \d+, in close_blocks"
    ),
}
# What is said of those that can, beside what keeps it in memory.
NOTED = {
    "leaves_a_thread": r"closing: it left running: the thread 'theirs'",
    "leaves_a_process": r"closing: it left running: the process '.*theirs'",
    "close_fails": r"closing: RuntimeError: cannot close",
}


def tried(name: str, limit_s: float = LIMIT_S, **given: object) -> tuple[str, str]:
    """Try the factory; return what is wrong with it, and what was said."""
    options = "" if name == "returns_saver" else "reopens = false"
    text = text_of(f"{THEIRS}:{name}", options=options)
    keys = "".join(f"{key} = {value}\n" for key, value in given.items())
    scenario = parse_scenario(text.replace("probes = []\n", f"probes = []\n{keys}"), "f.toml")
    check_plugins(scenario, "f.toml")
    said: list[str] = []
    before = psutil.Process().children(recursive=True)
    try:
        check_opening(scenario, os.environ, NO_OTHERS, said.append, limit_s)
    except InputError as error:
        return str(error), "\n".join(said)
    finally:
        assert psutil.Process().children(recursive=True) == before
    return "", "\n".join(said)


@pytest.mark.parametrize("name", GOOD)
def test_what_gives_a_saver_can_be_measured(name: str) -> None:
    assert tried(name) == ("", "trying 1 of 1: theirs …")


def test_what_loses_everything_is_asked_whether_it_reopens() -> None:
    wrong, said = tried("returns_saver")

    assert wrong == ""
    assert "say reopens = false" in said


@pytest.mark.parametrize(("name", "expected"), WRONG.items())
def test_what_cannot_be_measured_is_told_with_reason_and_place(name: str, expected: str) -> None:
    wrong, _ = tried(name, limit_s=1.0)

    assert wrong.startswith("subjects.theirs cannot be measured: ")
    assert re.search(expected, wrong), wrong


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found there alone")
@pytest.mark.parametrize(("name", "expected"), NOTED.items())
def test_what_does_not_close_as_it_should_is_measured_and_told(name: str, expected: str) -> None:
    wrong, said = tried(name)

    assert wrong == ""
    assert re.search(expected, said), said


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited there alone")
def test_a_worker_that_takes_too_much_memory_is_ended_and_told() -> None:
    wrong, _ = tried("Hoarding", worker_memory_bytes=300_000_000)

    assert re.search(r"OutOfMemory: the worker took \d+ MB of memory and may take 300", wrong)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("requires_two", "requires host, port: give them as options"),
        ("return_saver", "Did you mean 'returns_saver'?"),
    ],
)
def test_what_is_named_wrongly_is_told_before_it_is_tried(name: str, expected: str) -> None:
    with pytest.raises(InputError, match=re.escape(expected)):
        tried(name)


def test_all_that_is_wrong_is_told_at_once() -> None:
    text = text_of(f"{THEIRS}:returns_none", options="reopens = false")
    text = text.replace("[workloads", f'[subjects.other]\nuse = "{THEIRS}:exits"\n\n[workloads', 1)
    scenario = parse_scenario(text.replace('["theirs"]', '["theirs", "other"]'), "f.toml")

    with pytest.raises(InputError) as caught:
        check_opening(scenario, os.environ, NO_OTHERS, lambda _: None)

    assert re.findall(r"^subjects\.(\w+) cannot", str(caught.value), re.MULTILINE) == [
        "theirs",
        "other",
    ]
