"""Limits: what a figure must meet, in one grammar for whoever sets one.

::

    limit    = quantity bound ["and" bound]
    quantity = METRIC {"+" METRIC} ["per" METRIC] ["of" NAME]
    bound    = relation NUMBER [UNIT | "x" NAME]
    relation = < | <= | == | >= | >
    UNIT     = ns | us | µs | ms | s | B | kB | MB | GB | /s | %

``put.response.p99 < 20 ms``, ``put.response.p50 <= 1.1 x baseline``. Thresholds and objectives of a
scenario, the judgements of claims and the limits of a decision are limits; docs/limits.md explains
them. A new relation is a line in :data:`RELATIONS`, a new unit one in :data:`UNITS`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import PlainSerializer
from pydantic_core import PydanticCustomError

from bench.errors import nearest
from bench.scenario.metric import ERRORS, Unit, unit_of

BASELINE = "baseline"
# Joins the parts of a metric that is a sum.
SUM = " + "


@dataclass(frozen=True, slots=True)
class Range:
    """Where a figure must lie; infinite where there is no end. An end belongs to it or is open."""

    low: float = -math.inf
    high: float = math.inf
    low_is_open: bool = False
    high_is_open: bool = False

    def holds(self, low: float, high: float) -> bool:
        """Tell whether the whole of ``low`` to ``high`` lies inside, but for rounding."""
        low, high = _rounded(low, self.low), _rounded(high, self.high)
        below = low < self.low or (self.low_is_open and low == self.low)
        above = high > self.high or (self.high_is_open and high == self.high)
        return not below and not above

    def fails(self, low: float, high: float) -> bool:
        """Tell whether the whole of ``low`` to ``high`` lies outside, but for rounding."""
        low, high = _rounded(low, self.high), _rounded(high, self.low)
        below = high < self.low or (self.low_is_open and high == self.low)
        above = low > self.high or (self.high_is_open and low == self.high)
        return below or above


@dataclass(frozen=True, slots=True)
class Relation:
    """What stands between a figure and a number: in ``words``, and the range that it asks for."""

    words: str
    range: Callable[[float], Range]


RELATIONS: Mapping[str, Relation] = {
    "<": Relation("below", lambda number: Range(high=number, high_is_open=True)),
    "<=": Relation("at most", lambda number: Range(high=number)),
    "==": Relation("exactly", lambda number: Range(number, number)),
    ">=": Relation("at least", lambda number: Range(low=number)),
    ">": Relation("above", lambda number: Range(low=number, low_is_open=True)),
}
# The unit of a number: of which metrics, and how many of their own unit one is.
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
    "ns": "a time, as in 20 ms",
    "bytes": "a size, as in 5 MB",
    "per_s": "a rate, as in 500/s",
    "ratio": "a share, as in 0.01 or 1%",
    "count": "a number",
}
# A mean of logarithms of equal values departs from them by less.
_ROUNDING = 1e-9
_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_METRIC = r"[A-Za-z_][\w.-]*"
_NAME = r"\w[\w.@-]*"
_QUANTITY = re.compile(
    rf"({_METRIC}(?:\s*\+\s*{_METRIC})*)(?:\s+per\s+({_METRIC}))?(?:\s+of\s+({_NAME}))?"
)
_ABSOLUTE = re.compile(rf"({_NUMBER})\s*(\S*)")
_MULTIPLE = re.compile(rf"({_NUMBER})\s*x\s+({_NAME})")
_EXAMPLES = "'put.response.p99 < 20 ms', 'errors == 0' or 'throughput >= 100/s'"


@dataclass(frozen=True, slots=True)
class Bound:
    """One relation and its number, in a unit of :data:`UNITS` or as a multiple of ``times``."""

    relation: str
    number: float
    unit: str = ""
    times: str = ""

    @property
    def value(self) -> float:
        """The number in the metric's own unit (times: ns); of a multiple, the factor."""
        return self.number * UNITS[self.unit][1]

    @property
    def range(self) -> Range:
        """Where the figure must lie for this bound alone."""
        return RELATIONS[self.relation].range(self.value)

    @property
    def text(self) -> str:
        """The number with its unit, as it is read again."""
        number = repr(self.number).removesuffix(".0")
        if self.times:
            return f"{number} x {self.times}"
        return number + (self.unit if self.unit in ("", "%", "/s") else f" {self.unit}")


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit as it was written.

    ``metric`` may be a sum; it is divided by the metric ``per``, and is that ``of`` one of several
    sides. One or two ``bounds``: of two the first is the lower one.
    """

    metric: str
    bounds: tuple[Bound, ...]
    per: str = ""
    of: str = ""

    def __str__(self) -> str:
        """Write it so that :func:`parse_limit` reads an equal one."""
        per = f" per {self.per}" if self.per else ""
        of = f" of {self.of}" if self.of else ""
        bounds = " and ".join(f"{each.relation} {each.text}" for each in self.bounds)
        return f"{self.metric}{per}{of} {bounds}"

    @property
    def parts(self) -> tuple[str, ...]:
        """The metrics that are added."""
        return tuple(self.metric.split(SUM))

    @property
    def times(self) -> str:
        """Of what the bounds are multiples; empty where they are absolute."""
        return self.bounds[0].times

    @property
    def range(self) -> Range:
        """Where the figure must lie, in the metric's own unit (times: ns), or as a ratio."""
        lower, upper = (self.bounds[at].range for at in (0, -1))
        return Range(lower.low, upper.high, lower.low_is_open, upper.high_is_open)

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units of metrics that an absolute limit can be put to; of a relative one, a ratio."""
        return UNITS[self.bounds[0].unit][0]

    def misfit(self, unit: Unit | None, metric: str) -> str:
        """Say what was expected where ``metric``, in ``unit``, is not in that of the limit."""
        if unit is None or self.times or unit in self.units:
            return ""
        return f"expected {_SPELT[unit]}: {metric} is one"

    @property
    def words(self) -> str:
        """The bounds in words, e.g. ``at most 50 ms``."""
        return " and ".join(f"{RELATIONS[each.relation].words} {each.text}" for each in self.bounds)


def parse_limit(text: str) -> Limit:
    """Read one limit.

    Raises:
        ValueError: it is none; the text says what was expected.
    """
    quantity, *rest = re.split(r"\s*([<>=!~]+)\s*", text.strip())
    if len(rest) < 2:
        raise ValueError(f"expected a metric, a relation and a number, as in {_EXAMPLES}")
    form = _QUANTITY.fullmatch(quantity)
    if form is None:
        raise ValueError(f"expected the name of a metric, not {quantity!r}, as in {_EXAMPLES}")
    *firsts, last = rest[1::2]
    if len(firsts) > 1 or not all(first.endswith(" and") for first in firsts):
        raise ValueError(f"expected one bound, or two as in '>= 1 ms and <= 10 ms', not {text!r}")
    numbers = [*(first.removesuffix(" and") for first in firsts), last]
    bounds = tuple(map(_bound, rest[::2], numbers))
    metric = SUM.join(re.split(r"\s*\+\s*", form[1]))
    limit = Limit(metric, bounds, per=form[2] or "", of=form[3] or "")
    _check_bounds(limit)
    _check_unit(limit)
    return limit


def _bound(relation: str, text: str) -> Bound:
    if relation not in RELATIONS:
        raise ValueError(f"expected one of {', '.join(RELATIONS)}, not {relation!r}")
    text = text.strip()
    if multiple := _MULTIPLE.fullmatch(text):
        if not 0.0 < (factor := float(multiple[1])) < math.inf:
            raise ValueError(f"expected a factor above 0, as in 1.1 x {multiple[2]}")
        return Bound(relation, factor, times=multiple[2])
    absolute = _ABSOLUTE.fullmatch(text)
    # Two signs look like this one; the Greek letter means the same.
    unit = absolute[2].replace("\N{GREEK SMALL LETTER MU}", "µ") if absolute else ""
    number = float(absolute[1]) if absolute else math.inf
    if unit not in UNITS or not math.isfinite(number * UNITS[unit][1]):
        units = [unit for unit in UNITS if unit]
        hint = nearest(unit, units) if unit else ""
        raise ValueError(
            f"expected a number with a unit ({', '.join(units)}), or a multiple as in "
            f"1.1 x {BASELINE}, not {text!r}.{hint}"
        )
    return Bound(relation, number, unit)


def _check_bounds(limit: Limit) -> None:
    first, *others = limit.bounds
    if first.relation == "==" and (first.times or first.unit not in ("", "%")):
        raise ValueError("expected <, <=, >= or >: == is for shares and counts alone")
    for other in others:
        lower, upper = (each.range for each in limit.bounds)
        if lower.high < math.inf or upper.low > -math.inf or lower.low >= upper.high:
            raise ValueError("expected the lower bound first, as in '>= 1 ms and <= 10 ms'")
        if first.times != other.times or UNITS[first.unit][0] != UNITS[other.unit][0]:
            raise ValueError(
                f"expected two bounds of the same kind, not {first.text} and {other.text}"
            )


def _check_unit(limit: Limit) -> None:
    if limit.times:
        if ERRORS.name in limit.parts:
            raise ValueError("expected a share, as in 1%: 0 errors have no multiple")
        return
    if limit.per:
        if "count" not in limit.units:
            raise ValueError(f"expected a number: {limit.metric} per {limit.per} has no unit")
        return
    for name in limit.parts:
        if misfit := limit.misfit(unit_of(name), name):
            raise ValueError(misfit)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the limits that a key takes.

    ``times``: what a bound may be a multiple of; ``None`` means any name. ``sides``: the limit
    compares two of them, one ``of`` which is a multiple of another; the first is that where none
    is given. Without ``sums`` it is of one metric, and without ``shares`` not of one by another.
    """

    times: Sequence[str] | None = ()
    sides: bool = False
    sums: bool = False
    shares: bool = False

    def __call__(self, given: object) -> Limit:
        """Return the limit that ``given`` is, or is the text of; a validator of a field."""
        try:
            return self._checked(given if isinstance(given, Limit) else parse_limit(_text(given)))
        except ValueError as error:
            told = {"expected": str(error)}
            raise PydanticCustomError("limit", "{expected}", told) from error

    def _checked(self, limit: Limit) -> Limit:
        if not self.sums and len(limit.parts) > 1:
            raise ValueError(f"expected one metric, not {limit.metric!r}")
        if limit.per and not self.shares:
            raise ValueError(f"expected a metric by itself, not 'per {limit.per}'")
        known = self.times
        for name in filter(None, (limit.times, limit.of)):
            if known is not None and name not in known:
                told = " or ".join(known) or "a number with a unit"
                raise ValueError(f"expected {told}, not {name!r}.{nearest(name, known)}")
        if not self.sides:
            if limit.of:
                raise ValueError(f"expected a metric by itself, not 'of {limit.of}'")
            return limit
        one, other = known or ("many", "one")
        of = limit.of or (known[0] if known else "")
        if not limit.times or of in ("", limit.times):
            told = f"{limit.metric} of {one} <= 1.1 x {other}"
            raise ValueError(f"expected one side as a multiple of another, as in '{told}'")
        return replace(limit, of=of)


# Beside the validator of a field: a limit is written as its text.
WRITTEN = PlainSerializer(str, return_type=str)


def _text(given: object) -> str:
    if isinstance(given, str):
        return given
    raise ValueError(f"expected a limit as text, as in {_EXAMPLES}")


def _rounded(value: float, end: float) -> float:
    return end if math.isclose(value, end, rel_tol=_ROUNDING) else value
