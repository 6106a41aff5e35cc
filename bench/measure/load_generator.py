"""Makes operations due and records how they end.

Closed arrival: each client is due when it becomes ready, and yields to the loop before it starts,
so that a saver which never yields is seen making the others wait. Open arrival: a pacer thread
hands due cycles to the loop. It is the same for every kind of loop and uses no timer of theirs,
since those round and cache (selector up to 1 ms, uvloop a cached clock). What cannot start keeps
its due time.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

from bench.contracts import Workload
from bench.measure.recorder import Recorder
from bench.measure.timing import CLIENT, DUE, Clock, Saver
from bench.records.outcome import Outcome
from bench.spec.arrival import Closed, Constant
from bench.spec.metric import CYCLE

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_NS_PER_S = 1_000_000_000
_NEVER_NS = sys.maxsize
# A client whose cycle failed waits this long, lest a broken saver be called in a busy loop.
_AFTER_FAILURE_NS = 50_000_000
# The pacer looks this often whether the load has ended, however low its rate.
_LONGEST_WAIT_S = 0.1


class LoadClient:
    """One concurrent caller; what a workload knows as ``bench.contracts.Client``."""

    def __init__(self, index: int, saver_for: Callable[[int], Saver], clock: Clock) -> None:
        self.index = index
        self._saver_for = saver_for
        self._clock = clock
        self._cycle_due_ns = 0
        self.marks: dict[str, int] = {}
        self.cycles = 0

    def begin(self, due_ns: int) -> None:
        """Start a cycle: its first operation was due when the cycle was."""
        self._cycle_due_ns = due_ns
        self.marks.clear()
        DUE.set(0)

    def saver(self) -> Saver:
        """Return the saver to use for the next operation."""
        return self._saver_for(self.index)

    def perform(
        self,
        method: Callable[Arguments, Awaitable[Result]],
        *arguments: Arguments.args,
        **keywords: Arguments.kwargs,
    ) -> Awaitable[Result]:
        """Make a saver method one operation that is due now, and is run after yielding to the loop.

        LangGraph makes every saver call a task of its own, so the loop runs others before it. The
        first of a cycle was due when the cycle was, which has yielded already.
        """
        cycle_due_ns, self._cycle_due_ns = self._cycle_due_ns, 0
        due_ns = cycle_due_ns or self._clock()

        async def performed() -> Result:
            if not cycle_due_ns:
                await asyncio.sleep(0)
            DUE.set(due_ns)
            return await method(*arguments, **keywords)

        return performed()

    def mark(self, name: str) -> None:
        """Note the instant as the (so far) last of its ``name`` in this cycle."""
        self.marks[name] = self._clock()


class Load:
    """The load of one trial: starts clients, stops them at the end of the window, drains them."""

    def __init__(
        self,
        workload: Workload,
        arrival: Closed | Constant,
        saver_for: Callable[[int], Saver],
        recorder: Recorder,
        clock: Clock,
    ) -> None:
        self._workload = workload
        self._arrival = arrival
        self._recorder = recorder
        self._clock = clock
        self._end_ns = _NEVER_NS
        # Cycles under way that were due before the end: while there are any, the load goes on.
        self._counted = 0
        self.clients = [LoadClient(index, saver_for, clock) for index in range(arrival.concurrency)]
        self._tasks: set[asyncio.Task[None]] = set()
        self._queue: deque[int] = deque()
        self._free: deque[LoadClient] = deque()
        self._pacer: _Pacer | None = None

    async def prepare(self) -> None:
        """Let each client write what it must find; nothing of it is part of a measurement."""
        for client in self.clients:
            CLIENT.set(client.index)
            client.begin(0)
            await self._workload.prepare(client)

    def start(self) -> int:
        """Start the load and return the instant, in ns of the clock, from which schedules count."""
        start_ns = self._clock()
        if isinstance(self._arrival, Closed):
            self._tasks = {asyncio.create_task(self._closed(client)) for client in self.clients}
        else:
            self._free.extend(self.clients)
            loop = asyncio.get_running_loop()
            self._pacer = _Pacer(self._arrival, start_ns, self._clock, self._release, loop)
            self._pacer.start()
        return start_ns

    def is_warm(self, cycles: int) -> bool:
        """Tell whether every client of a closed load has finished that many cycles."""
        is_open = isinstance(self._arrival, Constant)
        return is_open or all(client.cycles >= cycles for client in self.clients)

    def end_at(self, end_ns: int) -> None:
        """Let nothing that counts become due at or after ``end_ns``.

        A closed load stays at its full pressure until the last cycle that counts has ended, lest
        the slowest ones of the window end under a falling load.
        """
        self._end_ns = end_ns
        if self._pacer is not None:
            self._pacer.end_ns = end_ns

    async def drain(self, limit_s: float) -> None:
        """Wait until what was due has ended; after ``limit_s`` cut it off as timed out or shed."""
        if self._pacer is not None:
            await asyncio.to_thread(self._pacer.join)
            # The pacer's last callbacks are queued before this one is resumed.
            await asyncio.sleep(0)
        limit_ns = self._clock() + round(limit_s * _NS_PER_S)
        while self._tasks and self._clock() < limit_ns:
            left_s = max(0.0, (limit_ns - self._clock()) / _NS_PER_S)
            await asyncio.wait(set(self._tasks), timeout=left_s, return_when="FIRST_COMPLETED")
        self._recorder.giving_up = True
        now_ns = self._clock()
        while self._queue:
            self._record(CYCLE, -1, self._queue.popleft(), now_ns, now_ns, Outcome.SHED)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=limit_s)

    async def _closed(self, client: LoadClient) -> None:
        CLIENT.set(client.index)
        think_ns = round(getattr(self._arrival, "think_s", 0.0) * _NS_PER_S)
        due_ns = self._clock()
        try:
            while due_ns < self._end_ns or self._counted:
                await self._until(due_ns)
                counts = due_ns < self._end_ns
                self._counted += counts
                try:
                    succeeded = await self._cycle(client, due_ns)
                finally:
                    self._counted -= counts
                pause_ns = max(think_ns, 0 if succeeded else _AFTER_FAILURE_NS)
                due_ns = self._clock() + pause_ns
        finally:
            task = asyncio.current_task()
            if task is not None:
                self._tasks.discard(task)

    async def _until(self, due_ns: int) -> None:
        """Yield to the loop once at least, and until ``due_ns``; a timer may fire early or late."""
        left_s = max(0, due_ns - self._clock()) / _NS_PER_S
        await asyncio.sleep(left_s)
        while self._clock() < due_ns:  # noqa: ASYNC110 - waits for time, which nobody signals
            await asyncio.sleep(0)

    def _release(self, due_ns: list[int]) -> None:
        self._queue.extend(due_ns)
        while self._queue and self._free:
            serve = self._serve(self._free.popleft(), self._queue.popleft())
            self._tasks.add(asyncio.create_task(serve))

    async def _serve(self, client: LoadClient, due_ns: int) -> None:
        CLIENT.set(client.index)
        try:
            await self._cycle(client, due_ns)
            while self._queue and not self._recorder.giving_up:
                due_ns = self._queue.popleft()
                await asyncio.sleep(0)
                await self._cycle(client, due_ns)
        finally:
            self._free.append(client)
            task = asyncio.current_task()
            if task is not None:
                self._tasks.discard(task)

    async def _cycle(self, client: LoadClient, due_ns: int) -> bool:
        outcome = int(Outcome.OK)
        client.begin(due_ns)
        started_ns = self._clock()
        try:
            await self._workload.cycle(client)
            self._recorder.acknowledged[self._recorder.code(CYCLE)] += 1
        except asyncio.CancelledError as error:
            outcome = self._recorder.note(error)
            raise
        # Whatever a saver raises is a result: it is counted by class, and the load goes on.
        except Exception as error:  # noqa: BLE001
            outcome = self._recorder.note(error)
        finally:
            finished_ns = self._clock()
            client.cycles += 1
            self._record(CYCLE, client.index, due_ns, started_ns, finished_ns, outcome)
            for name, at_ns in client.marks.items():
                self._record(name, client.index, due_ns, started_ns, at_ns, outcome)
        return outcome == Outcome.OK

    def _record(
        self, name: str, client: int, due: int, started: int, finished: int, outcome: int
    ) -> None:
        code = self._recorder.code(name)
        self._recorder.add((code, client, due, started, 0, 0, finished, int(outcome)))


class _Pacer(threading.Thread):
    """Hands all cycles that have become due to the loop, each with its planned due time."""

    def __init__(
        self,
        arrival: Constant,
        start_ns: int,
        clock: Clock,
        release: Callable[[list[int]], Any],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(name="pacer", daemon=True)
        self._arrival = arrival
        self._start_ns = start_ns
        self._clock = clock
        self._release = release
        self._loop = loop
        self._never = threading.Event()
        self.end_ns = _NEVER_NS

    def run(self) -> None:
        """Wait for each due time in turn; late or not, all that is due goes out on one wake-up."""
        index = 0
        due_ns = self._due(0)
        while due_ns < self.end_ns:
            left_ns = due_ns - self._clock()
            if left_ns > 0:
                self._never.wait(min(left_ns / _NS_PER_S, _LONGEST_WAIT_S))
                continue
            ready: list[int] = []
            now_ns = self._clock()
            while due_ns <= now_ns and due_ns < self.end_ns:
                ready.append(due_ns)
                index += 1
                due_ns = self._due(index)
            self._loop.call_soon_threadsafe(self._release, ready)

    def _due(self, index: int) -> int:
        return self._start_ns + self._arrival.due_offset_ns(index)
