"""Many tests read together: p-values that allow for how many they are.

The p-value of an effect is that of the exact signed-rank test, or of Student's t below six blocks.
With n blocks the former cannot fall below 2 ÷ 2ⁿ, so that in a family of m nothing could be called
different, however large, where m × 2 ÷ 2ⁿ > 5 %. There Student's t on the same log-ratios stands
in; which of the two it is depends on n and m alone, never on what was measured.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.stats.effects import FEWEST_FOR_SIGNED_RANK
from bench.stats.quantiles import CONFIDENCE

LEVEL = 1.0 - CONFIDENCE


def p_among(exact: float, student: float, blocks: int, members: int) -> float:
    """Return the p-value that can be adjusted in a family of ``members``, of ``blocks`` (≥ 2)."""
    is_coarse = blocks >= FEWEST_FOR_SIGNED_RANK and members * 2.0 / 2.0**blocks > LEVEL
    return student if is_coarse else exact


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust the p-values of declared metrics so that any false alarm among them is as rare.

    Step-down (Holm 1979): an adjusted value at most 0.05 is significant.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return tuple(adjusted)


def holm_levels(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return the level at which :func:`holm` tests each of ``p_values``.

    It is that of its step; for all that is not significant that of the step at which it ended.
    """
    count = len(p_values)
    ended = sum(p_value <= LEVEL for p_value in holm(p_values))
    levels = [0.0] * count
    for rank, index in enumerate(sorted(range(count), key=lambda index: p_values[index])):
        levels[index] = LEVEL / (count - min(rank, ended))
    return tuple(levels)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust the p-values of what is explored, so that few of those called different are not.

    Step-up (Benjamini and Hochberg 1995): an adjusted value at most 0.05 is significant.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    smallest = 1.0
    for rank, index in reversed(list(enumerate(order, start=1))):
        smallest = min(smallest, p_values[index] * (len(p_values) / rank))
        adjusted[index] = smallest
    return tuple(adjusted)


def benjamini_hochberg_levels(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return the level at which :func:`benjamini_hochberg` tests each of ``p_values``.

    One more would be significant if it were at most that of the next step.
    """
    adjusted = benjamini_hochberg(p_values)
    steps = sum(p_value <= LEVEL for p_value in adjusted)
    share = LEVEL / len(p_values)
    return tuple(share * (steps if p_value <= LEVEL else steps + 1) for p_value in adjusted)
