"""Subjects that take exactly the time that a model says, without ever holding the event loop.

What a model delays is released by a thread at an absolute instant, in the same way on every loop:
the loops' own timers round differently. Checkpoints of a graph's input are served at once, so that
preparing the threads takes no time and the model begins with the load.
"""

from __future__ import annotations

import asyncio
import heapq
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple
from pydantic import Field

from bench.contracts import PluginOptions
from bench.selftest.queues import Distribution, Servers, service_times_ns
from bench.subjects.null import NullSaver, NullSubject

_NS_PER_S = 1_000_000_000

Clock = Callable[[], int]


class Releases:
    """A thread that completes futures of ``loop`` at absolute instants of ``clock`` (ns)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self._loop = loop
        self._clock = clock
        self._changed = threading.Condition()
        self._numbers = count()
        self._due: list[tuple[int, int, asyncio.Future[None]]] = []
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="releases", daemon=True)
        self._thread.start()

    def at(self, due_ns: int) -> asyncio.Future[None]:
        """Return a future that completes at ``due_ns``, never before."""
        future: asyncio.Future[None] = self._loop.create_future()
        with self._changed:
            heapq.heappush(self._due, (due_ns, next(self._numbers), future))
            if self._due[0][2] is future:
                self._changed.notify()
        return future

    def close(self) -> None:
        """End the thread; what is not released by then never is."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                left_ns = self._due[0][0] - self._clock() if self._due else None
                if left_ns is None or left_ns > 0:
                    self._changed.wait(None if left_ns is None else left_ns / _NS_PER_S)
                else:
                    _, _, future = heapq.heappop(self._due)
                    self._loop.call_soon_threadsafe(_complete, future)


def _complete(future: asyncio.Future[None]) -> None:
    # The caller may have been cut off meanwhile.
    if not future.done():
        future.set_result(None)


class SimulatedSaver(NullSaver):
    """Keeps what :class:`NullSaver` keeps, and first holds back as the subclass says."""

    def __init__(self, options: PluginOptions, releases: Releases, clock: Clock) -> None:
        super().__init__()
        self.options = options
        self._releases = releases
        self._clock = clock

    async def hold_put(self) -> None:
        """Hold back a put of the load."""

    async def hold_others(self) -> None:
        """Hold back a read, or a task's writes."""

    async def aput(self, config: RunnableConfig, *given: Any) -> RunnableConfig:
        _, metadata, _ = given
        if metadata["source"] != "input":
            await self.hold_put()
        return await super().aput(config, *given)

    async def aput_writes(
        self, config: RunnableConfig, writes: Any, task_id: str, task_path: str = ""
    ) -> None:
        await self.hold_others()

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        await self.hold_others()
        return await super().aget_tuple(config)


class SimulatedSubject(NullSubject):
    """One saver of ``saver_class`` for all clients."""

    packages: ClassVar[tuple[str, ...]] = ()
    saver_class: ClassVar[type[SimulatedSaver]]
    _releases: Releases | None = None

    async def open(self, clients: int) -> None:
        clock = time.perf_counter_ns
        self._releases = Releases(asyncio.get_running_loop(), clock)
        self._saver = self.saver_class(self.options, self._releases, clock)

    async def close(self) -> None:
        if self._releases is not None:
            self._releases.close()


class FixedServiceOptions(PluginOptions):
    """How long each put takes."""

    service_s: float = Field(default=0.005, gt=0.0, le=10.0)


class _FixedServiceSaver(SimulatedSaver):
    options: FixedServiceOptions

    async def hold_put(self) -> None:
        await self._releases.at(self._clock() + round(self.options.service_s * _NS_PER_S))


class FixedServiceSubject(SimulatedSubject):
    """Every put takes the same time, however many are under way."""

    Options = FixedServiceOptions
    saver_class = _FixedServiceSaver


class StalledOptions(PluginOptions):
    """After how many puts of the load everything stands still, and for how long."""

    after_puts: int = Field(default=100, ge=1)
    stall_s: float = Field(default=0.4, gt=0.0, le=10.0)


class _StalledSaver(SimulatedSaver):
    options: StalledOptions
    _puts = 0
    _until_ns = 0

    async def hold_put(self) -> None:
        self._puts += 1
        if self._puts == self.options.after_puts:
            self._until_ns = self._clock() + round(self.options.stall_s * _NS_PER_S)
        await self.hold_others()

    async def hold_others(self) -> None:
        if self._clock() < self._until_ns:
            await self._releases.at(self._until_ns)


class StalledSubject(SimulatedSubject):
    """Takes no time, but for one stall in which nothing is answered: a server that stops."""

    Options = StalledOptions
    saver_class = _StalledSaver


class QueueOptions(PluginOptions):
    """How many servers, and how long each serves a put; ``seed`` draws exponential times."""

    servers: int = Field(default=1, ge=1, le=1_000)
    service_s: float = Field(default=0.005, gt=0.0, le=10.0)
    distribution: Distribution = "fixed"
    seed: int = 0

    def model(self) -> Servers:
        """Return idle servers with the service times of these options."""
        services_ns = service_times_ns(self.distribution, self.service_s, self.seed)
        return Servers(self.servers, services_ns)


class _QueueSaver(SimulatedSaver):
    options: QueueOptions

    def __init__(self, options: PluginOptions, releases: Releases, clock: Clock) -> None:
        super().__init__(options, releases, clock)
        self._servers = self.options.model()

    async def hold_put(self) -> None:
        await self._releases.at(self._servers.departure_ns(self._clock()))


class QueueSubject(SimulatedSubject):
    """Puts queue for a few servers; other operations take no time."""

    Options = QueueOptions
    saver_class = _QueueSaver
