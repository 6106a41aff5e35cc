"""How long something that is ready to run waits until the event loop runs it."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from array import array
from collections.abc import Callable, Sequence

from bench.contracts import Subject, WorkerProbe
from bench.records.trial import Reading

INTERVAL_NS = 5_000_000
_NS_PER_S = 1_000_000_000

Clock = Callable[[], int]


def answered(due_ns: int, now_ns: int, interval_ns: int) -> range:
    """Return the lags, in ns, of all pings that a loop answers as it comes to them at ``now_ns``.

    Pings are due at ``due_ns`` and every ``interval_ns`` from there. One that came due while the
    loop was blocked counts although it was never sent: a block of a second is not one bad value
    among a thousand good ones, it is 200 bad ones (Gil Tene's correction for coordinated omission).
    Empty when none is due yet.
    """
    return range(now_ns - due_ns, -1, -interval_ns)


def quantile(ordered: Sequence[int], share: float) -> int:
    """Return the smallest of the ``ordered`` values (at least one) that ``share`` do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class PingSchedule:
    """Which ping is due, and the lags of those that were answered; used from the loop's thread."""

    def __init__(self, start_ns: int, interval_ns: int) -> None:
        """Make a schedule whose first ping is due one interval after ``start_ns``."""
        self.due_ns = start_ns + interval_ns
        self.lags_ns = array("q")
        self._interval_ns = interval_ns

    def answer(self, now_ns: int) -> None:
        """Note that the loop came to every ping that is due at ``now_ns``."""
        lags_ns = answered(self.due_ns, now_ns, self._interval_ns)
        self.lags_ns.extend(lags_ns)
        self.due_ns += len(lags_ns) * self._interval_ns


class LoopLag(WorkerProbe):
    """Pings the loop every 5 ms from a thread with ``call_soon_threadsafe``.

    The loop's timers play no part, so their rounding (selector: 1 ms) and cached clocks (uvloop)
    do not show. A lag counts from when the ping was due: the thread needs the interpreter lock
    before it can stamp anything, and a stamp taken then would leave out what a busy loop made it
    wait. The price is that the thread's own waking up, some 0.1 ms, is part of every lag; the null
    subject shows it.

    The loop's CPU share tells lags apart: high with a loop that computes, low with one that is
    blocked.
    """

    def __init__(
        self,
        clock: Clock = time.perf_counter_ns,
        thread_cpu_clock: Clock = time.thread_time_ns,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take both clocks in ns, and ``pause``, which waits a number of seconds."""
        self._clock = clock
        self._thread_cpu_clock = thread_cpu_clock
        self._pause = pause
        self._is_stopping = False
        self._is_sent = False

    async def start(self, subject: Subject) -> None:
        """Start the pinging thread."""
        del subject
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._start_cpu_ns = self._thread_cpu_clock()
        self._start_ns = self._clock()
        self._schedule = PingSchedule(self._start_ns, INTERVAL_NS)
        self._thread = threading.Thread(target=self._ping, name="loop_lag", daemon=True)
        self._thread.start()

    async def stop(self, checkpoints: int) -> Sequence[Reading]:
        """End the thread. A ping that is still unanswered counts with its time so far."""
        del checkpoints
        now_ns, now_cpu_ns = self._clock(), self._thread_cpu_clock()
        self._schedule.answer(now_ns)
        self._is_stopping = True
        # The thread wakes within one interval; joining at once would block the loop until then.
        await self._ended
        self._thread.join()
        return self._readings(now_ns - self._start_ns, now_cpu_ns - self._start_cpu_ns)

    def _ping(self) -> None:
        try:
            while not self._is_stopping and not self._loop.is_closed():
                self._pause(self._until_next_ns() / _NS_PER_S)
                if not self._is_sent and self._schedule.due_ns <= self._clock():
                    self._is_sent = True
                    self._call(self._pinged)
        finally:
            self._call(self._end)

    def _until_next_ns(self) -> int:
        """Return the time to the next instant at which a ping can be due, also while one is out."""
        return INTERVAL_NS - (self._clock() - self._start_ns) % INTERVAL_NS

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            # The trial failed and its loop was closed: nobody is left to tell.
            self._is_stopping = True

    def _pinged(self) -> None:
        self._is_sent = False
        if not self._is_stopping:
            self._schedule.answer(self._clock())

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def _readings(self, wall_ns: int, cpu_ns: int) -> list[Reading]:
        ordered = sorted(self._schedule.lags_ns)
        described = (
            ("p50", 0.50, "median time"),
            ("p99", 0.99, "99th percentile of the time"),
            ("max", 1.00, "longest time"),
        )
        readings = [
            Reading(
                name=f"loop_lag.{name}",
                value=float(quantile(ordered, share)),
                unit="ns",
                better="lower",
                description=f"{text} from when something was ready to run until the loop ran it",
            )
            for name, share, text in described
            if ordered
        ]
        if wall_ns > 0:
            readings.append(
                Reading(
                    name="loop.cpu_share",
                    value=cpu_ns / wall_ns,
                    unit="ratio",
                    better="lower",
                    description="CPU time of the event loop's thread per time; 1 is a full core",
                )
            )
        return readings
