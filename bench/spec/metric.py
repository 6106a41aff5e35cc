"""What is measured, in which unit, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", "neither"]
Unit = Literal["ns", "bytes", "per_s", "count", "ratio"]

TIMES = {
    "response": "from when it was due until it finished: what a caller feels",
    "service": "from when it started until it finished: what the saver takes",
    "wait": "from when it was due until it started: time spent blocked or queued before the saver",
}
QUANTILES = {"p50": 0.50, "p90": 0.90, "p99": 0.99}

# The cycle is one pass of a workload; the other names are those of LangGraph's conformance suite.
WRITE_OPERATION = "put"
READ_OPERATION = "get_tuple"
CYCLE = "cycle"


@dataclass(frozen=True, slots=True)
class Metric:
    """A dotted ``name`` such as ``put.response.p99``, its ``unit``, and which way is ``better``."""

    name: str
    unit: Unit
    better: Better
    description: str


def time_metric(operation: str, time: str, statistic: str) -> Metric:
    """Return the metric of one time of one operation, e.g. ``("put", "response", "p50")``."""
    return Metric(
        name=f"{operation}.{time}.{statistic}",
        unit="ns",
        better="lower",
        description=f"{statistic} of the {time} time of {operation}: {TIMES.get(time, time)}",
    )


THROUGHPUT = Metric("throughput", "per_s", "higher", "cycles that finished per second")
ERRORS = Metric("errors", "ratio", "lower", "share of the operations that failed or timed out")
