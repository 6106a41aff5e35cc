"""Numbers and quantities as people read them: three significant digits, the same in every page.

Factors in sentences and maps have two (``bench.analysis.wording``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bench.errors import InvalidMeasurementError
from bench.scenario.metric import Metric, Unit

SIGNIFICANT_DIGITS = 3
ABSENT = "–"
# Between groups of three digits: never broken over lines.
SPACE = "\u00a0"
# How far a number may be from its text, as a share, and still count as that number.
_ROUNDING_ERROR = 1e-9


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit to show numbers in: one ``name`` is ``factor`` of the metric's own unit."""

    name: str
    factor: float


Scales = tuple[Scale, ...]

NUMBERS: Scales = (Scale("", 1.0),)
PERCENT: Scales = (Scale("%", 0.01),)
CORES: Scales = (Scale("cores", 1.0),)
RATES: Scales = (Scale("/s", 1.0),)
DURATIONS: Scales = (Scale("ns", 1.0), Scale("µs", 1e3), Scale("ms", 1e6), Scale("s", 1e9))
SIZES: Scales = (Scale("B", 1.0), Scale("kB", 1e3), Scale("MB", 1e6), Scale("GB", 1e9))

_BY_UNIT: dict[Unit, Scales] = {
    "ns": DURATIONS,
    "bytes": SIZES,
    "per_s": RATES,
    "count": NUMBERS,
    "ratio": NUMBERS,
}


def scales_of(metric: Metric) -> Scales:
    """Return the units that ``metric`` may be shown in."""
    if metric.unit == "ratio" and metric.name.endswith("cpu_share"):
        return CORES
    if metric.name == "errors":
        return PERCENT
    return _BY_UNIT[metric.unit]


def choose_scale(values: Iterable[float | None], scales: Scales) -> Scale:
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

    Zeros at the end say that the number was rounded to them; 1.2 itself is ``1.2``.

    Raises:
        InvalidMeasurementError: the value is not a number.
    """
    if math.isnan(value):
        raise InvalidMeasurementError("a value to be shown is not a number (NaN)")
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    sign = "−" if value < 0 else ""
    text = f"{abs(value):.{digits - 1}e}"
    mantissa, _, exponent_text = text.partition("e")
    exponent = int(exponent_text)
    rounded = float(text)
    suffix = ""
    if -7 < exponent < 15:
        mantissa = f"{rounded:,.{max(0, digits - 1 - exponent)}f}".replace(",", SPACE)
    else:
        suffix = f"e{exponent}"
    if "." in mantissa and math.isclose(rounded, abs(value), rel_tol=_ROUNDING_ERROR):
        mantissa = mantissa.rstrip("0").rstrip(".")
    return sign + mantissa + suffix


def count(value: float) -> str:
    """Write a whole number in full: ``12 345``."""
    return f"{round(value):,d}".replace(",", SPACE)


def quantity(value: float, unit: Unit) -> str:
    """Write ``value`` (in ``unit``) with the unit that suits its size, e.g. ``1.25 ms``."""
    scale = choose_scale([value], _BY_UNIT[unit])
    return with_unit(number(value / scale.factor), scale)


def with_unit(text: str, scale: Scale) -> str:
    """Put the name of a unit behind a number."""
    return f"{text}{scale.name}" if scale.name in {"", "/s"} else f"{text} {scale.name}"


def quantity_and_interval(
    value: float, low: float | None, high: float | None, unit: Unit
) -> tuple[str, str]:
    """Write a value and its interval, each end with its unit; no interval is an empty text."""
    if low is None or high is None:
        return quantity(value, unit), ""
    return quantity(value, unit), f"[{quantity(low, unit)}, {quantity(high, unit)}]"


def span(values: Iterable[float | None], unit: Unit) -> str:
    """Write the smallest and the largest of the known ``values``; nothing where none is known."""
    known = sorted(value for value in values if value is not None)
    return " to ".join(dict.fromkeys(quantity(end, unit) for end in (*known[:1], *known[-1:])))


def scaled(value: float | None, scale: Scale = NUMBERS[0]) -> str:
    """Write ``value`` (in the metric's own unit) in ``scale``, without the unit's name."""
    return ABSENT if value is None else number(value / scale.factor)


def interval(low: float | None, high: float | None, scale: Scale = NUMBERS[0]) -> str:
    """Write ``[low, high]`` in ``scale``, or nothing where there is no interval."""
    if low is None or high is None:
        return ""
    return f"[{scaled(low, scale)}, {scaled(high, scale)}]"
