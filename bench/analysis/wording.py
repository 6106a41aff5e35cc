"""Lists and comparisons in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from bench.analysis.result import Cell, Comparison
from bench.scenario.metric import Metric
from bench.scenario.quantity import number

# How a candidate is told whose value is the smaller, or the larger, of the two.
_SMALLER = {"ns": "faster", "bytes": "smaller", "per_s": "lower", "count": "lower"}
_LARGER = {"ns": "slower", "bytes": "larger", "per_s": "higher", "count": "higher"}


def counted(count: int, noun: str) -> str:
    """Write ``count`` with its ``noun``, in the plural where it is not 1."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(parts: Iterable[str], most: int = 0) -> str:
    """Join ``parts`` with commas and "and"; beyond ``most`` (0: no limit) say how many more."""
    items = list(parts)
    if most and len(items) > most:
        items = [*items[:most], f"{len(items) - most} more"]
    return " and ".join(items) if len(items) < 3 else ", ".join(items[:-1]) + " and " + items[-1]


def factor_in_words(metric: Metric, ratios: Sequence[float]) -> str:
    """Say by what factor a candidate differs, e.g. ``1.8 to 2.1 times slower``.

    ``ratios`` are candidate ÷ baseline, all of them on the same side of 1.
    """
    smaller = ratios[0] < 1.0
    factors = sorted(1.0 / ratio if smaller else ratio for ratio in ratios)
    words = _SMALLER if smaller else _LARGER
    word = words.get(metric.unit, "lower" if smaller else "higher")
    shown = list(dict.fromkeys(number(factor) for factor in (factors[0], factors[-1])))
    return f"{' to '.join(shown)} times {word}"


def interval_in_words(comparisons: Sequence[Comparison]) -> str:
    """Give the interval, as the factor that :func:`factor_in_words` says, e.g. ``1.5 to 2.2``.

    Of several comparisons it is the smallest that holds all of their intervals. Where the ratio is
    not known to be on one side of 1 the ratios stand as they are.
    """
    lows = [c.effect.low for c in comparisons if c.effect.low is not None]
    highs = [c.effect.high for c in comparisons if c.effect.high is not None]
    if not lows or not highs:
        return ""
    low, high = min(lows), max(highs)
    if high < 1.0:
        low, high = 1.0 / high, 1.0 / low if low > 0.0 else math.inf
    return ratios_in_words(low, high)


def ratios_in_words(low: float, high: float) -> str:
    """Give a range of ratios as they stand, e.g. ``0.78 to 1.28``."""
    return f"{number(low)} to {number(high)}"


def place_in_words(cell: Cell, varying: Sequence[str]) -> str:
    """Name the condition of ``cell`` by those of its labels that are worth telling.

    ``varying`` names fields among ``workload``, ``payload``, ``arrival`` and ``loop``.
    """
    texts = {
        "arrival": cell.arrival_text.removeprefix("closed, "),
        "payload": f"payload {cell.payload}",
        "workload": f"workload {cell.workload}",
        "loop": f"loop {cell.loop}",
    }
    return ", ".join(text for name, text in texts.items() if name in varying)
