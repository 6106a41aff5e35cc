"""What is measured: every metric is declared here, once, with how it is made.

- A statistic of the times of an operation, ``operation.time.statistic`` as ``put.response.p99``:
  any of :data:`STATISTICS` of any of :data:`TIMES`. One more statistic is one more entry.
- What is declared on its own, as ``throughput``: an entry of :data:`METRICS`.
- What a probe reads, as ``worker.rss_peak``: the probe says what it is.

Whoever lists, makes, combines, compares or names metrics asks these; ``bench.analysis.estimation``
combines what ``bench.analysis.trial_summary`` makes of each trial.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from bench.errors import InputError, nearest
from bench.scenario.interface import INTERFACES

Better = Literal["lower", "higher", "neither"]
Unit = Literal["ns", "bytes", "per_s", "count", "ratio"]
# How the values of trials become one. The geometric mean suits what is never 0; what is 0 in one
# cell and not in the next, or falls below, has the arithmetic one everywhere.
Combined = Literal["geometric", "arithmetic"]

# The cycle is one pass of a workload; the others are the operations of the interfaces.
WRITE_OPERATION = "put"
READ_OPERATION = "get_tuple"
CYCLE = "cycle"
SAVER_OPERATIONS = tuple(
    dict.fromkeys(name for each in INTERFACES for name in each.operations.values())
)
# Stands for all operations of the saver together, in the names of means.
ANY_SAVER_OPERATION = "saver"
# What was due before the window is no measurement; it is told apart, under this name.
WARMUP = "warmup"
# Readings that every trial has.
CLOSING = "close.duration"
WARM_UP = "warm_up.share"
_STORED = "stored."
# What is counted exactly, per operation of a saver (``put.statements``): chance has no part in it.
COUNTED = {
    "statements": "statements or commands that were handed to the driver",
    "round_trips": "exchanges with the server that were waited for, one after the other",
    "commits": "transactions that were committed by a call of their own",
    "lock_acquisitions": "times that the saver's own lock was asked for",
}
ROUND_TRIPS = "round_trips"
LOCK_ACQUISITIONS = "lock_acquisitions"


@dataclass(frozen=True, slots=True)
class Metric:
    """A dotted ``name`` such as ``put.response.p99``, its ``unit``, and which way is ``better``."""

    name: str
    unit: Unit
    better: Better
    description: str


@dataclass(frozen=True, slots=True)
class Time:
    """A time of an operation, in ns: of those in ``operations``, or of every one (empty).

    ``part_of`` names the time that it is a part of. ``counts_from_due``: from when the operation
    was due, which for one of the saver's is when it was called.
    """

    name: str
    meaning: str
    combined: Combined = "arithmetic"
    operations: tuple[str, ...] = ()
    part_of: str = ""
    counts_from_due: bool = False


TIMES = {
    time.name: time
    for time in (
        Time(
            "response",
            "from when it was due until it finished: what a caller feels",
            "geometric",
            counts_from_due=True,
        ),
        Time(
            "service",
            "from when it started until it finished: what the saver takes",
            "geometric",
        ),
        Time(
            "wait",
            "from when it was due until it started: time spent blocked or queued before the saver",
            counts_from_due=True,
        ),
        # Under an open load: whose fault it was that a cycle started late.
        Time(
            "queueing",
            "waiting since all places were taken: the saver's part of the wait",
            operations=(CYCLE,),
            part_of="wait",
        ),
        Time(
            "lag",
            "the rest of the wait, until the loop came to it: the generator's, or of whoever held "
            "the loop",
            operations=(CYCLE,),
            part_of="wait",
        ),
        Time(
            "lock_wait",
            "waiting for the saver's own lock, a part of the service time",
            operations=SAVER_OPERATIONS,
            part_of="service",
        ),
        Time(
            "pool_wait",
            "waiting for a connection of the pool, a part of the service time",
            operations=SAVER_OPERATIONS,
            part_of="service",
        ),
    )
}
WAIT_PARTS = tuple(name for name, time in TIMES.items() if time.part_of == "wait")
_SERVICE_PARTS = tuple(name for name, time in TIMES.items() if time.part_of == "service")
_OTHER_TIMES = tuple(name for name in TIMES if name not in _SERVICE_PARTS)


@dataclass(frozen=True, slots=True)
class Statistic:
    """What is told of each of ``times``: a ``quantile``, or without one the mean.

    The mean leaves out the share ``trimmed`` at either end, and is told of a trial with
    ``needed`` operations or more; a quantile needs as many as bound it
    (``bench.stats.quantiles.operations_needed``).
    """

    name: str
    quantile: float | None = None
    trimmed: float = 0.0
    needed: int = 1
    times: tuple[str, ...] = _OTHER_TIMES

    @property
    def is_tail(self) -> bool:
        """Whether few operations of a trial decide it: it is a quantile above the median."""
        return self.quantile is not None and self.quantile > 0.5


STATISTICS = {
    statistic.name: statistic
    for statistic in (
        Statistic("mean", times=_SERVICE_PARTS),
        Statistic("p50", quantile=0.50),
        Statistic("p90", quantile=0.90),
        Statistic("p99", quantile=0.99, times=tuple(TIMES)),
    )
}


class TimeName(NamedTuple):
    """What the name of a statistic of times says."""

    operation: str
    time: Time
    statistic: Statistic


def times_of(operation: str) -> list[Time]:
    """Return the times that ``operation`` can have."""
    return [t for t in TIMES.values() if not t.operations or operation in t.operations]


def statistics_of(time: Time) -> list[Statistic]:
    """Return the statistics that are told of a time."""
    return [statistic for statistic in STATISTICS.values() if time.name in statistic.times]


def time_metric(operation: str, time: str, statistic: str) -> Metric:
    """Return the metric of one time of one operation, e.g. ``("put", "response", "p50")``."""
    of = "any saver operation" if operation == ANY_SAVER_OPERATION else operation
    description = f"{statistic} of the {time} time of {of}: {TIMES[time].meaning}"
    return Metric(f"{operation}.{time}.{statistic}", "ns", "lower", description)


def time_name(name: str) -> TimeName | None:
    """Read the name of a statistic of times; ``None`` where it is another metric."""
    series, _, last = name.rpartition(".")
    operation, _, middle = series.rpartition(".")
    time, statistic = TIMES.get(middle), STATISTICS.get(last)
    if not operation or name in METRICS or time is None or statistic is None:
        return None
    is_told = time in times_of(operation) and statistic in statistics_of(time)
    return TimeName(operation, time, statistic) if is_told else None


class MeasuredTrial(Protocol):
    """The samples of one trial, as metrics are made of them; ``None`` is what they cannot say."""

    def rate_per_s(self, *operations: str) -> float:
        """Return how many of ``operations`` finished well per second of the window."""

    def failed_share(self) -> float | None:
        """Return the share of what was due in the window that failed or never started."""

    def mean_ns(self, time: str, *operations: str) -> float | None:
        """Return the mean of a time of all ``operations`` together."""

    def growth_ns(self, operation: str) -> float | None:
        """Return by how much the response time grows with every 1000 of ``operation``."""

    def count_before_window(self, *operations: str) -> float | None:
        """Return how many of ``operations`` were due from the first cycle to the window."""

    def median_before_window_ns(self, operation: str) -> float | None:
        """Return the median response time of those."""


@dataclass(frozen=True, slots=True)
class DeclaredMetric:
    """A metric that is declared on its own: ``of`` makes it of a trial.

    It is made of ``operations``, of ``needed`` of them or more; empty stands for whatever was done.
    Where they occurred and it has no value that is told, unless ``if_known``. A rate can drift.
    ``counts_from_call`` and ``rests_on_success`` are what the functions of like names tell.
    """

    metric: Metric
    of: Callable[[MeasuredTrial], float | None]
    combined: Combined = "arithmetic"
    operations: tuple[str, ...] = ()
    needed: int = 1
    if_known: bool = False
    is_rate: bool = False
    counts_from_call: bool = False
    rests_on_success: bool = True


THROUGHPUT = Metric("throughput", "per_s", "higher", "cycles that finished per second")
OPERATION_RATE = Metric(
    "operation_rate", "per_s", "higher", "saver operations that finished per second"
)
ERRORS = Metric(
    "errors", "ratio", "lower", "share of the cycles that failed, timed out or never started"
)
RESPONSE_GROWTH = Metric(
    f"{WRITE_OPERATION}.response.growth",
    "ns",
    "lower",
    "by how much the response time of put grows with every 1000 checkpoints stored "
    "(Theil-Sen slope over the window)",
)
# Ten medians of five: fewer say little of a slope.
GROWTH_NEEDS = 50


def _rate(metric: Metric, *operations: str) -> DeclaredMetric:
    return DeclaredMetric(
        metric, lambda trial: trial.rate_per_s(*operations), "geometric", operations, is_rate=True
    )


def _mean_of_all(time: str) -> DeclaredMetric:
    """Declare the mean of a time over all saver operations: parts of it add up."""
    return DeclaredMetric(
        time_metric(ANY_SAVER_OPERATION, time, "mean"),
        lambda trial: trial.mean_ns(time, *SAVER_OPERATIONS),
        operations=SAVER_OPERATIONS,
    )


def _warmup_median(operation: str) -> DeclaredMetric:
    return DeclaredMetric(
        Metric(
            f"{WARMUP}.{operation}.response.p50",
            "ns",
            "neither",
            f"p50 of the response time of {operation}, of what was due before the window",
        ),
        lambda trial: trial.median_before_window_ns(operation),
        operations=(operation,),
        if_known=True,
    )


METRICS = {
    declared.metric.name: declared
    for declared in (
        *(_mean_of_all(time) for time in ("service", "wait", "lock_wait", "pool_wait")),
        _rate(THROUGHPUT, CYCLE),
        _rate(OPERATION_RATE, *SAVER_OPERATIONS),
        DeclaredMetric(ERRORS, lambda trial: trial.failed_share(), rests_on_success=False),
        DeclaredMetric(
            RESPONSE_GROWTH,
            lambda trial: trial.growth_ns(WRITE_OPERATION),
            operations=(WRITE_OPERATION,),
            needed=GROWTH_NEEDS,
            counts_from_call=True,
        ),
        DeclaredMetric(
            Metric(
                f"{WARMUP}.operations",
                "count",
                "neither",
                "saver operations that were due before the window",
            ),
            lambda trial: trial.count_before_window(*SAVER_OPERATIONS),
            if_known=True,
        ),
        *(_warmup_median(operation) for operation in (WRITE_OPERATION, READ_OPERATION, CYCLE)),
    )
}


def counted_name(operation: str, what: str) -> str:
    """Return the name of the reading, e.g. ``put.statements``."""
    return f"{operation}.{what}"


def counts_from_its_call(name: str) -> bool:
    """Tell whether ``name`` is a time of a saver operation that counts from when it was called.

    In a closed load that is when it was due; in an open one only its cycle has a planned time.
    """
    if name in METRICS:
        return METRICS[name].counts_from_call
    of = time_name(name)
    return of is not None and of.time.counts_from_due and of.operation in SAVER_OPERATIONS


def rests_on_success(name: str) -> bool:
    """Tell whether ``name`` says little where many cycles failed.

    So do all times, rates, and what was used meanwhile: what failed did less. The share that
    failed, exact counts per operation and bytes stored say what they say.
    """
    if name in METRICS:
        return METRICS[name].rests_on_success
    return not (name.rpartition(".")[2] in COUNTED or name.startswith(_STORED))


def series_of(name: str) -> str:
    """Return of which series of a trial ``name`` is a statistic; empty where it is of none.

    ``put.response`` of ``put.response.p99``; a rate is its own.
    """
    if name in METRICS:
        return name if METRICS[name].is_rate else ""
    of = time_name(name)
    return f"{of.operation}.{of.time.name}" if of is not None and not of.time.part_of else ""


def operations_of(name: str) -> tuple[str, ...]:
    """Return the operations that a metric is made of; empty where it is about all that was done."""
    if name in METRICS:
        return METRICS[name].operations
    if of := time_name(name):
        return (of.operation,)
    operation, _, what = name.rpartition(".")
    return (operation,) if what in COUNTED else ()


def unit_of(name: str) -> Unit | None:
    """Return the unit of a metric, or ``None`` of a probe's reading, which tells its own."""
    if name in METRICS:
        return METRICS[name].metric.unit
    return "ns" if time_name(name) else None


