"""Makes operations due and records how they end.

Closed arrival: each client is due when it becomes ready, and yields to the loop before it starts,
so that a saver which never yields is seen making the others wait. Open arrival: cycles are due by a
schedule that was made beforehand; ``bench.measure.pacer`` wakes the loop. What cannot start since
all places are taken queues and keeps its due time. So two lags are told apart: from due until the
loop came to it (the generator's, or of whoever held the loop), and from there until a place was
free (the system's).
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.contracts import Workload
from bench.measure.load_client import TURN, LoadClient
from bench.measure.pacer import Pacer, Schedule
from bench.measure.recorder import Recorder
from bench.measure.timing import CALLER, Clock, Saver
from bench.records.outcome import Outcome
from bench.scenario.arrival import Closed, Open, schedule_ns
from bench.scenario.metric import CYCLE

_NS_PER_S = 1_000_000_000
_NEVER_NS = sys.maxsize
_OK, _FAILED, _TIMED_OUT, _SHED = map(int, Outcome)
# After a failure a client's next cycle is due so long after the failed one began at the earliest,
# lest a broken saver be called in a busy loop. A time-out has lasted long enough by itself.
_AFTER_FAILURE_NS = 50_000_000
# An open load starts this much later, so that its first cycles are not late by its own making.
_LEAD_NS = 10_000_000


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered: an arrival, the seed of its draws, and an open one's due offsets in ns."""

    arrival: Closed | Open
    seed: int = 0
    offsets_ns: array[int] = field(default_factory=lambda: array("q"))

    @classmethod
    def of(cls, arrival: Closed | Open, seed: int, warmup_s: float, duration_s: float) -> Offer:
        """Make the schedule of an open arrival."""
        if isinstance(arrival, Closed):
            return cls(arrival, seed)
        return cls(arrival, seed, schedule_ns(arrival, seed, warmup_s, duration_s))


class _GivingUp:
    """Cancels the task that makes it ``after_s`` later, unless it ends before."""

    def __init__(self, after_s: float) -> None:
        self._task = asyncio.current_task()
        self.is_cancelled = False
        self._timer = asyncio.get_running_loop().call_later(after_s, self._cancel)

    def _cancel(self) -> None:
        self.is_cancelled = True
        if self._task is not None:
            self._task.cancel()

    def end(self) -> None:
        """Leave the task as it was."""
        self._timer.cancel()
        if self.is_cancelled and self._task is not None:
            self._task.uncancel()


