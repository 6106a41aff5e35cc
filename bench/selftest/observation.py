"""What a row of the self-test looks at: the analysis of its run, and the samples behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.analysis.cell import Cell
from bench.analysis.result import Analysis, Finding
from bench.records.store import Run
from bench.records.trial import TrialRecord
from bench.scenario.metric import CYCLE

_NS_PER_S = 1e9


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so: ``expected`` and ``measured`` in words, and whether they agree."""

    what: str
    expected: str
    measured: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Observed:
    """A row's run and its analysis, as seen on one loop."""

    run: Run
    analysis: Analysis
    loop: str

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.analysis.cells if cell.loop == self.loop)

    @property
    def records(self) -> tuple[TrialRecord, ...]:
        return tuple(record for record in self.run.trials if record.trial.loop == self.loop)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings that name a cell of this loop, or none at all."""
        names = {cell.name for cell in self.cells}
        return tuple(
            finding
            for finding in self.analysis.findings
            if not finding.cells or names & set(finding.cells)
        )

    def finding(self, code: str) -> Finding | None:
        """Return the finding of that code, if there is one for this loop."""
        return next((finding for finding in self.findings if finding.code == code), None)

    def value_s(self, metric: str) -> float:
        """Return the estimate of a time in the loop's first cell, in seconds; NaN if none."""
        value = self.cells[0].value(metric)
        return math.nan if value is None else value / _NS_PER_S

    def in_window_s(
        self,
        column: str,
        operation: str = CYCLE,
        records: Sequence[TrialRecord] | None = None,
    ) -> npt.NDArray[np.float64]:
        """Return a time of every ``operation`` due in the window, in order of due, in seconds.

        ``records``: of these trials alone, not of all.
        """
        parts = []
        for record in self.records if records is None else records:
            if record.window is None or operation not in record.operations:
                continue
            samples = self.run.samples(record).of(record.operations.index(operation))
            measured = samples.due_within(record.window.start_ns, record.window.end_ns)
            order = np.argsort(measured.column("due"), kind="stable")
            parts.append(measured.column(column)[order] / _NS_PER_S)
        return np.concatenate(parts) if parts else np.empty(0)
