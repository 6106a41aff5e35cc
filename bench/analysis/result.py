"""The result of an analysis: everything that any report shows, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Literal

from bench.analysis.cell import Cell, CellStatus
from bench.analysis.faults.cells import FaultCell
from bench.analysis.wording import Answer
from bench.errors import EXIT_PASS
from bench.records.check import CheckRecord
from bench.records.run import RunRecord
from bench.records.trial import Reading, TrialRecord
from bench.scenario.durability import Durability
from bench.scenario.metric import Metric, Unit
from bench.scenario.scenario import Confidence, Scenario
from bench.stats.effects import Effect, side_of_one
from bench.stats.multiplicity import LEVEL, p_among

_NOT_SHOWN = {"shown": False}

Severity = Literal["invalid", "warning", "note"]

ComparisonOutcome = Literal["better", "worse", "equivalent", "suggestive", "unresolved"]
Adjustment = Literal["", "Holm", "Benjamini–Hochberg"]
# What speaks against calling a ratio a difference, in the order in which it is told.
Reason = Literal[
    "durability", "blocks", "unsteady", "interval", "noise", "many comparisons", "tail"
]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Candidate against baseline inside blocks: a metric's ratio, and what speaks against it.

    ``effect`` is candidate ÷ baseline over those of the ``blocks_planned`` in which both cells have
    a value: ``ratios``, by block. ``noise_factor`` (≥ 1) is how far the run's A/A arms depart from
    themselves in this metric, 1 without any. ``family`` names what it is read with, empty where it
    is only explored; ``adjusted_p`` allows for the ``family_size`` comparisons of that, and
    ``level`` is what its own p-value must not exceed for that. ``tail_low`` and ``tail_high`` are
    the interval of a tail quantile's ratio that resamples the operations inside trials too.
    ``unsteady`` says what drifted on either side.

    ``reasons`` has everything that speaks against a difference; who heeds which is in
    ``bench.analysis.comparison.HEEDED``. ``outcome`` is that of the report and about the candidate;
    ``equivalent``: shown to depart from 1 by less than the share ``smallest_effect``, even where it
    differs; ``suggestive``: it would be a difference if it were not one of many comparisons. Fewer
    than three blocks leave it ``unresolved``. ``cause`` is the first of the reasons that keep it
    ``unresolved`` or ``suggestive``.
    """

    metric: Metric
    candidate_cell: Cell
    baseline_cell: Cell
    effect: Effect
    ratios: Mapping[int, float]
    noise_factor: float = 1.0
    smallest_effect: float = 0.1
    family: str = ""
    unsteady: str = ""
    tail_low: float | None = None
    tail_high: float | None = None
    level: float = LEVEL
    adjusted_p: float | None = None
    adjustment: Adjustment = ""
    family_size: int = 0
    reasons: tuple[Reason, ...] = ()
    outcome: ComparisonOutcome = "unresolved"
    cause: Reason | Literal[""] = ""

    @property
    def cells(self) -> tuple[Cell, Cell]:
        """Candidate and baseline."""
        return self.candidate_cell, self.baseline_cell

    @property
    def axis(self) -> Literal["subject", "loop"]:
        """Whether one subject is compared on two loops, or two subjects."""
        (one, other) = self.cells
        return "loop" if one.loop != other.loop and one.subject == other.subject else "subject"

    @property
    def candidate(self) -> str:
        """The candidate's label on the axis."""
        return self.loop if self.axis == "loop" else self.subject

    @property
    def baseline(self) -> str:
        """The baseline's label on the axis."""
        return self.baseline_cell.loop if self.axis == "loop" else self.baseline_cell.subject

    @property
    def condition(self) -> tuple[str, str, str, str]:
        """The condition of the candidate."""
        return self.candidate_cell.condition

    @property
    def loop(self) -> str:
        """The loop of the candidate."""
        return self.candidate_cell.loop

    @property
    def subject(self) -> str:
        """The label of the candidate's subject."""
        return self.candidate_cell.subject

    @property
    def blocks_planned(self) -> int:
        """How many blocks were planned for both sides."""
        return min(cell.blocks.planned for cell in self.cells)

    @property
    def same_durability(self) -> bool:
        """Whether both sides are known to promise the same."""
        return self.candidate_cell.promises_as(self.baseline_cell)

    @property
    def is_aa(self) -> bool:
        """Whether the candidate repeats the baseline."""
        is_repeated = self.candidate_cell.aa_of == self.baseline_cell.subject
        return is_repeated and self.axis == "subject"

    @property
    def p_value(self) -> float | None:
        """The p-value, two-sided for a ratio of 1, that ``adjusted_p`` is made from."""
        exact, student = self.effect.p_value, self.effect.student_p
        if exact is None or student is None:
            return exact
        return p_among(exact, student, self.effect.blocks, self.family_size)

    @property
    def lacks_blocks(self) -> bool:
        """Whether some of the planned blocks gave no ratio."""
        return self.effect.blocks < self.blocks_planned

    @property
    def tail_disagrees(self) -> bool:
        """Whether resampling operations answers otherwise than the interval over blocks."""
        if self.effect.low is None or self.tail_low is None:
            return False
        return self.effect.side() != side_of_one(self.tail_low, self.tail_high)

    @property
    def is_proven(self) -> bool:
        """Whether it shows a difference, or that there is none of interest."""
        return self.outcome in ("better", "worse", "equivalent")

    def shown(self) -> dict[str, object]:
        """Return what programs read of it, by the names of :data:`SHOWN_OF_COMPARISON`."""
        return {name: attrgetter(path)(self) for name, path in SHOWN_OF_COMPARISON.items()}


