"""What a finding looks at, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.analysis.result import Comparison, Finding, Severity
from bench.analysis.summary import CellEvidence
from bench.records.run import RunRecord
from bench.records.trial import TrialRecord
from bench.spec.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that findings judge. ``planned`` counts the trials of the plan."""

    run: RunRecord
    scenario: Scenario
    planned: int
    records: tuple[TrialRecord, ...]
    cells: tuple[CellEvidence, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def measured(self) -> tuple[CellEvidence, ...]:
        """The cells with at least one measured trial."""
        return tuple(evidence for evidence in self.cells if evidence.measured)

    def value(self, evidence: CellEvidence, metric: str) -> float:
        """Return the cell's estimate of ``metric``; 0 where there is none."""
        return evidence.cell.value(metric) or 0.0


Judge = Callable[[Evidence], Finding | None]


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
