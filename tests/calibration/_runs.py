"""Rows of the self-test as they were recorded, and what a broken benchmark would have written.

``python -m bench selftest`` measures all rows on every loop. Here their analysis is tested, for
which one recording of each does; tests/calibration/recorded/README.md says how it is renewed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from bench.analysis.analyse import analyse
from bench.records.outcome import COLUMNS
from bench.records.sample import Integers, Samples
from bench.records.store import Run, Store
from bench.records.trial import TrialRecord, Verification
from bench.selftest.observation import Observed
from bench.selftest.rows import Result, judge, row_named

LOOP = "selector"
RECORDED = Store(Path(__file__).parent / "recorded")

# Changes the samples of a trial in place; the columns are those of COLUMNS.
Change = Callable[[TrialRecord, Integers], None]


@dataclass(frozen=True)
class Changed(Run):
    """A run whose samples a broken benchmark has written."""

    change: Change

    def samples(self, trial: TrialRecord) -> Samples:
        honest = Run.samples(self, trial)
        rows = honest.where(honest.column("due") >= 0)._rows.copy()
        self.change(trial, rows)
        return Samples(rows)


@cache
def recorded(name: str) -> Run:
    """Return the recorded run of the row."""
    (run_id,) = (one for one in RECORDED.run_ids() if one.endswith(f"-selftest-{name}"))
    return RECORDED.read(run_id)


def judged(name: str, run: Run) -> Result:
    return judge(row_named(name), Observed(run, analyse(run), LOOP))


def failing(name: str, run: Run) -> list[str]:
    """Name the checks that do not hold."""
    return [check.what for check in judged(name, run).checks if not check.holds]


def with_samples(run: Run, change: Change) -> Run:
    parts = (run.trials, run.directory, run.damaged, run.checks)
    return Changed(run.record, run.scenario, *parts, change)


def with_verification(run: Run, verification: Verification) -> Run:
    trials = tuple(replace(record, verification=verification) for record in run.trials)
    return replace(run, trials=trials)


def with_failure(run: Run, **changes: str) -> Run:
    """Change what the trials say that were ended."""
    trials = tuple(
        replace(record, failure=record.failure and replace(record.failure, **changes))
        for record in run.trials
    )
    return replace(run, trials=trials)


def column(rows: Integers, name: str) -> Integers:
    """Return a view of the column."""
    view: Integers = rows[:, COLUMNS.index(name)]
    return view


def of_operation(record: TrialRecord, rows: Integers, name: str) -> Integers:
    """Return which rows are of that operation, as booleans."""
    chosen: Integers = column(rows, "operation") == record.operations.index(name)
    return chosen
