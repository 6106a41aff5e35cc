"""What is told in words: the answer's parts, lists, comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.scenario.metric import Metric, time_name
from bench.scenario.quantity import number
from bench.stats.steadiness import Drift

# Of a factor: more digits than a handful of blocks can show only hide what they do.
DIGITS = 2
# Of smaller factors the percentage is easier to read.
_FEW_PERCENT = 1.095
# Fewer trials have a range, and no interval worth the name.
FEWEST_FOR_INTERVAL = 3
# How a candidate is told whose value is the smaller, or the larger, of the two.
_SMALLER = {"ns": "faster", "bytes": "smaller"}
_LARGER = {"ns": "slower", "bytes": "larger"}
_NOUNS = {
    "put": "writes",
    "put_writes": "writes of a task's results",
    "get_tuple": "reads",
    "list": "listings",
    "delete_thread": "deletions",
    "cycle": "cycles",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, and what it is ``about``: two subjects, a topic, or nothing."""

    about: str
    text: str

    @property
    def sentence(self) -> str:
        """Both together."""
        mark = "" if self.about.endswith("?") else ":"
        return f"{self.about}{mark} {self.text}" if self.about else self.text


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked for, and whether it is in order."""

    text: str
    is_in_order: bool = True

    @property
    def signed(self) -> str:
        """The text after its sign."""
        return f"{'✓' if self.is_in_order else '⚠'} {self.text}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run says to its scenario's question.

    ``verdict`` follows from what the scenario asks, by rule, and ``headline`` says it with its
    bound; both are empty where it asks nothing. ``doubts`` say what is not proven, and what would
    settle it; ``checks`` what was looked for. It is about ``metrics`` in
    ``sweeps``: what else was measured is beside the question.
    """

    verdict: Literal["", "yes", "no", "not decided"] = ""
    headline: str = ""
    statements: tuple[Statement, ...] = ()
    doubts: tuple[Statement, ...] = ()
    checks: tuple[Check, ...] = ()
    sweeps: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The headline, if there is one, and the statements."""
        return tuple(filter(None, (self.headline, *(each.sentence for each in self.statements))))


def counted(count: int, noun: str) -> str:
    """Write ``count`` with its ``noun``, in the plural where it is not 1."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def drift_in_words(
    drift: Drift, when: str = "from the first half of the window to the second"
) -> str:
    """Write a drift in words that follow the name of the series."""
    by = f"{'rose' if drift.change > 0.0 else 'fell'} by {number(100.0 * abs(drift.change))} %"
    return f"{by} {when}, over {drift.trials} trials"


def listed(parts: Iterable[str], most: int = 0) -> str:
    """Join ``parts`` with commas and "and"; beyond ``most`` (0: no limit) say how many more."""
    items = list(parts)
    if most and len(items) > most:
        items = [*items[:most], f"{len(items) - most} more"]
    return " and ".join(items) if len(items) < 3 else ", ".join(items[:-1]) + " and " + items[-1]


def interval_or_range(
    low: float | None, high: float | None, values: Sequence[float]
) -> tuple[float | None, float | None]:
    """Return the interval; of fewer than three ``values`` their range, of one nothing."""
    if len(values) >= FEWEST_FOR_INTERVAL or not values:
        return low, high
    return (min(values), max(values)) if len(values) > 1 else (None, None)


def ratios_in_words(low: float, high: float) -> str:
    """Give a range of ratios as they stand, e.g. ``0.78 to 1.28``."""
    return f"{number(low)} to {number(high)}"


def factors_in_words(factors: Iterable[float]) -> str:
    """Give factors from the least to the largest, once where they read alike: ``1.8 to 2.1``."""
    ordered = sorted(factors)
    return " to ".join(dict.fromkeys(map(_factor, (ordered[0], ordered[-1]))))


