"""What a finding looks at, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.analysis.open_load import OpenFacts
from bench.analysis.result import Comparison, Finding, Severity
from bench.analysis.summary import CellEvidence
from bench.records.check import CheckRecord
from bench.records.run import RunRecord
from bench.records.trial import Reading, TrialRecord
from bench.scenario.arrival import Open
from bench.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that findings judge. ``planned`` counts the trials of the plan.

    ``damaged`` says by trial id why a trial could not be read, ``checks`` has by label what was
    checked of a subject.
    """

    run: RunRecord
    scenario: Scenario
    planned: int
    records: tuple[TrialRecord, ...]
    cells: tuple[CellEvidence, ...]
    comparisons: tuple[Comparison, ...]
    damaged: Mapping[str, str]
    checks: Mapping[str, CheckRecord]

    @property
    def measured(self) -> tuple[CellEvidence, ...]:
        """The cells with at least one measured trial."""
        return tuple(evidence for evidence in self.cells if evidence.measured)

    def value(self, evidence: CellEvidence, metric: str) -> float:
        """Return the cell's estimate of ``metric``; 0 where there is none."""
        return evidence.cell.value(metric) or 0.0


Judge = Callable[[Evidence], Finding | None]


def most_trials(found: Sequence[object], cell: CellEvidence) -> bool:
    """Tell whether ``found``, one for each trial that shows something, are most of the cell's."""
    return 2 * len(found) > len(cell.measured)


def open_facts(evidence: Evidence, cell: CellEvidence) -> list[OpenFacts]:
    """Return the facts of the cell's trials, where it has an open load."""
    if not isinstance(evidence.scenario.arrival(cell.cell.arrival), Open):
        return []
    return [facts.open_load for facts in cell.load.values() if facts.open_load is not None]


def worst_of(message: str, cells: Sequence[CellEvidence]) -> str:
    """Add to what ``message`` says of one cell how many there are."""
    return f"{message} (worst of {len(cells)} cells)" if len(cells) > 1 else message


def reading(record: TrialRecord, name: str) -> Reading | None:
    """Return what a probe read in that trial, or ``None``."""
    return next((found for found in record.readings if found.name == name), None)


@dataclass(frozen=True, slots=True)
class Kind:
    """What is the same for every finding of a code."""

    code: str
    severity: Severity
    meaning: str
    remedy: str

    def found(
        self,
        message: str,
        cells: Sequence[CellEvidence] = (),
        trials: Sequence[str] = (),
        severity: Severity | None = None,
    ) -> Finding:
        """Make the finding; ``severity`` overrides that of the kind."""
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            message=message,
            meaning=self.meaning,
            remedy=self.remedy,
            cells=tuple(evidence.cell.name for evidence in cells),
            trials=tuple(trials),
        )
