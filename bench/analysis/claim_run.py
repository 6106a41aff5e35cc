"""A run as claims see it: its analysis, and which trial belongs to which block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.analysis.estimation import LOWER_BOUND
from bench.analysis.result import Analysis, Cell
from bench.analysis.summary import is_measured
from bench.records.store import Run
from bench.scenario.metric import rests_on_success
from bench.scenario.plan import expand
from bench.stats.effects import effect

SUM = " + "


@dataclass(frozen=True, slots=True)
class ClaimRun:
    """``blocks`` and ``repetitions`` are keyed by the id of each trial with a share of failures.

    ``planned`` has the number of trials that each cell (by name) should have, ``stages`` the stage
    in which a trial (by id) ended that has no measurement.
    """

    analysis: Analysis
    blocks: Mapping[str, str]
    repetitions: Mapping[str, str]
    planned: Mapping[str, int]
    stages: Mapping[str, str] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.analysis.run.run_id

    def values(self, cell: Cell, metric: str, per: str = "") -> Mapping[str, float]:
        """Return trial id → value of ``metric``, which may be a sum, divided by that of ``per``.

        Empty unless every trial of ``blocks`` in the cell has a value of its own, that is no lower
        bound: else nobody could say which value belongs to which trial. Empty, too, where so many
        cycles failed that the values say little.
        """
        if self.failing_because(cell, metric, per):
            return {}
        trials = [trial for trial in cell.trial_ids if trial in self.blocks]
        parts = [_of_trials(cell, name, len(trials)) for name in metric.split(SUM)]
        divisors = _of_trials(cell, per, len(trials)) if per else (1.0,) * len(trials)
        if divisors is None or min(divisors, default=0.0) <= 0.0:
            return {}
        totals = [0.0] * len(trials)
        for part in parts:
            if part is None:
                return {}
            totals = [total + value for total, value in zip(totals, part, strict=True)]
        ratios = (total / divisor for total, divisor in zip(totals, divisors, strict=True))
        return dict(zip(trials, ratios, strict=True))

    def noise_factor(self, metric: str, per: str = "") -> float:
        """Return the largest factor (≥ 1) by which an A/A arm departs from the arm it repeats."""
        largest = 1.0
        for again, first in self._aa_pairs():
            over, under = pairs(
                self.values(again, metric, per), self.values(first, metric, per), self.blocks
            )
            if over:
                found = effect(over, under).ratio
                largest = max(largest, found, 1.0 / found)
        return largest

    def _aa_pairs(self) -> Iterator[tuple[Cell, Cell]]:
        places = {
            (cell.subject, cell.loop, cell.condition): cell
            for cell in self.analysis.cells
            if not cell.invalid_because
        }
        for cell in places.values():
            first = places.get((cell.aa_of, cell.loop, cell.condition))
            if first is not None:
                yield cell, first

    def doubts(self, cells: Sequence[Cell]) -> tuple[str, ...]:
        """Return the codes of the warnings that name one of ``cells``."""
        names = {cell.name for cell in cells}
        found = (
            finding.code
            for finding in self.analysis.findings
            if finding.severity == "warning" and names & set(finding.cells)
        )
        return tuple(dict.fromkeys(found))

    def failing_because(self, cell: Cell, metric: str, per: str = "") -> str:
        """Say why too many cycles failed for ``metric``, by ``per``; empty where they did not."""
        names = (*metric.split(SUM), *([per] if per else []))
        if not any(rests_on_success(name) for name in names):
            return ""
        return f"{cell.name}: {cell.failing_because}" if cell.failing_because else ""

    def invalid_because(self, cell: Cell) -> str:
        """Say why the numbers of ``cell`` must not be used; empty where they may."""
        if cell.invalid_because:
            return f"{cell.name}: {cell.invalid_because}"
        for finding in self.analysis.findings:
            if finding.severity == "invalid" and (not finding.cells or cell.name in finding.cells):
                return f"{finding.code}: {finding.message}"
        return ""


def claim_run(run: Run, analysis: Analysis) -> ClaimRun:
    """Join ``analysis`` with what the records of ``run`` say about its trials; reads no samples."""
    judged = [r.trial for r in run.trials if is_measured(r) or r.has_no_success]
    begun = {record.trial.block for record in run.trials}
    planned = Counter(trial.cell for trial in expand(run.scenario).expected(begun))
    return ClaimRun(
        analysis=analysis,
        blocks={trial.id: trial.block for trial in judged},
        repetitions={trial.id: str(trial.repetition) for trial in judged},
        planned={
            cell.name: planned[cell.subject, cell.workload, cell.payload, cell.arrival, cell.loop]
            for cell in analysis.cells
        },
        stages={
            record.trial.id: record.failure.stage
            for record in run.trials
            if record.failure is not None
        },
    )


def pairs(
    candidate: Mapping[str, float], baseline: Mapping[str, float], group: Mapping[str, str]
) -> tuple[list[float], list[float]]:
    """Pair positive values of two cells, keyed by trial id, that have the same ``group``."""
    under = {group[trial]: value for trial, value in baseline.items()}
    matched = [
        (value, under[group[trial]])
        for trial, value in candidate.items()
        if value > 0.0 and under.get(group[trial], 0.0) > 0.0
    ]
    return [over for over, _ in matched], [below for _, below in matched]


def _of_trials(cell: Cell, metric: str, trials: int) -> tuple[float, ...] | None:
    estimate = cell.estimates.get(metric)
    if estimate is None or estimate.method == LOWER_BOUND:
        return None
    return estimate.trial_values if len(estimate.trial_values) == trials else None