class Load:
    """The load of one trial: starts clients, stops them at the end of the window, drains them."""

    def __init__(
        self,
        workload: Workload,
        offer: Offer,
        saver_for: Callable[[int], Saver],
        recorder: Recorder,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``sleep`` (seconds) is what the pacer's thread waits with."""
        arrival = offer.arrival
        self._workload = workload
        self._arrival = arrival
        self._recorder = recorder
        self._clock = clock
        self._seed = offer.seed
        self._sleep = sleep
        self._cycle_code = recorder.code(CYCLE)
        self._timeout_ns = round((arrival.timeout_s or 0.0) * _NS_PER_S)
        self._end_ns = _NEVER_NS
        # Cycles under way that were due before the end: while there are any, the load goes on.
        self._counted = 0
        self.clients = [LoadClient(index, saver_for, clock) for index in range(arrival.concurrency)]
        self._tasks: set[asyncio.Task[None]] = set()
        self._schedule = Schedule(offer.offsets_ns)
        # (due, when all places were found taken), in ns.
        self._queue: deque[tuple[int, int]] = deque()
        self._idle = [True] * arrival.concurrency
        self._places = arrival.concurrency
        self._pacer: Pacer | None = None
        self._cycles_before = [0] * arrival.concurrency
        # Of the cycles of the window, where the trial is broken by callers that give up.
        self.cancelled_share = 0.0
        self._draw = random.Random(f"{offer.seed}/cancelled")  # noqa: S311 - no secret

    async def prepare(self) -> None:
        """Let each client write what it must find; nothing of it is part of a measurement."""
        for client in self.clients:
            CALLER.set(client)
            client.begin(0)
            await self._workload.prepare(client)

    async def rehearse(self, is_enough: Callable[[], bool]) -> None:
        """Let all clients do cycles, without pauses, until ``is_enough``.

        The caller drops the samples. Errors are counted with the trial's, as those of the warm-up.
        """

        async def work(client: LoadClient) -> None:
            CALLER.set(client)
            while not is_enough():
                await TURN
                await self._cycle(client, self._clock(), 0)

        await asyncio.gather(*map(work, self.clients))

    def start(self) -> int:
        """Start the load and return the instant, in ns of the clock, from which schedules count."""
        self._cycles_before = [client.cycles for client in self.clients]
        if isinstance(self._arrival, Closed):
            start_ns = self._clock()
            self._tasks = {
                asyncio.create_task(self._closed(self._arrival, client)) for client in self.clients
            }
            return start_ns
        loop = asyncio.get_running_loop()
        start_ns = self._clock() + _LEAD_NS
        self._schedule.start(start_ns)
        self._pacer = Pacer(
            self._schedule,
            self._clock,
            self._sleep,
            lambda: loop.call_soon_threadsafe(self._release),
        )
        self._pacer.start()
        return start_ns

    @property
    def fewest_cycles(self) -> int:
        """How many cycles every client has finished at least, well or not."""
        return min(client.cycles for client in self.clients)

    @property
    def fewest_cycles_since_start(self) -> int:
        """How many of these every client has finished at least since the load was started."""
        before = self._cycles_before
        return min(client.cycles - before[client.index] for client in self.clients)

    def end_at(self, end_ns: int) -> None:
        """Let nothing that counts become due at or after ``end_ns``.

        A closed load stays at its full pressure until the last cycle that counts has ended, lest
        the slowest ones of the window end under a falling load. An open load ends by its schedule.
        """
        self._end_ns = end_ns

    async def drain(self, limit_s: float) -> None:
        """Wait until what was due has ended; after ``limit_s`` cut it off as timed out or shed."""
        if self._pacer is not None:
            await asyncio.to_thread(self._pacer.join)
            self._release()
        limit_ns = self._clock() + round(limit_s * _NS_PER_S)
        while self._tasks and self._clock() < limit_ns:
            left_s = max(0.0, (limit_ns - self._clock()) / _NS_PER_S)
            await asyncio.wait(set(self._tasks), timeout=left_s, return_when="FIRST_COMPLETED")
        self._recorder.giving_up = True
        while self._queue:
            due_ns, _ = self._queue.popleft()
            self._shed(due_ns, self._clock())
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=limit_s)

    async def _closed(self, arrival: Closed, client: LoadClient) -> None:
        CALLER.set(client)
        think_times_ns = arrival.think_times_ns(self._seed, client.index)
        clock = self._clock
        ready_ns = due_ns = clock()
        try:
            while due_ns < self._end_ns or self._counted:
                if due_ns > ready_ns:
                    await self._until(due_ns)
                else:
                    await TURN
                counts = due_ns < self._end_ns
                self._counted += counts
                try:
                    outcome = await self._cycle(client, due_ns, 0)
                finally:
                    self._counted -= counts
                ready_ns = due_ns = clock()
                if arrival.think_s:
                    due_ns += next(think_times_ns)
                if outcome == _FAILED:
                    due_ns = max(due_ns, client.started_ns + _AFTER_FAILURE_NS)
        finally:
            self._ended()

    async def _until(self, due_ns: int) -> None:
        """Yield to the loop once at least, and until ``due_ns``; a timer may fire early or late."""
        await asyncio.sleep(max(0.0, (due_ns - self._clock()) / _NS_PER_S))
        while self._clock() < due_ns:
            await TURN

    def _release(self) -> None:
        """Start what has become due, or queue it, or shed it."""
        now_ns = self._clock()
        most = self._arrival.max_backlog if isinstance(self._arrival, Open) else 0
        for number in self._schedule.take(now_ns):
            due_ns = self._schedule.due_ns(number)
            if self._places:
                serve = self._serve(self._place_for(number), due_ns)
                self._tasks.add(asyncio.create_task(serve))
            elif len(self._queue) < most and not self._recorder.giving_up:
                self._queue.append((due_ns, now_ns))
            else:
                self._shed(due_ns, now_ns)

    def _place_for(self, number: int) -> LoadClient:
        """Take a place. Which one goes round with the number, so that all arms use the same keys.

        Only where that place is still taken does the next free one serve.
        """
        index = number % len(self._idle)
        while not self._idle[index]:
            index = (index + 1) % len(self._idle)
        self._idle[index] = False
        self._places -= 1
        return self.clients[index]

    async def _serve(self, client: LoadClient, due_ns: int) -> None:
        CALLER.set(client)
        queued_ns = 0
        try:
            while True:
                await self._cycle(client, due_ns, queued_ns)
                self._release()
                if not self._queue or self._recorder.giving_up:
                    break
                due_ns, since_ns = self._queue.popleft()
                queued_ns = self._clock() - since_ns
                await TURN
        finally:
            self._idle[client.index] = True
            self._places += 1
            self._ended()

    def _ended(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.discard(task)

    async def _cycle(self, client: LoadClient, due_ns: int, queued_ns: int) -> int:
        """Do one cycle and return its outcome; only a cut-off by us is passed on."""
        outcome = _OK
        client.begin(due_ns)
        started_ns = client.started_ns = self._clock()
        limit_ns = due_ns + self._timeout_ns if self._timeout_ns else 0
        if limit_ns and started_ns >= limit_ns:
            self._shed(due_ns, limit_ns, queued_ns)
            return _SHED
        cut_off_ns = 0
        giving_up = self._giving_up(client) if self.cancelled_share else None
        try:
            if limit_ns:
                async with asyncio.timeout((limit_ns - started_ns) / _NS_PER_S) as scope:
                    await self._workload.cycle(client)
            else:
                await self._workload.cycle(client)
            self._recorder.acknowledged[self._cycle_code] += 1
        except asyncio.CancelledError as error:
            outcome = self._recorder.note(error)
            is_own_doing = giving_up is not None and giving_up.is_cancelled
            if outcome == _TIMED_OUT and (self._recorder.giving_up or not is_own_doing):
                raise
        # Whatever a saver raises is a result: it is counted by class, and the load goes on.
        except Exception as error:  # noqa: BLE001 - what a saver raises is counted
            if limit_ns and scope.expired():
                outcome, cut_off_ns = _TIMED_OUT, limit_ns
            else:
                outcome = self._recorder.note(error)
        finally:
            if giving_up is not None:
                giving_up.end()
            finished_ns = cut_off_ns or self._clock()
            client.cycles += 1
            client.last_ns = finished_ns - started_ns
            add, code, index = self._recorder.add, self._cycle_code, client.index
            add(code, index, due_ns, started_ns, 0, queued_ns, finished_ns, outcome)
            for name, at_ns in client.marks.items():
                code = self._recorder.code(name)
                add(code, index, due_ns, started_ns, 0, queued_ns, at_ns, outcome)
        return outcome

    def _giving_up(self, client: LoadClient) -> _GivingUp | None:
        """Have the cycle that begins be cancelled, if it is drawn, within what the last one took.

        Only those of the window, which is open once its end is known.
        """
        if self._end_ns == _NEVER_NS:
            return None
        is_drawn, part = self._draw.random() < self.cancelled_share, self._draw.random()
        return _GivingUp(part * client.last_ns / _NS_PER_S) if is_drawn else None

    def _shed(self, due_ns: int, at_ns: int, queued_ns: int = 0) -> None:
        """Record a cycle that was never started, with the time for which it had been due."""
        queued_ns = queued_ns or at_ns - due_ns
        self._recorder.add(self._cycle_code, -1, due_ns, at_ns, 0, queued_ns, at_ns, _SHED)