# Where it is, by its name in analysis.json and comparisons.csv.
_OF_CONTEXT = ("metric", "axis", "baseline", "candidate", "condition", "loop", "subject")
_OF_EFFECT = ("ratio", "low", "high", "confidence", "blocks", "method")
_OF_RULE = ("outcome", "same_durability", "is_aa", "blocks_planned", "noise_factor")
_OF_FAMILY = (
    *("p_value", "adjusted_p", "adjustment", "family", "family_size"),
    *("tail_low", "tail_high"),
)
SHOWN_OF_COMPARISON: Mapping[str, str] = {
    **{name: name for name in _OF_CONTEXT},
    **{name: f"effect.{name}" for name in _OF_EFFECT},
    **{name: name for name in _OF_RULE},
    "reason": "unsteady",
    **{name: name for name in ("cause", "smallest_effect", "ratios")},
    "detectable_factor": "effect.detectable_factor",
    **{name: name for name in _OF_FAMILY},
}


# More A/A ratios that exclude 1 than chance gives in one of twenty runs.
_UNLIKELY_BY_CHANCE = 0.05


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """How many A/A ratios of the primary metrics exclude 1, of all that have an interval.

    There is no difference to find, so each is a false alarm; ``by_chance`` is the share that there
    should be. ``p_value`` is the probability of so many or more, were the ratios independent.
    """

    compared: int
    different: int
    by_chance: float
    p_value: float

    @property
    def share(self) -> float:
        """The share of the ratios that exclude 1."""
        return self.different / self.compared

    @property
    def is_unlikely(self) -> bool:
        """Whether they are more than chance explains."""
        # A single ratio has exactly this probability, up to rounding.
        return self.p_value <= _UNLIKELY_BY_CHANCE + 1e-9


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
    """The highest rate of a search at which a subject meets the ``objective`` for ``metric``.

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
    objective: str
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

    ``value``, ``low``, ``high`` and the numbers of ``bounds``, each behind its relation, are in
    ``unit``; with a ``baseline`` they are ratios to it, inside blocks. ``outcome`` is ``not shown``
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
    bounds: tuple[tuple[str, float], ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to distrust a number; ``cells`` are cell names, empty where it is about the run."""

    code: str
    severity: Severity
    message: str
    meaning: str
    advice: str
    cells: tuple[str, ...]
    trials: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatrixEntry:
    """One subject on one loop, over all conditions: can it run there, and if not, why not.

    ``is_invalid`` says that it ran, and that all numbers of one of its cells are excluded.
    """

    subject: str
    loop: str
    loop_kind: str
    status: CellStatus
    reason: str
    is_invalid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Everything that a report shows of one run.

    ``subjects`` and ``loops`` give the order of rows and columns, ``exit_code`` what the process
    should end with; ``false_alarms`` is ``None`` without an A/A arm. ``checks`` has by label what
    was checked of ``subjects``; an empty ``CheckRecord.subject``: nothing is recorded. ``faults``
    are the cells that were broken on purpose; they are in nothing else, nor in ``scenario``.
    ``records`` has all trials, and ``damaged`` says by id why one could not be read.
    """

    run: RunRecord
    scenario: Scenario = field(metadata=_NOT_SHOWN)
    question: str
    answer: Answer = field(default_factory=Answer)
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
    matrix: tuple[MatrixEntry, ...] = ()
    cells: tuple[Cell, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    findings: tuple[Finding, ...] = ()
    readings: Mapping[str, Reading]
    exit_code: int = EXIT_PASS
    smallest_effect: float = 0.1
    capacities: tuple[Capacity, ...] = ()
    thresholds: tuple[ThresholdResult, ...] = ()
    false_alarms: FalseAlarms | None = None
    checks: Mapping[str, CheckRecord] = field(default_factory=dict)
    faults: tuple[FaultCell, ...] = ()
    records: tuple[TrialRecord, ...] = field(default=(), metadata=_NOT_SHOWN)
    damaged: Mapping[str, str] = field(default_factory=dict, metadata=_NOT_SHOWN)

    @property
    def measured(self) -> tuple[Cell, ...]:
        """The cells with at least one measured trial."""
        return tuple(cell for cell in self.cells if cell.measured)

    @property
    def planned(self) -> int:
        """How many trials the cells should have."""
        return sum(cell.blocks.planned for cell in self.cells)

    def invalid_because(self, cell: Cell) -> str:
        """Say why the numbers of ``cell`` must not be used; empty where they may."""
        if cell.invalid_because:
            return f"{cell.name}: {cell.invalid_because}"
        return self.invalid_by_finding(cell)

    def invalid_by_finding(self, cell: Cell) -> str:
        """Name the finding that makes ``cell``, or the whole run, invalid; empty without one."""
        for finding in self.findings:
            if finding.severity == "invalid" and (not finding.cells or cell.name in finding.cells):
                return f"{finding.code}: {finding.message}"
        return ""

    def doubts(self, cells: Sequence[Cell]) -> tuple[str, ...]:
        """Return the codes of the warnings that name one of ``cells``."""
        names = {cell.name for cell in cells}
        warnings = (each for each in self.findings if each.severity == "warning")
        return tuple(dict.fromkeys(each.code for each in warnings if names & {*each.cells}))
