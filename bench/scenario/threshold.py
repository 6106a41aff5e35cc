"""Thresholds: what the figures of selected cells must meet, in a terse grammar.

::

    requirement = figure relation limit
    figure      = p(50 | 90 | 99) | rate(errors | throughput | operations) | metric(NAME)
    relation    = < | <= | == | >= | >
    limit       = NUMBER [UNIT] | [FACTOR *] baseline
    UNIT        = ns | us | µs | ms | s | B | kB | MB | GB | /s | %

docs/scenarios.md explains what is judged, and when a requirement is met.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from bench.errors import nearest
from bench.scenario.metric import (
    CYCLE,
    ERRORS,
    OPERATION_RATE,
    QUANTILES,
    THROUGHPUT,
    TIMES,
    WARMUP_OPERATIONS,
    Metric,
    Unit,
    metric_names,
)

Confidence = Literal["estimate", "interval"]
BASELINE = "baseline"
RATES: Mapping[str, Metric] = {
    "errors": ERRORS,
    "throughput": THROUGHPUT,
    "operations": OPERATION_RATE,
}
RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}
# The unit of a limit: of which metrics, and how many of their own unit one is.
UNITS: Mapping[str, tuple[tuple[Unit, ...], float]] = {
    "ns": (("ns",), 1.0),
    "us": (("ns",), 1e3),
    "µs": (("ns",), 1e3),
    "ms": (("ns",), 1e6),
    "s": (("ns",), 1e9),
    "B": (("bytes",), 1.0),
    "kB": (("bytes",), 1e3),
    "MB": (("bytes",), 1e6),
    "GB": (("bytes",), 1e9),
    "/s": (("per_s",), 1.0),
    "%": (("ratio",), 0.01),
    "": (("ratio", "count"), 1.0),
}
_SPELT: Mapping[Unit, str] = {
    "ns": "a time, as in 20ms",
    "bytes": "a size, as in 5MB",
    "per_s": "a rate, as in 500/s",
    "ratio": "a share, as in 0.01 or 1%",
    "count": "a number",
}
# A mean of logarithms of equal values departs from them by less.
_ROUNDING = 1e-9
_FIGURES = ("p", "rate", "metric")
_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_FORM = re.compile(r"(\w+)\s*\(\s*([^\s()]*)\s*\)\s*([<>=!]+)\s*(.+)")
_ABSOLUTE = re.compile(rf"({_NUMBER})\s*(\S*)")
_RELATIVE = re.compile(rf"(?:({_NUMBER})\s*\*\s*)?{BASELINE}")
_EXAMPLES = "'p(99) < 20ms', 'rate(errors) == 0' or 'p(50) <= 1.1 * baseline'"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement as it was written; ``unit`` is a key of :data:`UNITS`, or ``baseline``."""

    figure: str
    argument: str
    relation: str
    number: float
    unit: str

    def __str__(self) -> str:
        """Write it so that :func:`parse_requirement` reads an equal one."""
        number = repr(self.number).removesuffix(".0")
        joined = {"%": "%", "/s": "/s", "": "", BASELINE: f" * {BASELINE}"}
        limit = number + joined.get(self.unit, f" {self.unit}")
        return f"{self.figure}({self.argument}) {self.relation} {limit}"

    @property
    def is_relative(self) -> bool:
        """Whether the limit is a multiple of the baseline."""
        return self.unit == BASELINE

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units that the limit can be put to; a relative one is put to a ratio."""
        return ("ratio",) if self.is_relative else UNITS[self.unit][0]

    @property
    def limit(self) -> float:
        """The limit in the metric's own unit; of a relative one, as a ratio to the baseline."""
        return self.number if self.is_relative else self.number * UNITS[self.unit][1]

    def metric(self, operation: str, time: str) -> str:
        """Name the metric; ``operation`` and ``time`` are those of a quantile."""
        if self.figure == "p":
            return f"{operation}.{time}.p{self.argument}"
        return RATES[self.argument].name if self.figure == "rate" else self.argument

    def holds(self, value: float) -> bool:
        """Tell whether ``value``, in the unit of :attr:`limit`, meets it, but for rounding."""
        if math.isclose(value, self.limit, rel_tol=_ROUNDING):
            value = self.limit
        return RELATIONS[self.relation](value, self.limit)


def parse_requirement(text: str) -> Requirement:
    """Read one requirement.

    Raises:
        ValueError: it is none; the text says what was expected.
    """
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise ValueError(f"expected a figure, a relation and a limit, as in {_EXAMPLES}")
    figure, argument, relation, limit = form.groups()
    _check_figure(figure, argument)
    if relation not in RELATIONS:
        raise ValueError(f"expected one of {', '.join(RELATIONS)}, not {relation!r}")
    number, unit = _limit(limit)
    found = Requirement(figure, argument, relation, number, unit)
    _check_limit(found)
    return found


