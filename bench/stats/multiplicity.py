"""Many tests read together: p-values that allow for how many they are.

The p-value of an effect is that of the exact signed-rank test, or of Student's t below six blocks.
With n blocks the former cannot fall below 2 ÷ 2ⁿ, so that in a family of m nothing could be called
different, however large, where m × 2 ÷ 2ⁿ > 5 %. There Student's t on the same log-ratios stands
in; which of the two it is depends on n and m alone, never on what was measured.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

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
    order = np.argsort(p_values, kind="stable")
    tests = np.arange(len(p_values), 0, -1)
    return _in_place(order, np.maximum.accumulate(tests * np.asarray(p_values)[order]))


def holm_levels(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return the level at which :func:`holm` tests each of ``p_values``.

    It is that of its step; for all that is not significant that of the step at which it ended.
    """
    ended = sum(p_value <= LEVEL for p_value in holm(p_values))
    steps = np.minimum(np.arange(len(p_values)), ended)
    return _in_place(np.argsort(p_values, kind="stable"), LEVEL / (len(p_values) - steps))


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust the p-values of what is explored, so that few of those called different are not.

    Step-up (Benjamini and Hochberg 1995): an adjusted value at most 0.05 is significant.
    """
    order = np.argsort(p_values, kind="stable")
    inflated = np.asarray(p_values)[order] * (len(p_values) / np.arange(1, len(p_values) + 1))
    return _in_place(order, np.minimum.accumulate(inflated[::-1])[::-1])


def _in_place(order: npt.NDArray[np.intp], adjusted: npt.NDArray[np.float64]) -> tuple[float, ...]:
    placed = np.empty(order.size)
    placed[order] = np.minimum(1.0, adjusted)
    return tuple(placed.tolist())


def benjamini_hochberg_levels(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return the level at which :func:`benjamini_hochberg` tests each of ``p_values``.

    One more would be significant if it were at most that of the next step.
    """
    adjusted = benjamini_hochberg(p_values)
    steps = sum(p_value <= LEVEL for p_value in adjusted)
    share = LEVEL / len(p_values)
    return tuple(share * (steps if p_value <= LEVEL else steps + 1) for p_value in adjusted)