def _factor(factor: float) -> str:
    """Write a factor; where two digits would say 1 that differs from it, with one more."""
    text = number(factor, DIGITS)
    return text if text != "1.0" else number(factor, DIGITS + 1)


def bound_in_words(factor: float, *, is_upper: bool) -> str:
    """Write the bound of a factor, rounded so that it holds, and never to 1 where it is not."""
    if not math.isfinite(factor) or factor <= 0.0:
        return number(factor)
    rounded = math.ceil if is_upper else math.floor
    for digits in range(DIGITS if factor >= 2.0 else DIGITS + 1, 7):
        quantum = 10.0 ** (math.floor(math.log10(factor)) + 1 - digits)
        bound = quantum * rounded(round(factor / quantum, 6))
        if bound != 1.0:
            return number(bound, digits)
    return number(factor)


def direction(metric: Metric, ratio: float) -> str:
    """Say on which side of 1 ``ratio`` is, e.g. ``slower``; ``higher`` of what has no word."""
    words, other = (_SMALLER, "lower") if ratio < 1.0 else (_LARGER, "higher")
    return words.get(metric.unit, other)


def factor_in_words(metric: Metric, ratio: float) -> str:
    """Say by what factor a candidate differs, e.g. ``1.4× slower``, or ``1.00×`` as it is."""
    factor = _factor(max(ratio, 1.0 / ratio) if ratio > 0.0 else math.inf)
    return "1.00×" if factor in ("1", "1.00") else f"{factor}× {direction(metric, ratio)}"


def _by(metric: Metric, ratio: float) -> str:
    """Say by how much a candidate differs: ``1.3 times slower``, or ``2 % faster`` of little."""
    factor = max(ratio, 1.0 / ratio)
    percent = number(100.0 * (factor - 1.0), 1)
    by = f"{percent} %" if factor < _FEW_PERCENT else f"{_factor(factor)} times"
    return f"{by} {direction(metric, ratio)}"


def spread_in_words(metric: Metric, low: float, high: float) -> str:
    """Give the ends of a ratio as factors: ``2.2 – 2.7``, or with the words where 1 is between."""
    factors = [max(end, 1.0 / end) if end > 0.0 else math.inf for end in (low, high)]
    if low < 1.0 < high:
        told = zip(factors, (low, high), strict=True)
        return " – ".join(f"{number(f, DIGITS + 1)}× {direction(metric, end)}" for f, end in told)
    return " – ".join(map(_factor, sorted(factors)))


def noun(metric: Metric) -> str:
    """Name what ``metric`` is of, as the field does: ``reads``, ``p99 of writes``."""
    of = time_name(metric.name)
    if of is None:
        return metric.name
    what = _NOUNS.get(of.operation, of.operation)
    what = what if of.time.name == "response" else f"{what}' {of.time.name} times"
    return what if of.statistic.name == "p50" else f"{of.statistic.name} of {what}"


def ratios_of(metric: Metric, ratios: Sequence[float]) -> str:
    """Say how a candidate compares, as a predicate: ``take 3.0 to 5.1 times as long``.

    Where ratios lie on both sides of 1: ``are from 1.8 times faster to 5 % slower``.
    """
    is_time = metric.unit == "ns"
    verb = "is" if time_name(metric.name) is None or not noun(metric).endswith("s") else "are"
    if max(ratios) < 1.0:
        factors = factors_in_words(1.0 / ratio for ratio in ratios)
        return f"{verb} {factors} times {direction(metric, 0.5)}"
    if min(ratios) < 1.0:
        first, last = (_by(metric, end) for end in (min(ratios), max(ratios)))
        return f"{verb} from {first} to {last}"
    factors = factors_in_words(ratios)
    if is_time:
        return f"{'takes' if verb == 'is' else 'take'} {factors} times as long"
    if min(ratios) > 1.0:
        return f"{verb} {factors} times {direction(metric, 2.0)}"
    return f"{verb} {factors} times as {'large' if metric.unit == 'bytes' else 'high'}"
