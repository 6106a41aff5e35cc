"""A Postgres saver that is slower by a known share.

It holds the event loop at the end of each operation, for ``slower_by`` of the time since it last
held it. So all time passes 1 + ``slower_by`` times as slowly for the worker, however many clients
share it. Sleeping would not do: timers are coarser than a share of a millisecond, and while one
client sleeps the others get faster. What the server does while the loop is held is not slowed, and
the calls of this class take time, too, which all clients of the loop feel: by how much it is slower
has to be measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from pydantic import Field

from bench.subjects.postgres import PostgresOptions, PostgresSubject

Clock = Callable[[], int]


class Stretch:
    """Makes time pass 1 + ``slower_by`` times as slowly on ``clock`` (ns), by looking at it."""

    def __init__(self, slower_by: float, clock: Clock = time.perf_counter_ns) -> None:
        self._slower_by = slower_by
        self._clock = clock
        self._last_ns: int | None = None

    def hold(self) -> None:
        """Return when what has passed since the last call is stretched; the first call begins."""
        now_ns = self._clock()
        if self._last_ns is not None:
            until_ns = now_ns + round(self._slower_by * (now_ns - self._last_ns))
            while now_ns < until_ns:
                now_ns = self._clock()
        self._last_ns = now_ns


class SlowedSaver(AsyncPostgresSaver):
    """Ends each operation with a hold."""

    stretch: Stretch

    async def aput(self, config: RunnableConfig, *rest: Any) -> RunnableConfig:
        """Store a checkpoint."""
        stored = await super().aput(config, *rest)
        self.stretch.hold()
        return stored

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Store a task's writes."""
        await super().aput_writes(config, writes, task_id, task_path)
        self.stretch.hold()

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read the latest checkpoint."""
        found = await super().aget_tuple(config)
        self.stretch.hold()
        return found


class SlowedOptions(PostgresOptions):
    """Those of ``postgres``; a share of 0.05 is 5 %."""

    slower_by: float = Field(ge=0.0, le=10.0)


class SlowedPostgres(PostgresSubject):
    """``postgres`` with a pool and a saver for each client, slowed."""

    Options: ClassVar[type[PostgresOptions]] = SlowedOptions
    options: SlowedOptions

    async def open(self, clients: int) -> None:
        """Open as ``postgres`` does, then put slowed savers in the place of its own."""
        await super().open(clients)
        stretch = Stretch(self.options.slower_by)
        slowed = [SlowedSaver(saver.conn) for saver in self._savers]
        for saver in slowed:
            saver.stretch = stretch
        self._savers = list(slowed)
