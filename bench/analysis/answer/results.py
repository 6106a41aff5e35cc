"""What the answer is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.cell import Cell
from bench.analysis.result import Comparison, Finding, MatrixEntry
from bench.records.trial import TrialRecord
from bench.scenario.scenario import Scenario

# The findings by which a ratio is no extreme to begin with, in words.
_DOUBTS = {
    "generator_saturated": "the Python client was the limit",
    "few_cycles": "few operations were timed",
}


@dataclass(frozen=True, slots=True)
class Results:
    """What the answer is made from; ``sweeps`` names those that answer the question."""

    scenario: Scenario
    sweeps: Sequence[str]
    cells: Sequence[Cell]
    comparisons: Sequence[Comparison]
    matrix: Sequence[MatrixEntry]
    findings: Sequence[Finding]
    trials: Sequence[TrialRecord]
    trials_planned: int

    def cell(self, comparison: Comparison) -> Cell:
        """Return the candidate's cell."""
        return self._cell(comparison, comparison.loop, comparison.subject)

    def sides(self, comparison: Comparison) -> tuple[Cell, Cell]:
        """Return the cells of candidate and baseline."""
        is_loop = comparison.axis == "loop"
        loop, subject = comparison.loop, comparison.subject
        other = (comparison.baseline, subject) if is_loop else (loop, comparison.baseline)
        return self.cell(comparison), self._cell(comparison, *other)

    def _cell(self, comparison: Comparison, loop: str, subject: str) -> Cell:
        wanted = (comparison.condition, loop, subject)
        return next(c for c in self.cells if (c.condition, c.loop, c.subject) == wanted)

    def doubts(self, *cells: str) -> list[str]:
        """Say why the ratio of two ``cells``, by name, is none to quote as the extreme of all."""
        codes = {each.code for each in self.findings if {*cells} & {*each.cells}}
        return [text for code, text in _DOUBTS.items() if code in codes]

    @property
    def quotable(self) -> list[Comparison]:
        """The comparisons that the answer may quote: of the question, at real speeds."""
        emulated = {cell.loop for cell in self.cells if cell.loop_kind == "emulated"}
        return [
            comparison
            for comparison in self.comparisons
            if comparison.metric.name in self.scenario.primary_metrics
            and comparison.condition[0] in self.sweeps
            and not comparison.is_aa
            and not self.cell(comparison).is_floor
            and comparison.loop not in emulated
            and (comparison.axis == "subject" or comparison.baseline not in emulated)
        ]


def is_proven(comparison: Comparison) -> bool:
    """Tell whether the comparison shows a difference, or that there is none of interest."""
    return comparison.outcome in ("better", "worse", "equivalent")
