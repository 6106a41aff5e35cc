"""Wakes the event loop when cycles become due, in the same way for every kind of loop.

Timers of the loop are not used: the selector loop rounds them up to a millisecond, uvloop caches
its clock. A thread sleeps until the next due time and wakes the loop; the loop takes all that has
become due, on each such wake-up and whenever a cycle ends, so that a busy loop need not wait until
the thread gets the interpreter lock.
"""

from __future__ import annotations

import asyncio
import threading
from array import array
from collections.abc import Callable

Clock = Callable[[], int]

_NS_PER_S = 1e9
# The pacer looks this often whether it shall stop, however low the rate.
_LONGEST_SLEEP_S = 0.05


class Schedule:
    """Due times, taken one after the other by the loop's thread alone."""

    def __init__(self, offsets_ns: array[int]) -> None:
        """``offsets_ns`` count from the start of the load and ascend."""
        self._offsets_ns = offsets_ns
        self._start_ns = 0
        self.taken = 0

    def __len__(self) -> int:
        return len(self._offsets_ns)

    def start(self, start_ns: int) -> None:
        """Let the offsets count from ``start_ns``."""
        self._start_ns = start_ns

    def due_ns(self, number: int) -> int:
        """Return when cycle ``number`` (0, 1, …) is due, in ns of the clock."""
        return self._start_ns + self._offsets_ns[number]

    def take(self, now_ns: int) -> range:
        """Return the numbers of the cycles that have become due and were not taken before."""
        first = self.taken
        while self.taken < len(self._offsets_ns) and self.due_ns(self.taken) <= now_ns:
            self.taken += 1
        return range(first, self.taken)


class Pacer(threading.Thread):
    """Calls ``wake`` when a cycle is due that the loop has not taken by itself."""

    def __init__(
        self,
        schedule: Schedule,
        clock: Clock,
        sleep: Callable[[float], None],
        wake: Callable[[], object],
    ) -> None:
        """``sleep`` takes seconds; ``wake`` is called in this thread."""
        super().__init__(name="pacer", daemon=True)
        self._schedule = schedule
        self._clock = clock
        self._sleep = sleep
        self._wake = wake
        self._stopped = False

    def stop(self) -> None:
        """Let the thread end, at the latest with its present sleep."""
        self._stopped = True

    def run(self) -> None:
        """Wait for each due time in turn; late or not, one wake-up serves all that is due."""
        number = 0
        while number < len(self._schedule) and not self._stopped:
            number = max(number, self._schedule.taken)
            if number == len(self._schedule):
                return
            left_ns = self._schedule.due_ns(number) - self._clock()
            if left_ns > 0:
                self._sleep(min(left_ns / _NS_PER_S, _LONGEST_SLEEP_S))
                continue
            now_ns = self._clock()
            while number < len(self._schedule) and self._schedule.due_ns(number) <= now_ns:
                number += 1
            self._wake()


async def sleep_beside(seconds: float) -> None:
    """Sleep without a timer of the running loop: that would give each of its waits a limit.

    Such a limit costs two looks at the clock and a timer of the system, each time. The thread is
    none of the loop's own, which may be the saver's.
    """
    is_over = asyncio.Event()
    wake = asyncio.get_running_loop().call_soon_threadsafe
    timer = threading.Timer(max(0.0, seconds), wake, (is_over.set,))
    timer.start()
    try:
        await is_over.wait()
    finally:
        timer.cancel()
