"""The clock of all measuring."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

now_ns: Callable[[], int] = time.perf_counter_ns


class Resolution(NamedTuple):
    """What one reading of a clock costs on average, and its smallest step; 0 if it stood still."""

    cost_ns: int
    step_ns: int


def resolution_ns(clock: Callable[[], int], samples: int) -> Resolution:
    """Read ``clock`` ``samples`` times (at least twice) in a row and tell cost and step, in ns."""
    read = [clock() for _ in range(samples)]
    steps = [after - before for before, after in pairwise(read) if after > before]
    return Resolution((read[-1] - read[0]) // (samples - 1), min(steps, default=0))
