"""The result of an analysis: everything that any report shows, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bench.analysis.comparison_result import Comparison, FalseAlarms
from bench.records.check import CheckRecord
from bench.records.run import RunRecord
from bench.records.trial import Reading
from bench.scenario.durability import Durability
from bench.scenario.metric import ERRORS, Metric, Unit, rests_on_success, series_of
from bench.scenario.threshold import Confidence

Severity = Literal["invalid", "warning", "note"]
CellStatus = Literal["measured", "partly", "unsupported", "failed", "missing"]
# Of the cycles due in the windows. What fails more is not fast, whatever the rest took.
MOST_FAILING = 0.01
_REASON_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric's value over the trials of a cell, with its interval.

    ``value``, ``low`` and ``high`` are in the metric's unit; all ``None`` when it is not estimable,
    and then ``why_not`` says why. ``low`` and ``high`` alone are ``None`` for a single trial.
    ``trial_values`` are the values behind it, in the order of ``Cell.trial_ids`` that have one.
    ``method`` names how value and interval were made.
    """

    metric: Metric
    value: float | None
    low: float | None
    high: float | None
    confidence: float
    trials: int
    method: str
    why_not: str
    trial_values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Struck:
    """What was measured and must not be used, and why; reports strike it out."""

    estimate: Estimate
    because: str


