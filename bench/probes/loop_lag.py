"""How long something that is ready to run waits until the event loop runs it."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

from bench.contracts import ReadingKind, Subject, WorkerProbe
from bench.probes._beat import beat
from bench.records.trial import Reading

INTERVAL_NS = 10_000_000
_FROM_READY = "from when something was ready to run until the loop ran it"

Clock = Callable[[], int]


def answered(due_ns: int, now_ns: int, interval_ns: int) -> range:
    """Return the lags, in ns, of all pings that a loop answers as it comes to them at ``now_ns``.

    Pings are due at ``due_ns`` and every ``interval_ns`` from there. One that came due while the
    loop was blocked counts although it was never sent: a block of a second is not one bad value
    among a thousand good ones, it is 100 bad ones (Gil Tene's correction for coordinated omission).
    Empty when none is due yet.
    """
    return range(now_ns - due_ns, -1, -interval_ns)


def quantile(ordered: Sequence[int], share: float) -> int:
    """Return the smallest of the ``ordered`` values (at least one) that ``share`` do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class PingSchedule:
    """Which ping is due, the lags of those that were answered, and when the loop was late."""

    def __init__(self, start_ns: int, interval_ns: int) -> None:
        """Make a schedule whose first ping is due one interval after ``start_ns``."""
        self.due_ns = start_ns + interval_ns
        self.lags_ns = array("q")
        self._late_since_ns = array("q")
        self._late_for_ns = array("q")
        self._interval_ns = interval_ns

    def answer(self, now_ns: int) -> None:
        """Note that the loop came to every ping that is due at ``now_ns``."""
        lags_ns = answered(self.due_ns, now_ns, self._interval_ns)
        if not lags_ns:
            return
        self._late_since_ns.append(self.due_ns)
        self._late_for_ns.append(lags_ns[0])
        self.lags_ns.extend(lags_ns)
        self.due_ns += len(lags_ns) * self._interval_ns

    @property
    def spans(self) -> Iterator[tuple[int, int]]:
        """From when the loop was late, and for how long, in ns: once for all pings it missed."""
        return zip(self._late_since_ns, self._late_for_ns, strict=True)


class LoopLag(WorkerProbe):
    """Asks the loop every 10 ms how late it comes to a beat.

    Each beat wakes a loop that sleeps, at the cost of what is measured: hence no more than that.
    Where they are timers of the loop, as with Proactor, its rounding shows. The null subject shows
    each loop's floor.
    A thread that pings from outside would show the interpreter lock's queue instead: a loop that
    polls takes the lock back before a waiting thread gets it, and so seems to stand still while it
    runs thousands of callbacks; besides, that thread slows down what is measured.

    The loop's CPU share tells lags apart: high with a loop that computes, low with one that is
    blocked.
    """

    readings: ClassVar[Mapping[str, ReadingKind]] = {
        "loop_lag.p50": ReadingKind("ns", "lower", f"median time {_FROM_READY}"),
        "loop_lag.p99": ReadingKind("ns", "lower", f"99th percentile of the time {_FROM_READY}"),
        "loop_lag.max": ReadingKind("ns", "lower", f"longest time {_FROM_READY}"),
        "loop.cpu_share": ReadingKind(
            "ratio", "lower", "CPU time of the event loop's thread per time; 1 is a full core"
        ),
    }

    def __init__(
        self,
        clock: Clock = time.perf_counter_ns,
        thread_cpu_clock: Clock = time.thread_time_ns,
    ) -> None:
        self._clock = clock
        self._thread_cpu_clock = thread_cpu_clock

    async def start(self, subject: Subject) -> None:
        self._start_cpu_ns = self._thread_cpu_clock()
        self._start_ns = self._clock()
        self._schedule = PingSchedule(self._start_ns, INTERVAL_NS)
        self._end_beat = beat(INTERVAL_NS, self._on_beat)

    async def stop(self, checkpoints: int) -> Sequence[Reading]:
        """End. A ping that is still unanswered counts with its time so far."""
        del checkpoints
        now_ns, now_cpu_ns = self._clock(), self._thread_cpu_clock()
        self._end_beat()
        self._schedule.answer(now_ns)
        return self._readings(now_ns - self._start_ns, now_cpu_ns - self._start_cpu_ns)

    def _on_beat(self) -> None:
        self._schedule.answer(self._clock())

    def _readings(self, wall_ns: int, cpu_ns: int) -> list[Reading]:
        ordered = sorted(self._schedule.lags_ns)
        readings = [
            self.reading(f"loop_lag.{name}", quantile(ordered, share))
            for name, share in {"p50": 0.50, "p99": 0.99}.items()
            if ordered
        ]
        if ordered:
            spans = self._schedule.spans
            readings.append(self.reading("loop_lag.max", ordered[-1], spans=spans))
        if wall_ns > 0:
            readings.append(self.reading("loop.cpu_share", cpu_ns / wall_ns))
        return readings
