"""A cell: what was measured for one subject under one condition on one loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench.analysis.wording import drift_in_words
from bench.printable import cut
from bench.records.trial import TrialRecord
from bench.scenario.durability import Durability
from bench.scenario.limits.limit import SUM
from bench.scenario.metric import (
    ERRORS,
    Metric,
    counts_from_its_call,
    rests_on_success,
    series_of,
)
from bench.scenario.quantity import number
from bench.stats.resampling import Floats
from bench.stats.steadiness import Drift

CellStatus = Literal["measured", "partly", "unsupported", "failed", "missing"]
# Of the cycles due in the windows. What fails more is not fast, whatever the rest took.
MOST_FAILING = 0.01
_REASON_LENGTH = 120
_SERVER = "server."
_FLOOR = "null"
_NOT_SHOWN = {"shown": False}


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
class Thinned:
    """Of ``count`` operations of one name those that are shown, shape (n,) each, in ns.

    In each of equal parts of the window these are the one with the shortest and the one with the
    longest response time, of what ended well and of the rest. ``due`` counts from the beginning of
    the window; ``ended`` has by index how those ended that did not end well.
    """

    count: int
    due: tuple[int, ...]
    wait: tuple[int, ...]
    service: tuple[int, ...]
    ended: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Trace:
    """What happened in the window of one trial, which is ``window_ns`` long.

    ``spans`` has by reading when what it is about happened: start, from the beginning of the
    window, and length, in ns.
    """

    window_ns: int
    operations: Mapping[str, Thinned]
    spans: Mapping[str, tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True)
class OpenFacts:
    """How the open load of a trial went in its window.

    ``planned`` cycles were due by the schedule, ``sampled`` of them left a sample, ``released``
    were handed to the loop before the window ended. ``lag_p99_ns`` is how late, by the generator's
    part of the wait; ``service_p50_ns`` what a cycle took. ``gaps_distance`` is the
    Kolmogorov-Smirnov distance of the gaps between releases from the planned gaps.
    ``backlog_first`` and ``backlog_last`` are the mean numbers of cycles queued or under way in the
    first and the last tenth of the window; where the rate changes by plan the first is scaled to
    that of the last.
    ``backlog_rises``: so do the tenths between (Mann-Kendall).
    """

    planned: int
    sampled: int
    released: int
    lag_p99_ns: float
    service_p50_ns: float
    gaps_distance: float
    backlog_first: float
    backlog_last: float
    backlog_rises: bool


@dataclass(frozen=True, slots=True)
class LoadFacts:
    """How the load of a trial went.

    ``under_way`` is the mean number of cycles under way during the window of ``window_s``;
    ``cycles_finished`` ended well inside it. ``timed_out`` and ``shed`` count cycles of the whole
    trial (operations, where the workload records no cycles). ``samples`` and ``checkpoints`` are
    those that ended, or were stored, inside the window. ``swing`` is the relative amplitude of
    response times that swung, else 0. ``silent_ns`` is the longest time in which no operation
    started or ended, 5 ms too short at most. ``open_load`` is there for open loads.
    """

    window_s: float
    under_way: float
    cycles_finished: int
    timed_out: int
    shed: int
    samples: int = 0
    checkpoints: int = 0
    swing: float = 0.0
    silent_ns: int = 0
    open_load: OpenFacts | None = None


@dataclass(frozen=True, slots=True)
class Blocks:
    """What the trials of a cell gave, block by block: what comparisons are made from.

    A block is named by its repetition, so two cells are paired by it. ``planned`` counts the trials
    that there should be. ``values`` has metric → block → value; ``lower_bounds`` names the metrics
    that are lower bounds in some trial. ``replicates`` has tail quantile → block → what resampling
    its trial gives, shape (replicates,). ``ended`` has block → the stage in which a trial
    ended that has no measurement. ``is_open``: under an open load. ``trials`` has block → id.
    """

    planned: int = 0
    values: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    lower_bounds: frozenset[str] = frozenset()
    replicates: Mapping[str, Mapping[int, Floats]] = field(default_factory=dict, compare=False)
    ended: Mapping[int, str] = field(default_factory=dict)
    is_open: bool = False
    trials: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """What was measured for one subject under one condition on one loop, over all its trials.

    Labels are those of the scenario. ``plugin`` is the subject's plug-in name; ``aa_of`` names the
    label of which this is an A/A arm, or is empty. ``estimates`` is keyed by metric name.
    ``operations`` counts measured operations by name, ``curves`` has the response time by name.
    ``invalid_because`` is not empty when the numbers must not be used; reports strike them out.
    ``struck`` has the metrics of which that is true where the others may be used: they have no
    value in ``estimates``. ``drifts`` has, by series (``metric.series_of``), what the
    primary metrics are statistics of, ``beginnings`` what ``TrialSummary.beginnings`` has of each
    trial, ``since_beginning`` what that amounts to. ``traces`` has by trial what happened in it,
    ``load`` how its load went; ``records`` are its trials in the plan's order, and ``blocks`` is
    the evidence behind all of it.
    """

    sweep: str
    subject: str
    plugin: str = ""
    aa_of: str = ""
    workload: str = ""
    payload: str = ""
    arrival: str = ""
    arrival_text: str = ""
    concurrency: int = 0
    loop: str = ""
    loop_class: str = ""
    loop_kind: str = ""
    durability: Durability = Durability.UNKNOWN
    settings: Mapping[str, str] = field(default_factory=dict)
    server: str = ""
    status: CellStatus = "measured"
    reason: str = ""
    invalid_because: str = ""
    trial_ids: tuple[str, ...] = ()
    operations: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    error_texts: Mapping[str, str] = field(default_factory=dict)
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    drifts: Mapping[str, Drift] = field(default_factory=dict)
    struck: Mapping[str, Struck] = field(default_factory=dict)
    payload_text: str = ""
    traces: Mapping[str, Trace] = field(default_factory=dict)
    blocks: Blocks = field(default_factory=Blocks, metadata=_NOT_SHOWN)
    records: tuple[TrialRecord, ...] = field(default=(), metadata=_NOT_SHOWN)
    load: Mapping[str, LoadFacts] = field(default_factory=dict, metadata=_NOT_SHOWN)
    beginnings: Mapping[str, Sequence[float]] = field(default_factory=dict, metadata=_NOT_SHOWN)
    since_beginning: Mapping[str, Drift] = field(default_factory=dict, metadata=_NOT_SHOWN)

    @property
    def measured(self) -> tuple[TrialRecord, ...]:
        """The records of the trials that can be analysed."""
        return tuple(record for record in self.records if record.is_measured)

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
    def place(self) -> tuple[str, ...]:
        """Condition and loop: where subjects are put side by side."""
        return (*self.condition, self.loop)

    @property
    def ran(self) -> bool:
        """Whether some of its trials were measured."""
        return self.status in ("measured", "partly")

    @property
    def open_load(self) -> list[OpenFacts]:
        """How the load of each trial went, where it is an open one."""
        return [facts.open_load for facts in self.load.values() if facts.open_load is not None]

    def promises_as(self, other: Cell) -> bool:
        """Tell whether both are known to promise the same about what survives a crash."""
        return self.durability == other.durability != Durability.UNKNOWN

    @property
    def is_floor(self) -> bool:
        """Whether its subject does nothing: it shows the floor of measuring alone."""
        return self.plugin == _FLOOR

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
            share = f"{number(100.0 * self.failing_share)} % of its cycles failed"
        if not self.errors:
            return share
        most = max(self.errors, key=self.errors.__getitem__)
        text = " ".join(self.error_texts.get(most, "").split())
        text = cut(text, _REASON_LENGTH)
        return f"{share} ({most}: {text})" if text else f"{share} ({most})"

    def parts_of(self, metric: str) -> tuple[str, ...]:
        """Return what ``metric`` is the sum of here: without a server, not what a server takes."""
        parts = metric.split(SUM)
        return tuple(part for part in parts if self.server or not part.startswith(_SERVER))

    def by_block(self, metric: str, per: str = "") -> Mapping[int, float]:
        """Return block → value of ``metric``, which may be a sum, divided by that of ``per``.

        Of a store without a server what a server takes is 0. Blocks in which a part lacks are left
        out. Empty where so many cycles failed that the values say little, where a part is a lower
        bound, which bounds no sum or ratio, or counted from calls that a stalled open load never
        made.
        """
        parts = self.parts_of(metric)
        names = (*parts, per) if per else parts
        values = self.blocks.values
        if any(map(self._says_nothing, (metric, *names))):
            return {}
        return {
            block: sum(values[part][block] for part in parts) / divisor
            for block in sorted({block for found in values.values() for block in found})
            if all(block in values.get(name, {}) for name in names)
            and (divisor := values[per][block] if per else 1.0) > 0.0
        }

    def _says_nothing(self, name: str) -> bool:
        """Tell whether no value by block of ``name`` may be looked at."""
        is_of_call = self.blocks.is_open and counts_from_its_call(name)
        return is_of_call or name in self.blocks.lower_bounds or bool(self.fails_for(name))

    def fails_for(self, metric: str) -> str:
        """Say why too many cycles failed for ``metric``, a sum or not; empty where they did not."""
        rests = any(map(rests_on_success, metric.split(SUM)))
        return self.failing_because if rests else ""

    def unusable_because(self, metric: str) -> str:
        """Say why ``metric`` may be compared and ranked with nothing; empty where it may."""
        struck = (self.told(part)[1] for part in metric.split(SUM))
        return next(filter(None, struck), "") or self.fails_for(metric)

    def unsteady_because(self, metric: str) -> str:
        """Say why ``metric``, a sum or not, is inconclusive: a series drifted in the window."""
        drifting = (
            f"{series} {drift_in_words(drift)}"
            for series in dict.fromkeys(map(series_of, metric.split(SUM)))
            if (drift := self.drifts.get(series)) is not None and drift.is_systematic
        )
        return "; ".join(drifting)

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


def by_place(cells: Iterable[Cell]) -> dict[tuple[str, ...], Cell]:
    """Return ``cells`` by subject and place; what is measured side by side differs in the first."""
    return {(cell.subject, *cell.place): cell for cell in cells}