@dataclass(frozen=True, slots=True)
class Curve:
    """An empirical distribution function: ``share[i]`` of the operations took at most ``ns[i]``."""

    ns: tuple[float, ...]
    share: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """By how much a time or a rate changed from the first half of the window to the second.

    ``change`` is the geometric mean over ``trials`` trials, less 1: 0.2 is 20 % more.
    ``p_value`` is two-sided for no change, ``None`` where the trials are too few to tell.
    ``is_systematic``: the trials agree that it changed, by as much as matters
    (``bench.analysis.steadiness``).
    """

    change: float
    trials: int
    p_value: float | None
    is_systematic: bool

    @property
    def text(self) -> str:
        """The drift in words that follow the name of the series."""
        verb = "rose" if self.change > 0.0 else "fell"
        return (
            f"{verb} by {100.0 * abs(self.change):.3g} % from the first half of the window to the "
            f"second, over {self.trials} trials"
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """What was measured for one subject under one condition on one loop, over all its trials.

    Labels are those of the scenario. ``plugin`` is the subject's plug-in name; ``aa_of`` names the
    label of which this is an A/A arm, or is empty. ``estimates`` is keyed by metric name.
    ``operations`` counts measured operations by name, ``curves`` has the response time by name.
    ``invalid_because`` is not empty when the numbers must not be used; reports strike them out.
    ``struck`` has the metrics of which that is true where the others may be used: they have no
    value in ``estimates``. ``drifts`` has, by series (``metric.series_of``), what the
    primary metrics are statistics of.
    """

    sweep: str
    subject: str
    plugin: str
    aa_of: str
    workload: str
    payload: str
    arrival: str
    arrival_text: str
    concurrency: int
    loop: str
    loop_class: str
    loop_kind: str
    durability: Durability
    settings: Mapping[str, str]
    server: str
    status: CellStatus
    reason: str
    invalid_because: str
    trial_ids: tuple[str, ...]
    operations: Mapping[str, int]
    errors: Mapping[str, int]
    error_texts: Mapping[str, str]
    estimates: Mapping[str, Estimate]
    curves: Mapping[str, Curve]
    drifts: Mapping[str, Drift] = field(default_factory=dict)
    struck: Mapping[str, Struck] = field(default_factory=dict)

    @property
    def condition(self) -> tuple[str, str, str, str]:
        """Sweep, workload, payload and arrival: what is the same for every arm of a block."""
        return (self.sweep, self.workload, self.payload, self.arrival)

    @property
    def name(self) -> str:
        """The cell in words that are unique within a run."""
        parts = (self.subject, self.loop, self.workload, self.payload, self.arrival)
        return " · ".join(parts)

    @property
    def failing_share(self) -> float:
        """The share of the cycles due in the windows that failed, were cut off or never started."""
        return self.value(ERRORS.name) or 0.0

    @property
    def failing_because(self) -> str:
        """Say how many of its cycles failed and why most did, where they are too many; else empty.

        Of trials in which none succeeded it says how many they are. Such a cell is compared and
        ranked in nothing that rests on success.
        """
        if self.failing_share <= MOST_FAILING:
            return ""
        of_trials = self.estimates[ERRORS.name].trial_values
        if wholly := sum(share >= 1.0 for share in of_trials):
            share = f"{wholly} of {len(of_trials)} trials: no cycle succeeded"
        else:
            share = f"{100.0 * self.failing_share:.3g} % of its cycles failed"
        if not self.errors:
            return share
        most = max(self.errors, key=self.errors.__getitem__)
        text = " ".join(self.error_texts.get(most, "").split())
        text = text if len(text) <= _REASON_LENGTH else f"{text[: _REASON_LENGTH - 1].rstrip()}…"
        return f"{share} ({most}: {text})" if text else f"{share} ({most})"

    def unusable_because(self, metric: str) -> str:
        """Say why ``metric`` may be compared and ranked with nothing; empty where it may."""
        failing = self.failing_because if rests_on_success(metric) else ""
        _, because = self.told(metric)
        return because or failing

    def unsteady_because(self, metric: str) -> str:
        """Say why ``metric`` is inconclusive: its series drifted in the window. Else empty."""
        series = series_of(metric)
        drift = self.drifts.get(series)
        if drift is None or not drift.is_systematic:
            return ""
        return f"{series} {drift.text}"

    def value(self, metric: str) -> float | None:
        """Return the estimate of ``metric``, or ``None`` where there is none."""
        estimate = self.estimates.get(metric)
        return estimate.value if estimate else None

    def told(self, metric: str) -> tuple[Estimate | None, str]:
        """Return the estimate of ``metric`` to be shown, and why it must not be used if so."""
        struck = self.struck.get(metric)
        if struck:
            return struck.estimate, self.invalid_because or struck.because
        return self.estimates.get(metric), self.invalid_because


CapacityOutcome = Literal[
    "confirmed",
    "not confirmed",
    "below the lowest rate",
    "not estimable",
    "not measured",
    "invalid",
]


@dataclass(frozen=True, slots=True)
class Capacity:
    """The highest rate of a search at which a subject meets the ``objective_ns`` for ``metric``.

    ``rate_per_s`` was picked on ``picked_on`` trials per rate and is ``None`` where no rate meets
    the objective; ``is_highest_tried`` says that the subject may sustain more. ``value``, ``low``
    and ``high`` are the metric at that rate, in ns, over ``estimated_on`` trials that had no part
    in the choice; ``confirmed`` means that most of these meet the objective too.
    """

    sweep: str
    search: str
    subject: str
    workload: str
    payload: str
    loop: str
    durability: Durability
    metric: str
    objective_ns: float
    outcome: CapacityOutcome
    picked_on: int
    rate_per_s: float | None = None
    is_highest_tried: bool = False
    value: float | None = None
    low: float | None = None
    high: float | None = None
    estimated_on: int = 0


ThresholdOutcome = Literal["met", "broken", "not shown", "no data", "invalid"]


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """What one requirement of a threshold says about one cell, which ``cell`` names.

    ``value``, ``low``, ``high`` and ``limit`` are in ``unit``; with a ``baseline`` they are ratios
    to it, inside blocks. ``relation`` stands between value and limit. ``outcome`` is ``not shown``
    where the estimate meets it and what ``confidence`` asks for is lacking; ``reason`` says why it
    is not met or not judged, or what is to be known of a figure that is.
    """

    threshold: int
    requirement: str
    confidence: Confidence
    cell: str
    metric: str
    unit: Unit
    baseline: str
    outcome: ThresholdOutcome
    value: float | None
    low: float | None
    high: float | None
    relation: str
    limit: float
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to distrust a number; ``cells`` are cell names, empty where it is about the run."""

    code: str
    severity: Severity
    message: str
    meaning: str
    remedy: str
    cells: tuple[str, ...]
    trials: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatrixEntry:
    """One subject on one loop, over all conditions: can it run there, and if not, why not.

    ``is_invalid`` says that it ran, and that all numbers of one of its cells are struck out.
    """

    subject: str
    loop: str
    loop_kind: str
    status: CellStatus
    reason: str
    is_invalid: bool = False


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that a report shows of one run.

    ``answer`` is the question's answer, one sentence each. ``subjects`` and ``loops`` give the
    order of rows and columns. ``exit_code`` is what the process should end with. ``false_alarms``
    is ``None`` where no A/A arm was compared. ``checks`` has by label what was checked of each of
    ``subjects``; an empty ``CheckRecord.subject`` means that nothing is recorded.
    """

    run: RunRecord
    question: str
    answer: tuple[str, ...]
    subjects: tuple[str, ...]
    loops: tuple[str, ...]
    subject_texts: Mapping[str, str]
    payload_texts: Mapping[str, str]
    workload_texts: Mapping[str, str]
    arrival_texts: Mapping[str, str]
    trials_recorded: int
    trials_planned: int
    primary_metrics: tuple[str, ...]
    baseline_text: str
    matrix: tuple[MatrixEntry, ...]
    cells: tuple[Cell, ...]
    comparisons: tuple[Comparison, ...]
    findings: tuple[Finding, ...]
    readings: Mapping[str, Reading]
    exit_code: int
    capacities: tuple[Capacity, ...] = ()
    thresholds: tuple[ThresholdResult, ...] = ()
    false_alarms: FalseAlarms | None = None
    checks: Mapping[str, CheckRecord] = field(default_factory=dict)

    def cell_named(self, name: str) -> Cell:
        """Return the cell with that :attr:`Cell.name`."""
        return next(cell for cell in self.cells if cell.name == name)
