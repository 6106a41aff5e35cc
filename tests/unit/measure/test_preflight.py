"""What a scenario names is imported and checked before anything is measured."""

from __future__ import annotations

import hashlib

import pytest

from bench.errors import InputError
from bench.measure.environment import read_environment
from bench.measure.preflight import check_plugins, check_services
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import parse_scenario
from bench.servers.postgres import find_postgres

TEXT = """
schema_version = 2
question = "?"
seed = 1
repetitions = 1
warmup_s = 0.1
duration_s = 0.2
probes = ["loop_lag"]

[subjects.memory]
use = "memory"
[workloads.steps]
use = "append_steps"
[payloads.small]
use = "nested"
[arrivals.one]
kind = "closed"
clients = 1
[sweeps.all]
subjects = ["memory"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["one"]
loops = ["selector"]
"""


def scenario(old: str = "", new: str = "") -> Scenario:
    assert old in TEXT
    return parse_scenario(TEXT.replace(old, new, 1) if old else TEXT, "f.toml")


def test_what_is_right_passes() -> None:
    check_plugins(scenario(), "f.toml")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"selector"', '"bench.loops.selector:SelectorLoop"'),
        ('"loop_lag"', '"bench.probes.loop_lag:LoopLag"'),
        ('"nested"', '"bench.payloads.nested:NestedPayload"'),
    ],
)
def test_dotted_names_that_are_right_pass(old: str, new: str) -> None:
    check_plugins(scenario(old, new), "f.toml")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"selector"', '"selectr"', "f.toml: unknown loop 'selectr'. Did you mean 'selector'?"),
        ('"selector"', '"nope:L"', "f.toml: cannot import the loop 'nope:L': ModuleNotFoundError"),
        ('"loop_lag"', '"nope:P"', "f.toml: cannot import the probe 'nope:P': ModuleNotFoundErro"),
        ('"loop_lag"', '"os:path"', "f.toml: the probe 'os:path' is module; expected a subclass"),
        ('"append_steps"', '"os:path"', "f.toml: workloads.steps.use: the workload 'os:path' is m"),
        ('"nested"', '"pathlib:Path"', "f.toml: payloads.small.use: the payload 'pathlib:Path' i"),
        ('"memory"', '":x"', "f.toml: subjects.memory.use: cannot import the subject ':x'. Expec"),
        ('"memory"', '"sys:maxsize"', "f.toml: subjects.memory.use: 'sys:maxsize' is of type int"),
        (
            '"append_steps"',
            '"sessions"',
            "f.toml: sweeps.all: memory is a checkpoint saver, and th",
        ),
        (
            '"append_steps"',
            '"expire_threads"',
            "f.toml: sweeps.all: memory is not of langgraph-checkpo",
        ),
    ],
)
def test_what_is_wrong_is_told_with_file_and_key(old: str, new: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        check_plugins(scenario(old, new), "f.toml")

    assert str(caught.value).startswith(expected)


def test_all_that_is_wrong_is_told_at_once() -> None:
    given = scenario('"selector"', '"nope:L"').model_copy(update={"probes": ("nope:P",)})

    with pytest.raises(InputError) as caught:
        check_plugins(given, "f.toml")

    assert len(str(caught.value).splitlines()) == 2


def test_the_programs_of_embedded_servers_are_told_by_version_and_hash() -> None:
    found = find_postgres()
    assert found is not None
    digest = hashlib.sha256(found.postgres.read_bytes()).hexdigest()
    services = check_services(scenario('use = "memory"', 'use = "postgres"'), {})
    version = services.servers["postgres"].split()[-1]
    assert services.programs == {found.postgres.name: f"{version}, SHA-256 {digest}"}


def test_other_programs_are_another_environment() -> None:
    one, other = (
        read_environment((), {}, {"redis-server": f"8.2.3, SHA-256 {digest}"})
        for digest in ("a" * 64, "b" * 64)
    )
    assert one.programs == {"redis-server": f"8.2.3, SHA-256 {'a' * 64}"}
    assert one.fingerprint() != other.fingerprint()


@pytest.mark.parametrize(
    ("key", "value"), [("at", "{ s = 1.0 }"), ("times", "3"), ("at", "{ operation = 50 }")]
)
def test_when_a_fault_from_the_start_acts_is_not_asked(key: str, value: str) -> None:
    faults = '[faults.gone]\nuse = "server_absent"\n'
    check_plugins(scenario("[sweeps.all]\n", f"{faults}[sweeps.all]\n"), "f.toml")

    wrong = scenario("[sweeps.all]\n", f"{faults}{key} = {value}\n[sweeps.all]\n")
    expected = f"f.toml: faults.gone.{key}: server_absent acts from the start, expected nothing"
    with pytest.raises(InputError, match=expected):
        check_plugins(wrong, "f.toml")