def metric_names(marks: Iterable[str] = (), readings: Iterable[str] = ()) -> tuple[str, ...]:
    """List every name that a metric can have.

    ``marks`` are the instants that the workloads mark inside a cycle, ``readings`` the names of
    what the probes read.
    """
    operations = (*SAVER_OPERATIONS, CYCLE, *marks)
    times = (
        time_metric(operation, time.name, statistic.name).name
        for operation in operations
        for time in times_of(operation)
        for statistic in statistics_of(time)
    )
    return (*times, *METRICS, *readings)


def check_metrics(
    names: Iterable[str],
    place: str,
    marks: Collection[str] = (),
    readings: Collection[str] = (),
) -> None:
    """Check that each of ``names`` can be a metric; ``place`` is the file and key they stand in.

    ``marks`` and ``readings`` are as for :func:`metric_names`.

    Raises:
        InputError: one cannot; the text says what was expected and the nearest valid name.
    """
    valid = metric_names(marks, readings)
    unknown = [name for name in names if name not in valid]
    if not unknown:
        return
    whole = [time.name for time in TIMES.values() if not time.part_of]
    statistics = [s.name for s in STATISTICS.values() if set(whole) <= set(s.times)]
    alone = [name for name, each in METRICS.items() if not each.if_known]
    expected = (
        "Expected <operation>.<time>.<statistic> "
        f"(operation: {', '.join((*SAVER_OPERATIONS, CYCLE, *marks))}; "
        f"time: {', '.join(whole)}; statistic: {', '.join(statistics)}), "
        f"{CYCLE}.<{' | '.join(WAIT_PARTS)}>.<statistic> of an open load, {', '.join(alone)}, "
        f"or a reading of the scenario's probes ({', '.join(readings) or 'they declare none'})."
    )
    lines = [
        f"{place}: {name!r} is no metric.{nearest(name, valid)} {expected}" for name in unknown
    ]
    raise InputError("\n".join(lines))
