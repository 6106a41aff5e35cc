"""How an operation ended, and the columns of a sample.

Apart from ``bench.records.sample`` so that a worker need not import numpy, whose threads and memory
would count as the saver's.
"""

from __future__ import annotations

from enum import IntEnum

COLUMNS = (
    *("operation", "client", "due", "started"),
    *("lock_wait", "pool_wait", "finished", "outcome"),
)


class Outcome(IntEnum):
    """How an operation ended.

    ``TIMED_OUT``: cut off by us; its finish is when we gave up, so its times are lower bounds.
    ``SHED``: it was due, but never started; its finish is when that was decided.
    """

    OK = 0
    FAILED = 1
    TIMED_OUT = 2
    SHED = 3
