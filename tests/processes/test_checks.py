"""Checks in real processes: savers that lose what they acknowledged, or cannot be tested."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from bench.checks.checking import check_subjects
from bench.checks.conformance import conformance
from bench.checks.crash import crash
from bench.checks.trials import CheckTrials, check_trials
from bench.cli import main
from bench.measure.runner import NO_OTHERS
from bench.records.store import Store
from bench.scenario.scenario import SubjectUse
from tests.unit.analysis.synthetic import make_run, scenario_text

SAVERS = "tests.processes.crashing_savers"


def trials_of(use: str, **options: object) -> CheckTrials:
    return check_trials({"theirs": SubjectUse(use=f"{SAVERS}:{use}", options=options)}, seed=1)


@pytest.mark.parametrize(
    ("use", "loses"),
    [("writing_through", False), ("flushing_on_close", True), ("flushing_every_100_ms", True)],
)
def test_what_a_killed_process_takes_along_is_missed(use: str, loses: bool) -> None:
    found, _ = crash(trials_of(use), "theirs", os.environ)

    assert (found.kills, found.not_checked) == (2, "")
    assert found.acknowledged > 100
    assert (found.lost > 0) is loses
    assert (found.oldest_lost_ns > 0) is loses
    assert bool(found.problems) is loses


def test_values_that_a_killed_process_takes_along_are_missed() -> None:
    found, _ = crash(trials_of("empty_until_closed"), "theirs", os.environ)

    assert (found.kills, found.lost) == (2, 0)
    assert found.wrong > 0
    assert "is missing" in found.problems[0]


def test_a_store_that_cannot_be_opened_after_the_kill_is_told() -> None:
    found, _ = crash(trials_of("torn"), "theirs", os.environ)

    assert (found.kills, found.not_checked) == (2, "")
    assert found.acknowledged > 100
    assert "the file is torn" in found.unreadable


def test_what_a_killed_saver_had_started_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diary = tmp_path / "diary"
    monkeypatch.setenv("THEIR_DIARY", str(diary))

    found, _ = crash(trials_of("with_a_child"), "theirs", os.environ)

    assert (found.kills, found.lost) == (2, 0)
    started = [int(line) for line in diary.read_text(encoding="utf-8").splitlines()]
    assert len(started) == 4
    alive = [process_id for process_id in started if psutil.pid_exists(process_id)]
    _, left = psutil.wait_procs([psutil.Process(process_id) for process_id in alive], timeout=5.0)
    assert [one.status() for one in left if one.status() != psutil.STATUS_ZOMBIE] == []


def test_what_keeps_everything_in_its_process_is_volatile() -> None:
    found, _ = crash(trials_of("in_memory", reopens=False), "theirs", os.environ)

    assert found.is_volatile
    assert (found.lost, found.not_checked) == (0, "")


def test_a_saver_that_holds_the_loop_for_good_is_ended() -> None:
    result, _ = conformance(trials_of("holding"), "theirs", os.environ, limit_s=5.0)

    assert result.capabilities == ()
    assert "ended with signal 9" in result.not_checked
    assert "(killed after 5 s)" in result.not_checked


def test_a_saver_that_cannot_be_opened_is_not_checked_and_the_next_one_is(tmp_path: Path) -> None:
    text = scenario_text("a b").replace('use = "memory"', f'use = "{SAVERS}:refusing"', 1)
    run = make_run(tmp_path, text=text, checks=())
    store, said = Store(tmp_path), list[str]()
    check_subjects(run.scenario, store, run.record.run_id, os.environ, NO_OTHERS, said.append)

    assert said == ["checking 1 of 2: a …", "checking 2 of 2: b …"]
    checks = store.read(run.record.run_id).checks
    assert checks["a"].conformance.not_checked == "OSError: nobody listens there"
    assert "OSError: nobody listens there" in checks["a"].crash.not_checked
    assert checks["b"].conformance.failed == ()
    assert checks["b"].crash.is_volatile

    check_subjects(run.scenario, store, run.record.run_id, os.environ, NO_OTHERS, said.append)
    assert len(said) == 2


def test_the_verb_tells_failed_tests_and_ends_with_4(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", "memory", f"{SAVERS}:listing_everything", "null"]) == 4
    told = capsys.readouterr().out

    assert "✓ list" in told
    assert "✗ list" in told
    assert "its listing of a namespace contains checkpoints of sub-namespaces" in told
    assert "– copy_thread       not offered" in told
    assert "not checked: it only stands in for a saver, by design" in told


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["memori"], "Did you mean 'memory'?"),
        (["--scenario", "scenarios/savers.toml", "sqlit"], "Did you mean 'sqlite'?"),
        ([], "name a subject"),
    ],
)
def test_the_verb_refuses_what_is_not_there(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["conformance", *arguments]) == 2
    assert expected in capsys.readouterr().err
