"""Numbers as people read them: three significant digits, one unit for a whole column."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bench.analysis.estimation import LOWER_BOUND
from bench.analysis.result import Estimate
from bench.errors import InvalidMeasurementError
from bench.printable import printable
from bench.scenario.metric import Metric, Unit

SIGNIFICANT_DIGITS = 3
ABSENT = "–"
NOT_ESTIMABLE = "not estimable"

# Between groups of three digits, and between a number and its unit: never broken over lines.
SPACE = "\u00a0"


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit to show numbers in: one ``name`` is ``factor`` of the metric's own unit."""

    name: str
    factor: float


NUMBERS = (Scale("", 1.0),)
PERCENT = (Scale("%", 0.01),)
CORES = (Scale("cores", 1.0),)
DURATIONS = (Scale("ns", 1.0), Scale("µs", 1e3), Scale("ms", 1e6), Scale("s", 1e9))
SIZES = (Scale("B", 1.0), Scale("kB", 1e3), Scale("MB", 1e6), Scale("GB", 1e9))
RATES = (Scale("/s", 1.0),)

_BY_UNIT: dict[Unit, tuple[Scale, ...]] = {
    "ns": DURATIONS,
    "bytes": SIZES,
    "per_s": RATES,
    "count": NUMBERS,
    "ratio": NUMBERS,
}


def scales_of(metric: Metric) -> tuple[Scale, ...]:
    """Return the units that ``metric`` may be shown in."""
    if metric.unit == "ratio" and metric.name.endswith("cpu_share"):
        return CORES
    if metric.name == "errors":
        return PERCENT
    return _BY_UNIT[metric.unit]


def choose_scale(values: Iterable[float | None], scales: tuple[Scale, ...]) -> Scale:
    """Return the unit that writes ``values`` with the fewest leading zeros and extra digits.

    ``values`` are in the metric's own unit; ``None`` and 0 have no say. Of equals the larger unit
    wins: 1 ms rather than 1 000 µs.
    """
    sizes = [abs(value) for value in values if value and math.isfinite(value)]

    def cost(scale: Scale) -> tuple[float, float]:
        exponents = [math.log10(size / scale.factor) for size in sizes]
        too_far = sum(max(0.0, -exponent, exponent - 3.0) for exponent in exponents)
        return (round(too_far, 6), -scale.factor)

    return min(scales, key=cost) if sizes else scales[0]


def number(value: float, digits: int = SIGNIFICANT_DIGITS) -> str:
    """Write ``value`` with ``digits`` significant digits: ``0.0123``, ``1.20``, ``45 600``.

    Raises:
        InvalidMeasurementError: the value is not a number.
    """
    if math.isnan(value):
        raise InvalidMeasurementError("a value to be shown is not a number (NaN)")
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    sign = "−" if value < 0 else ""
    mantissa, _, exponent_text = f"{abs(value):.{digits - 1}e}".partition("e")
    exponent = int(exponent_text)
    if value == 0:
        return "0"
    if not -7 < exponent < 15:
        return f"{sign}{mantissa}e{exponent}"
    decimals = max(0, digits - 1 - exponent)
    rounded = float(f"{mantissa}e{exponent}")
    return sign + f"{rounded:,.{decimals}f}".replace(",", SPACE)


def count(value: float) -> str:
    """Write a whole number in full: ``12 345``."""
    return f"{round(value):,d}".replace(",", SPACE)


def scaled(value: float | None, scale: Scale) -> str:
    """Write ``value`` (in the metric's own unit) in ``scale``, without the unit's name."""
    return ABSENT if value is None else number(value / scale.factor)


def interval(low: float | None, high: float | None, scale: Scale = NUMBERS[0]) -> str:
    """Write ``[low, high]`` in ``scale``, or nothing where there is no interval."""
    if low is None or high is None:
        return ""
    return f"[{scaled(low, scale)}, {scaled(high, scale)}]"


def quantity(value: float | None, scales: tuple[Scale, ...]) -> str:
    """Write one number with the unit that suits it: ``1.20 ms``."""
    if value is None:
        return ABSENT
    scale = choose_scale([value], scales)
    if scale.name in {"", "%", "/s"}:
        return scaled(value, scale) + scale.name
    return scaled(value, scale) + SPACE + scale.name


def estimated(estimate: Estimate, scale: Scale) -> tuple[str, str, str]:
    """Return value, interval and the reason why one of them is lacking; each may be empty.

    A value of which only a lower bound is known stands behind ``≥``.
    """
    if estimate.value is None:
        return (NOT_ESTIMABLE, "", estimate.why_not or "no reason was recorded")
    text = scaled(estimate.value, scale)
    if estimate.method == LOWER_BOUND:
        text = f"≥{SPACE}{text}"
    between = interval(estimate.low, estimate.high, scale)
    return (text, between, "" if between else estimate.method)


def one_line(text: str) -> str:
    """Return ``text`` on one line, runs of white space as one blank."""
    return " ".join(printable(text).split())


def shortened(text: str, length: int) -> str:
    """Return ``text`` on one line of at most ``length`` characters, cut off with an ellipsis."""
    text = one_line(text)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
