"""What is measured, in which unit, and which way is better."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from bench.errors import InputError, nearest
from bench.scenario.counted import COUNTED

Better = Literal["lower", "higher", "neither"]
Unit = Literal["ns", "bytes", "per_s", "count", "ratio"]

TIMES = {
    "response": "from when it was due until it finished: what a caller feels",
    "service": "from when it started until it finished: what the saver takes",
    "wait": "from when it was due until it started: time spent blocked or queued before the saver",
}
# Parts of the service time of a saver operation.
SERVICE_PARTS = {
    "lock_wait": "waiting for the saver's own lock, a part of the service time",
    "pool_wait": "waiting for a connection of the pool, a part of the service time",
}
# Parts of the wait of a cycle under an open load: whose fault it was that it started late.
WAIT_PARTS = {
    "queueing": "waiting since all places were taken: the saver's part of the wait",
    "lag": "the rest of the wait, until the loop came to it: the generator's, or of whoever held "
    "the loop",
}
QUANTILES = {"p50": 0.50, "p90": 0.90, "p99": 0.99}

# The cycle is one pass of a workload; the other names are those of LangGraph's conformance suite.
WRITE_OPERATION = "put"
READ_OPERATION = "get_tuple"
CYCLE = "cycle"
# Readings that every trial has.
CLOSING = "close.duration"
WARM_UP = "warm_up.share"
SAVER_OPERATIONS = (WRITE_OPERATION, "put_writes", READ_OPERATION, "list", "delete_thread")
# Stands for all operations of the saver together, in the names of means.
ANY_SAVER_OPERATION = "saver"
SAVER_MEANS = ("service", "wait", "lock_wait", "pool_wait")
# What was due before the window is no measurement; it is told apart, under this name.
WARMUP = "warmup"
WARMUP_TOLD = (WRITE_OPERATION, READ_OPERATION, CYCLE)


@dataclass(frozen=True, slots=True)
class Metric:
    """A dotted ``name`` such as ``put.response.p99``, its ``unit``, and which way is ``better``."""

    name: str
    unit: Unit
    better: Better
    description: str


def time_metric(operation: str, time: str, statistic: str) -> Metric:
    """Return the metric of one time of one operation, e.g. ``("put", "response", "p50")``."""
    subject = "any saver operation" if operation == ANY_SAVER_OPERATION else operation
    meaning = {**TIMES, **SERVICE_PARTS, **WAIT_PARTS}.get(time, time)
    return Metric(
        name=f"{operation}.{time}.{statistic}",
        unit="ns",
        better="lower",
        description=f"{statistic} of the {time} time of {subject}: {meaning}",
    )


THROUGHPUT = Metric("throughput", "per_s", "higher", "cycles that finished per second")
OPERATION_RATE = Metric(
    "operation_rate", "per_s", "higher", "saver operations that finished per second"
)
ERRORS = Metric(
    "errors", "ratio", "lower", "share of the cycles that failed, timed out or never started"
)

_STORED = "stored."

WARMUP_OPERATIONS = Metric(
    f"{WARMUP}.operations", "count", "neither", "saver operations that were due before the window"
)
RESPONSE_GROWTH = Metric(
    f"{WRITE_OPERATION}.response.growth",
    "ns",
    "lower",
    "by how much the response time of put grows with every 1000 checkpoints stored "
    "(Theil-Sen slope over the window)",
)


def warmup_metric(operation: str) -> Metric:
    """Return the metric of the median response time of ``operation`` before the window."""
    description = f"p50 of the response time of {operation}, of what was due before the window"
    return Metric(f"{WARMUP}.{operation}.response.p50", "ns", "neither", description)


def counts_from_its_call(name: str) -> bool:
    """Tell whether ``name`` is a time of a saver operation that counts from when it was called.

    In a closed load that is when it was due; in an open one only its cycle has a planned time.
    """
    operation, _, rest = name.partition(".")
    return operation in SAVER_OPERATIONS and rest.startswith(("response.", "wait."))


def rests_on_success(name: str) -> bool:
    """Tell whether ``name`` says little where many cycles failed.

    So do all times, rates, and what was used meanwhile: what failed did less. The share that
    failed, exact counts per operation and bytes stored say what they say.
    """
    is_count = name.rpartition(".")[2] in COUNTED
    return not (name == ERRORS.name or is_count or name.startswith(_STORED))


def series_of(name: str) -> str:
    """Return of which series of a trial ``name`` is a statistic; empty where it is of none.

    ``put.response`` of ``put.response.p99``; a rate is its own.
    """
    if name in (THROUGHPUT.name, OPERATION_RATE.name):
        return name
    series, _, statistic = name.rpartition(".")
    is_time = statistic in QUANTILES and series.rpartition(".")[2] in TIMES
    return series if is_time and not name.startswith(f"{WARMUP}.") else ""


def metric_names(marks: Iterable[str] = (), readings: Iterable[str] = ()) -> tuple[str, ...]:
    """List every name that a metric can have.

    ``marks`` are the instants that the workloads mark inside a cycle, ``readings`` the names of
    what the probes read.
    """
    operations = (*SAVER_OPERATIONS, CYCLE, *marks)
    of_times = [f"{o}.{time}.{q}" for o in operations for time in TIMES for q in QUANTILES]
    of_parts = [
        f"{operation}.{part}.{statistic}"
        for operation in SAVER_OPERATIONS
        for part in SERVICE_PARTS
        for statistic in ("mean", "p99")
    ]
    of_parts += [f"{CYCLE}.{part}.{statistic}" for part in WAIT_PARTS for statistic in QUANTILES]
    of_all = [f"{ANY_SAVER_OPERATION}.{time}.mean" for time in SAVER_MEANS]
    warm = [warmup_metric(operation).name for operation in WARMUP_TOLD]
    others = (THROUGHPUT, OPERATION_RATE, ERRORS, RESPONSE_GROWTH, WARMUP_OPERATIONS)
    return (*of_times, *of_parts, *of_all, *warm, *(metric.name for metric in others), *readings)


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
    expected = (
        "Expected <operation>.<time>.<statistic> "
        f"(operation: {', '.join((*SAVER_OPERATIONS, CYCLE, *marks))}; "
        f"time: {', '.join(TIMES)}; statistic: {', '.join(QUANTILES)}), "
        f"{CYCLE}.<{' | '.join(WAIT_PARTS)}>.<statistic> of an open load, "
        f"{THROUGHPUT.name}, {OPERATION_RATE.name}, {ERRORS.name}, {RESPONSE_GROWTH.name}, "
        f"{ANY_SAVER_OPERATION}.<{' | '.join(SAVER_MEANS)}>.mean, "
        f"or a reading of the scenario's probes ({', '.join(readings) or 'they declare none'})."
    )
    lines = [
        f"{place}: {name!r} is no metric.{nearest(name, valid)} {expected}" for name in unknown
    ]
    raise InputError("\n".join(lines))
