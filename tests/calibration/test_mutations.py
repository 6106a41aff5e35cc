"""Take away what finds a defect, and the self-test must fail: it is that check which finds it.

A broken benchmark is what changes the records, or what reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bench.analysis.findings import registry
from bench.analysis.findings.registry import FindingKind, Symptom, finding_kinds
from bench.analysis.result import Severity
from bench.errors import EXIT_INVALID
from bench.records.sample import Integers
from bench.records.trial import TrialRecord
from bench.selftest.measuring import planned
from bench.selftest.rows import ROWS, row_named
from tests.calibration._runs import (
    LOOP,
    Change,
    column,
    failing,
    judged,
    of_operation,
    recorded,
    with_failure,
    with_samples,
)

MS = 1_000_000
# Nothing is taken away from the others.
CHANGED_ROWS = [row.name for row in ROWS if row.name not in ("round_trips", "same_twice")]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Take what looks for a code out of the analysis."""

    def remove(code: str) -> None:
        left = tuple(kind for kind in finding_kinds() if kind.code != code)
        assert len(left) == len(finding_kinds()) - 1
        monkeypatch.setattr(registry, "finding_kinds", lambda: left)

    return remove


@pytest.mark.parametrize("name", CHANGED_ROWS)
def test_what_is_recorded_is_what_the_self_test_measures_and_holds(name: str) -> None:
    run = recorded(name)
    result = judged(name, run)

    assert run.scenario.digest() == planned(row_named(name), [LOOP]).scenario.digest()
    assert [check for check in result.checks if not check.holds] == []
    assert result.checks


def due_when_started(record: TrialRecord, rows: Integers) -> None:
    """Omit what was coordinated: an operation is due when somebody has time for it."""
    column(rows, "due")[:] = column(rows, "started")


def queueing_not_told(record: TrialRecord, rows: Integers) -> None:
    """Blame all waiting on the load generator."""
    column(rows, "pool_wait")[of_operation(record, rows, "cycle")] = 0


def slow_clock(record: TrialRecord, rows: Integers) -> None:
    """Lose a twentieth of every time."""
    origin = int(column(rows, "due").min())
    for name in ("due", "started", "finished"):
        values = column(rows, name)
        values[:] = origin + (values - origin) * 19 // 20


def stamped_late(record: TrialRecord, rows: Integers) -> None:
    """Read the clock 2 ms after an operation has ended."""
    column(rows, "finished")[:] += 2 * MS


def one_in_ten_dropped(record: TrialRecord, rows: Integers) -> None:
    """Throw away the longest tenth of the cycles, as outliers."""
    cycles = np.flatnonzero(of_operation(record, rows, "cycle"))
    times = column(rows, "finished")[cycles] - column(rows, "due")[cycles]
    longest = cycles[np.argsort(times)[-len(cycles) // 10 :]]
    # Before the window nothing counts.
    column(rows, "due")[longest] = 0


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("stalled", due_when_started, "response p90"),
        ("stalled", one_in_ten_dropped, "response p99"),
        ("stalled", queueing_not_told, "waiting told as queueing"),
        ("queue_md1", due_when_started, "mean response: the recursion"),
        ("queue_md1", one_in_ten_dropped, "operations in the window"),
        ("queue_mmc", due_when_started, "mean response: the recursion"),
        ("queue_mmc", stamped_late, "mean response: the recursion"),
        ("fixed_service", slow_clock, "shortest put service"),
        ("fixed_service", stamped_late, "put service p50"),
        ("null", stamped_late, "put response p50"),
        ("blocking", due_when_started, "put response p50"),
    ],
)
def test_a_benchmark_that_is_wrong_about_time_fails(
    name: str, change: Change, expected: str
) -> None:
    assert expected in failing(name, with_samples(recorded(name), change))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("blocking", "loop_blocked"),
        ("holding", "loop_stalled"),
        ("leaking", "memory_leak"),
        ("dropping", "verification_failed"),
        ("stale", "verification_failed"),
        ("corrupting", "verification_failed"),
        ("referencing", "verification_failed"),
        ("losing_namespaces", "verification_failed"),
        ("changing_types", "verification_failed"),
        ("write_behind", "lost_in_crash"),
        ("hanging", "trial_failed"),
        ("hoarding", "trial_failed"),
    ],
)
def test_without_its_finding_a_defect_passes_and_the_self_test_fails(
    name: str, code: str, without: Callable[[str], None]
) -> None:
    run = recorded(name)
    without(code)

    found = failing(name, run)

    assert "finding" in found
    if code in ("verification_failed", "lost_in_crash"):
        assert "exit code of the run" in found


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("hanging", {"error_class": "WorkerDied", "message": "signal 9"}, "ended, and why"),
        ("hanging", {"stage": "prepare"}, "ended, and why"),
        ("hanging", {"details": "  bench/loops/selector.py, line 9, in run"}, "place in the code"),
        ("hoarding", {"message": "the worker was killed by signal 9"}, "ended, and why"),
    ],
)
def test_a_trial_that_was_ended_without_the_reason_fails(
    name: str, changes: dict[str, str], expected: str
) -> None:
    assert failing(name, with_failure(recorded(name), **changes)) == [expected]


def test_a_run_that_a_hang_ends_fails() -> None:
    run = recorded("hanging")

    assert failing("hanging", replace(run, trials=run.trials[:1])) == ["trials"]


@pytest.mark.parametrize(
    "code", ["verification_failed", "loop_blocked", "loop_stalled", "memory_leak"]
)
def test_a_judge_that_accuses_everybody_fails(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = recorded("null")
    severity: Severity = "invalid" if code == "verification_failed" else "warning"

    accusation = FindingKind(code, severity, "", "", lambda _: Symptom(""))
    monkeypatch.setattr(registry, "finding_kinds", lambda: (accusation,))

    assert failing("null", run) == ["found to be wrong with it"]


@pytest.mark.parametrize("name", ["dropping", "stale", "corrupting", "referencing"])
def test_an_exit_code_that_hides_what_is_invalid_fails(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = recorded(name)
    monkeypatch.setattr("bench.analysis.analyse.exit_code", lambda *_: EXIT_INVALID - 1)

    assert failing(name, run) == ["exit code of the run"]
