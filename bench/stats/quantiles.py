"""Quantiles of the operations of one trial, and when there are enough of them to state one.

Definition: the quantile p is the smallest observed value that at least the share p of the
operations did not exceed (Hyndman and Fan, "Sample quantiles in statistical packages", 1996,
type 1; numpy's ``inverted_cdf``). It is chosen over the interpolating definitions since it is a
value that was observed, means the same in any unit and on a log scale, and stays defined where
some operations were cut off: either the one value is censored or it is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from bench.records.sample import Integers

CONFIDENCE = 0.95
_NOTHING: Integers = np.empty(0, dtype=np.int64)


@cache
def operations_needed(probability: float) -> int:
    """Return how many operations a quantile needs to be stated.

    The distribution-free two-sided interval between order statistics has a finite upper end only
    if it is improbable that all of n operations lie below the quantile, pⁿ ≤ (1 − confidence) / 2,
    and a lower end only if (1 − p)ⁿ ≤ (1 − confidence) / 2 (David and Nagaraja, "Order
    statistics", 2003, section 7.1). Below that number the data cannot bound the quantile.

    Raises:
        ValueError: ``probability`` is not inside (0, 1).
    """
    if not 0.0 < probability < 1.0:
        raise ValueError("a probability must lie inside (0, 1)")
    outside = (1.0 - CONFIDENCE) / 2.0
    extreme = max(probability, 1.0 - probability)
    return math.ceil(math.log(outside) / math.log(extreme))


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile in the unit of its values; ``is_lower_bound`` if it falls among censored ones."""

    value: int
    is_lower_bound: bool


@dataclass(frozen=True, slots=True)
class Distribution:
    """Observed values, shape (n,), and those of them that are censored, both ascending.

    A censored value is known to be at least that large: the operation was cut off by then.
    """

    values: Integers
    censored: Integers

    @classmethod
    def of(cls, values: Integers, censored: Integers = _NOTHING) -> Distribution:
        """Sort ``values`` (n,), which include the ``censored`` ones (m ≤ n,)."""
        return cls(np.sort(values), np.sort(censored) if censored.size else _NOTHING)

    @classmethod
    def pooled(cls, parts: Iterable[Distribution]) -> Distribution:
        """Join distributions as if their values had been observed together."""
        of_parts = tuple(parts)
        return cls.of(
            np.concatenate([_NOTHING, *(part.values for part in of_parts)]),
            np.concatenate([_NOTHING, *(part.censored for part in of_parts)]),
        )

    def __len__(self) -> int:
        return int(self.values.size)

    def quantile(self, probability: float) -> Quantile:
        """Return the quantile, however few values there are.

        With censored values at their lower bounds the order statistic is a lower bound of the
        true one; it is exact if as many uncensored values lie at or below it as its rank says.

        Raises:
            ValueError: there is no value.
        """
        if not len(self):
            raise ValueError("no values, so no quantile")
        # The product is rounded: 0.07 × 100 is a little more than 7 in binary.
        rank = max(1, math.ceil(round(probability * len(self), 9)))
        value = int(self.values[rank - 1])
        if not self.censored.size:
            return Quantile(value, is_lower_bound=False)
        exact = np.searchsorted(self.values, value, "right") - np.searchsorted(
            self.censored, value, "right"
        )
        return Quantile(value, is_lower_bound=bool(exact < rank))

    def estimable(self, probability: float) -> bool:
        """Tell whether there are enough values to state that quantile."""
        return len(self) >= operations_needed(probability)