def _check_figure(figure: str, argument: str) -> None:
    if figure not in _FIGURES:
        raise ValueError(f"expected p(…), rate(…) or metric(…), not {figure}(…)")
    quantiles = [name.removeprefix("p") for name in QUANTILES]
    if figure == "p" and argument not in quantiles:
        estimated = ", ".join(f"p({quantile})" for quantile in quantiles)
        raise ValueError(f"expected one of {estimated}: no other quantile is estimated")
    if figure == "rate" and argument not in RATES:
        rates = ", ".join(f"rate({name})" for name in RATES)
        raise ValueError(f"expected one of {rates}.{nearest(argument, list(RATES))}")
    if not argument:
        raise ValueError("expected the name of a metric, as in metric(stored.bytes)")


def _limit(text: str) -> tuple[float, str]:
    if relative := _RELATIVE.fullmatch(text):
        factor = float(relative[1] or 1.0)
        if not 0.0 < factor < math.inf:
            raise ValueError("expected a factor above 0, as in 1.1 * baseline")
        return factor, BASELINE
    absolute = _ABSOLUTE.fullmatch(text)
    # Two signs look like this one; the Greek letter means the same.
    unit = absolute[2].replace("\N{GREEK SMALL LETTER MU}", "µ") if absolute else ""
    if absolute is None or unit not in UNITS or not math.isfinite(float(absolute[1])):
        units = ", ".join(unit for unit in UNITS if unit)
        raise ValueError(f"expected a number with a unit ({units}), or 1.1 * baseline")
    return float(absolute[1]), unit


def _check_limit(found: Requirement) -> None:
    if found.relation == "==" and found.unit not in ("", "%"):
        raise ValueError("expected <, <=, >= or >: == is for shares and counts alone")
    name = found.metric(CYCLE, "response")
    if found.is_relative:
        if name == ERRORS.name:
            raise ValueError("expected a share, as in 1%: 0 errors have no multiple")
        return
    unit = unit_of(name)
    if unit is not None and unit not in found.units:
        raise ValueError(f"expected {_SPELT[unit]}: {found.figure}({found.argument}) is one")


def unit_of(name: str) -> Unit | None:
    """Return the unit of a metric, or ``None`` of a probe's reading, which tells its own."""
    others = (THROUGHPUT, OPERATION_RATE, ERRORS, WARMUP_OPERATIONS)
    known = {metric.name: metric.unit for metric in others}
    of_mark = name.rpartition(".")[0].rpartition(".")[2] in TIMES and name[-3:] in QUANTILES
    return known.get(name, "ns" if of_mark or name in metric_names() else None)


def _requirement_text(text: str) -> str:
    try:
        parse_requirement(text)
    except ValueError as error:
        raise PydanticCustomError("requirement", "{expected}", {"expected": str(error)}) from error
    return text


def _some(given: tuple[str, ...]) -> tuple[str, ...]:
    if given:
        return given
    raise PydanticCustomError("empty", "expected a list that is not empty")


# The type checks the items first; a least length would be told besides what is wrong with them.
_Some = AfterValidator(_some)
_Selected = Annotated[tuple[str, ...], Field(strict=False), _Some]


class Threshold(BaseModel):
    """``[[thresholds]]``: what each selected cell must meet; without a selector, all are.

    ``operation`` and ``time`` say of what ``p(…)`` is the quantile. With ``confidence`` "interval"
    the whole interval must meet it, not the estimate alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    sweeps: _Selected | None = None
    subjects: _Selected | None = None
    workloads: _Selected | None = None
    payloads: _Selected | None = None
    arrivals: _Selected | None = None
    loops: _Selected | None = None
    operation: str = Field(default=CYCLE, min_length=1)
    time: Literal["response", "service", "wait"] = "response"
    require: Annotated[
        tuple[Annotated[str, AfterValidator(_requirement_text)], ...], Field(strict=False), _Some
    ]
    confidence: Confidence = "estimate"

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """What is required, read."""
        return tuple(parse_requirement(text) for text in self.require)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Name the metric of each requirement."""
        return tuple(each.metric(self.operation, self.time) for each in self.requirements)

    @property
    def relative_metrics(self) -> tuple[str, ...]:
        """Name the metrics that are compared with the baseline."""
        named = zip(self.requirements, self.metrics, strict=True)
        return tuple(name for requirement, name in named if requirement.is_relative)
