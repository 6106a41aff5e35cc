"""Rows of the self-test, measured once on one loop, and what a broken ruler would have written."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.analyse import analyse
from bench.cli.verbs.measure.selftest import MOST_ATTEMPTS
from bench.records.outcome import COLUMNS
from bench.records.run import Environment
from bench.records.sample import Integers, Samples
from bench.records.store import Run, Store
from bench.records.trial import TrialRecord, Verification
from bench.selftest.measuring import measure, planned
from bench.selftest.observation import Observed
from bench.selftest.rows import Result, judge, row_named

LOOP = "selector"
NOWHERE = Environment({}, {}, {}, {}, "", dirty=False)

# Changes the samples of a trial in place; the columns are those of COLUMNS.
Change = Callable[[TrialRecord, Integers], None]


@dataclass(frozen=True)
class Changed(Run):
    """A run whose samples a broken ruler has written."""

    change: Change

    def samples(self, trial: TrialRecord) -> Samples:
        honest = Run.samples(self, trial)
        rows = honest.where(honest.column("due") >= 0)._rows.copy()
        self.change(trial, rows)
        return Samples(rows)


def of_row(name: str, *values: object) -> Any:
    """Return parameters of a test of that row."""
    marks = [pytest.mark.timed] if row_named(name).depends_on_time else []
    return pytest.param(name, *values, marks=marks)


class Measured:
    """Measures a row when it is first asked for; one that depends on time until it holds."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.run = cache(self._run)

    def _run(self, name: str) -> Run:
        row = row_named(name)
        # Twice as often as the self-test: other tests have only just ended on the same cores.
        for attempt in range(1, 2 * MOST_ATTEMPTS + 1):
            store = Store(self._directory / f"{name}-{attempt}")
            now = datetime.now(UTC)
            found = measure(planned(row, [LOOP]), store, NOWHERE, os.environ, now, lambda _: None)
            if not row.depends_on_time or judged(name, found).holds:
                break
        return found


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


def column(rows: Integers, name: str) -> Integers:
    """Return a view of the column."""
    view: Integers = rows[:, COLUMNS.index(name)]
    return view


def of_operation(record: TrialRecord, rows: Integers, name: str) -> Integers:
    """Return which rows are of that operation, as booleans."""
    chosen: Integers = column(rows, "operation") == record.operations.index(name)
    return chosen
