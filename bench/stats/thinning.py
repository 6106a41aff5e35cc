"""Which of many values over time to show: none of the extremes is lost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.records.sample import Integers


def extremes(at: Integers, values: Integers, parts: int) -> npt.NDArray[np.intp]:
    """Return where the smallest and the largest of ``values`` are in each part of the time.

    Args:
        at: when each value was, shape (n,).
        values: shape (n,).
        parts: how many parts of equal length the time from the first to the last has, at least 1.

    Returns:
        Indices into both, ascending by ``at``, at most two for each part; all where these are more.
    """
    if at.size <= 2 * parts:
        return np.argsort(at, kind="stable")
    first, last = int(at.min()), int(at.max())
    part = (at - first) * parts // (last - first + 1)
    order = np.lexsort((values, part))
    begins = np.flatnonzero(np.diff(part[order], prepend=-1))
    ends = np.append(begins[1:], at.size) - 1
    kept = np.union1d(order[begins], order[ends])
    return kept[np.argsort(at[kept], kind="stable")]
