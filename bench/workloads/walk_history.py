"""Threads are read, listed and deleted in a store that is full of them."""

from __future__ import annotations

import random
from functools import cached_property
from itertools import accumulate
from typing import Any, ClassVar, Literal, Self

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointMetadata
from pydantic import Field, model_validator

from bench.checkpoints import checkpoint_of, config_of
from bench.contracts import Client, PluginOptions, Workload
from bench.errors import UnsupportedError
from bench.scenario.scenario import Preload
from bench.workloads._shapes.checkpoint import CHANNEL


class WalkHistoryOptions(PluginOptions):
    """How full the store is, where it is not a prepared one, and what is asked of it.

    ``read``: a thread's ``latest`` checkpoint; its ``whole`` history; its newest, at most
    ``limit``; so many ``before`` the checkpoint in its middle; the one of a step, by a ``filter``
    of the metadata; or so many of all threads, with no thread given (``everything``). ``delete``
    deletes a thread of a prepared store, and looks for it. Threads are taken in turn; with a
    ``zipf`` above 0 they are drawn, the k-th most popular in proportion to 1 ÷ k to that power.
    """

    threads_per_client: int = Field(default=4, ge=1, le=10_000)
    checkpoints: int = Field(default=50, ge=2, le=100_000)
    read: Literal["latest", "whole", "limit", "before", "filter", "everything", "delete"] = "whole"
    limit: int = Field(default=10, ge=1, le=100_000)
    zipf: float = Field(default=0.0, ge=0.0, le=10.0)

    @model_validator(mode="after")
    def _deletes_each_once(self) -> Self:
        if self.read == "delete" and self.zipf:
            raise ValueError("'zipf' means nothing for 'delete', which takes each thread once")
        return self


class WalkHistoryWorkload(Workload):
    """One read, listing or deletion per cycle; what is asked for is put before the load.

    ``right``: it gave the ids that it must, newest first; of all threads, as many as it must; of
    one that was deleted, nothing. In a prepared store the first read of a thread since the server
    started is marked ``cold``, any later one ``warm``.
    """

    Options: ClassVar[type[PluginOptions]] = WalkHistoryOptions
    options: WalkHistoryOptions
    marks = ("right", "cold", "warm")

    def begin(self) -> None:
        seeds = [f"{self.payload.seed}/zipf/{client}" for client in range(self.clients)]
        self._draws = [random.Random(seed) for seed in seeds]  # noqa: S311 - a load, no secret
        self._read: set[int] = set()

    @cached_property
    def _held(self) -> Preload:
        """What the store holds as the load begins."""
        options, threads = self.options, self.clients * self.options.threads_per_client
        return self.preload or Preload(
            threads=threads, checkpoints_per_thread=options.checkpoints, payload="own"
        )

    @cached_property
    def _popular(self) -> tuple[list[int], list[float]]:
        """The threads, the most popular first, and the sums of their weights up to each."""
        threads = self._held.threads
        order = random.Random(self.payload.seed).sample(range(threads), threads)  # noqa: S311 - a load, no secret
        return order, [*accumulate((rank + 1) ** -self.options.zipf for rank in range(threads))]

    @cached_property
    def _newest_first(self) -> list[str]:
        steps = range(self._held.checkpoints_per_thread)
        return [self._held.checkpoint_id(step) for step in reversed(steps)]

    @property
    def cycles_per_visit(self) -> int:
        return 1 if self.preload else self.options.threads_per_client

    async def prepare(self, client: Client) -> None:
        if self.preload is None and self.options.read == "delete":
            raise UnsupportedError("'delete' needs a prepared store: name it in the sweep's stores")
        if self.preload is None:
            await self.fill(client.index, client.saver())

    async def fill(self, client: int, saver: Any) -> None:
        """Put the threads that ``client`` takes in turn."""
        held, steps = self._held, range(self._held.checkpoints_per_thread)
        for number in range(client, held.threads, self.clients):
            config, version = config_of(held.thread_id(self.namespace, number)), None
            for step in steps:
                version = saver.get_next_version(version, None)
                versions = {CHANNEL: version}
                state = self.payload.state(number, step)
                checkpoint = checkpoint_of({CHANNEL: state}, versions, step)
                checkpoint["id"] = held.checkpoint_id(step)
                metadata: CheckpointMetadata = {"source": "loop", "step": step, "parents": {}}
                config = await saver.aput(config, checkpoint, metadata, versions)

    async def cycle(self, client: Client) -> None:
        number = self._chosen(client.index)
        facts = {
            "right": await self._is_right(client, self._held.thread_id(self.namespace, number))
        }
        if self.preload and self.options.read not in {"everything", "delete"}:
            is_known = number in self._read
            facts |= {"cold": not is_known, "warm": is_known}
            self._read.add(number)
        self.mark(client, facts)

    def _chosen(self, client: int) -> int:
        threads = self._held.threads
        if self.options.zipf:
            order, weights = self._popular
            return self._draws[client].choices(order, cum_weights=weights)[0]
        number = self.next_number(client) * self.clients + client
        if self.options.read == "delete" and number >= threads:
            raise RuntimeError(f"all {threads} threads are deleted: fill the store with more")
        return number % threads

    async def _is_right(self, client: Client, thread_id: str) -> bool:
        newest_first, limit, saver = self._newest_first, self.options.limit, client.saver()
        middle = len(newest_first) // 2
        config: RunnableConfig | None = config_of(thread_id)
        asked: dict[str, Any] = {}
        match self.options.read:
            case "latest" | "delete" as read:
                if read == "delete":
                    await client.perform(saver.adelete_thread, thread_id)
                latest = await client.perform(saver.aget_tuple, config_of(thread_id))
                found_id = latest.checkpoint["id"] if latest else None
                return bool(found_id == (newest_first[0] if read == "latest" else None))
            case "whole":
                wanted = newest_first
            case "limit":
                asked, wanted = {"limit": limit}, newest_first[:limit]
            case "before":
                before = {**config_of(""), "configurable": {"checkpoint_id": newest_first[middle]}}
                asked = {"before": before, "limit": limit}
                wanted = newest_first[middle + 1 :][:limit]
            case "filter":
                wanted = newest_first[middle : middle + 1]
                asked = {"filter": {"step": len(newest_first) - 1 - middle}}
            case "everything":
                config, asked, wanted = None, {"limit": limit}, []
        rows = [one async for one in saver.alist(config, **asked)]
        if config:
            return [one.checkpoint["id"] for one in rows] == wanted
        places: set[tuple[str, str]] = {
            (str(one.config["configurable"]["thread_id"]), one.checkpoint["id"]) for one in rows
        }
        stored = self._held.threads * self._held.checkpoints_per_thread
        return len(places) == min(limit, stored)
