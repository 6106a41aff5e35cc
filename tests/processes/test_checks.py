"""Checks in real processes: savers that lose what they acknowledged, or cannot be tested."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from bench.analysis.analyse import analyse
from bench.checks.checking import check_subjects
from bench.checks.conformance import conformance
from bench.checks.crash import crash
from bench.checks.trials import CheckTrials, check_trials
from bench.cli import main
from bench.measure.runner import NO_OTHERS
from bench.records.check import CrashCheck
from bench.records.store import Store
from bench.scenario.scenario import SubjectUse
from bench.verify.verifier_process import VerifierProcess
from tests.unit.analysis.synthetic import make_run, scenario_text

SAVERS = "tests.processes.crashing_savers"


def trials_of(use: str, **options: object) -> CheckTrials:
    return check_trials({"theirs": SubjectUse(use=f"{SAVERS}:{use}", options=options)}, seed=1)


def crashed(use: str, **options: object) -> CrashCheck:
    trials = trials_of(use, **options)
    with VerifierProcess(trials.scenario, os.environ) as verifier:
        return crash(trials, "theirs", os.environ, verifier)[0]


def test_what_is_stored_when_it_is_acknowledged_outlives_the_process() -> None:
    found = crashed("writing_through")

    assert (found.kills, found.not_checked) == (2, "")
    assert found.acknowledged > 100
    assert (found.lost, found.oldest_lost_ns, found.problems) == (0, 0, ())


WRITE_BEHIND = f"""
schema_version = 2
question = "Who has stored what it acknowledged?"
seed = 1
repetitions = 1
warmup_s = 0.05
warmup_cycles = 1
duration_s = 0.1
verify_s = 0.1
conformance = false
probes = []

[subjects.on-close]
use = "{SAVERS}:flushing_on_close"

[subjects.every-100-ms]
use = "{SAVERS}:flushing_every_100_ms"

[workloads.steps]
use = "append_steps"

[workloads.graph]
use = "run_graph"
options = {{ graph = "chain" }}

[payloads.small]
use = "nested"

[arrivals.one]
kind = "closed"
clients = 1

[sweeps.all]
subjects = ["on-close", "every-100-ms"]
workloads = ["steps", "graph"]
payloads = ["small"]
arrivals = ["one"]
loops = ["selector"]
"""


def test_a_run_strikes_out_who_acknowledges_before_storing_under_every_workload(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "behind.toml").write_text(WRITE_BEHIND, encoding="utf-8")
    places = ["--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports")]

    assert main(["run", str(tmp_path / "behind.toml"), *places]) == 4

    store = Store(tmp_path / "results")
    run = store.read(store.newest())
    for check in run.checks.values():
        assert (check.crash.kills, check.crash.not_checked) == (2, "")
        assert check.crash.acknowledged >= check.crash.lost > 0
        assert check.crash.acknowledged > 100
        assert check.crash.oldest_lost_ns > 0
        assert check.crash.problems
    said = "acknowledged writes were lost when its process was killed"
    analysis = analyse(run)
    because = {(cell.subject, cell.workload): cell.invalid_because for cell in analysis.cells}
    assert len(because) == 4
    assert [cell for cell, why in because.items() if said not in why] == []
    shown = " ".join(capsys.readouterr().out.split())
    assert "acknowledged writes were lost" in shown


def test_values_that_a_killed_process_takes_along_are_missed() -> None:
    found = crashed("empty_until_closed")

    assert (found.kills, found.lost) == (2, 0)
    assert found.wrong > 0
    assert "is missing" in found.problems[0]


def test_a_store_that_cannot_be_opened_after_the_kill_is_told() -> None:
    found = crashed("torn")

    assert (found.kills, found.not_checked) == (2, "")
    assert found.acknowledged > 100
    assert "the file is torn" in found.unreadable


@pytest.mark.skipif(sys.platform != "linux", reason="a hidden process is found there alone")
def test_what_a_killed_saver_had_started_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diary = tmp_path / "diary"
    monkeypatch.setenv("THEIR_DIARY", str(diary))

    found = crashed("with_children")

    assert (found.kills, found.lost) == (2, 0)
    started = [int(line) for line in diary.read_text(encoding="utf-8").splitlines()]
    # Two of each worker, and of each process that read back after it.
    assert len(started) == 8
    assert [process_id for process_id in started if psutil.pid_exists(process_id)] == []


def test_what_keeps_everything_in_its_process_is_volatile() -> None:
    found = crashed("in_memory", reopens=False)

    assert found.is_volatile
    assert (found.lost, found.not_checked) == (0, "")


def test_a_saver_that_holds_the_loop_for_good_is_ended() -> None:
    result, _ = conformance(trials_of("holding"), "theirs", os.environ, limit_s=2.0)

    assert result.capabilities == ()
    assert "it hung, and was ended after 2 s, in its stage" in result.not_checked
    assert "crashing_savers.py, line" in result.not_checked


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
