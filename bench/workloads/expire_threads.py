"""What is left of a thread whose time to live has ended, in keys and in the search indexes."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Literal

from langchain_core.runnables import RunnableConfig
from pydantic import Field

from bench.checkpoints import Saver, config_of
from bench.contracts import Client, PluginOptions, Workload
from bench.errors import UnsupportedError
from bench.systems.redis_expiry import entries_of, keys_of
from bench.workloads._shapes.checkpoint import put_step

_BETWEEN_READS_S = 0.2


class ExpireThreadsOptions(PluginOptions):
    """A thread of ``steps`` checkpoints with writes is left alone for ``left_alone_s`` seconds.

    ``meanwhile``: ``nothing``; ``reads`` of its latest checkpoint; or ``late_writes``: once it has
    expired, a task that was still at work delivers its writes, and it is left alone again.
    """

    steps: int = Field(default=3, ge=1, le=1_000)
    left_alone_s: float = Field(default=1.6, gt=0.0, le=600.0)
    meanwhile: Literal["nothing", "reads", "late_writes"] = "nothing"


class ExpireThreadsWorkload(Workload):
    """Each cycle makes a thread, leaves it alone, and marks what there is of it then.

    ``clean``: no key and no entry of an index. Else ``keys_left`` and ``entries_left``, and of a
    thread that can still be read ``readable``, with ``history_cut`` where older checkpoints of it
    are gone. At the end the thread is deleted, with every key that has its name.
    """

    Options: ClassVar[type[PluginOptions]] = ExpireThreadsOptions
    options: ExpireThreadsOptions
    needs_package = "langgraph-checkpoint-redis"
    marks = ("clean", "keys_left", "entries_left", "readable", "history_cut")

    async def prepare(self, client: Client) -> None:
        _redis_of(client.saver())

    async def cycle(self, client: Client) -> None:
        thread_id = self.thread_id(client.index, self.next_number(client.index))
        saver, redis = client.saver(), _redis_of(client.saver())
        latest = config_of(thread_id)
        written: list[RunnableConfig] = []
        for step in range(self.options.steps):
            state = self.payload.state(client.index, step)
            latest = await put_step(client, latest, step, state, step + 1)
            written.append(latest)
            await self._write(client, latest, step)
        keys = await keys_of(redis, thread_id)
        await self._leave_alone(client, thread_id)
        if self.options.meanwhile == "late_writes":
            await self._write(client, latest, self.options.steps)
            keys |= await keys_of(redis, thread_id)
            await self._leave_alone(client, thread_id)
        await self._mark(client, thread_id, keys, written)
        await client.perform(saver.adelete_thread, thread_id)
        if left := await keys_of(redis, thread_id):
            await redis.delete(*left)

    async def _mark(
        self, client: Client, thread_id: str, keys: frozenset[str], written: list[RunnableConfig]
    ) -> None:
        redis = _redis_of(client.saver())
        left, entries = await keys_of(redis, thread_id), await entries_of(redis, keys)
        facts = {"clean": not left and not entries, "keys_left": left, "entries_left": entries}
        if left and self.options.meanwhile == "reads":
            there = [await client.perform(client.saver().aget_tuple, each) for each in written]
            facts |= {"readable": there[-1], "history_cut": there[-1] and None in there}
        self.mark(client, facts)

    async def _leave_alone(self, client: Client, thread_id: str) -> None:
        if self.options.meanwhile != "reads":
            await asyncio.sleep(self.options.left_alone_s)
            return
        for _ in range(round(self.options.left_alone_s / _BETWEEN_READS_S)):
            # By its thread alone, as a run reads it.
            await client.perform(client.saver().aget_tuple, config_of(thread_id))
            await asyncio.sleep(_BETWEEN_READS_S)

    async def _write(self, client: Client, config: RunnableConfig, step: int) -> None:
        writes = [("state", self.payload.state(client.index, step)), ("branch:to:next", None)]
        task_id = f"{step:08x}-0000-0000-0000-{client.index:012x}"
        await client.perform(client.saver().aput_writes, config, writes, task_id)


def _redis_of(saver: Saver) -> Any:
    redis = getattr(saver, "_redis", None)
    if redis is None:
        raise UnsupportedError("expire_threads looks into Redis, and this saver is not of Redis")
    return redis
