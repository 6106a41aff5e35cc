"""Histories are listed from a store that is full of them."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from langchain_core.runnables import RunnableConfig
from pydantic import Field

from bench.checkpoints import config_of
from bench.contracts import Client, PluginOptions, Workload
from bench.workloads._checkpoint import put_step


class WalkHistoryOptions(PluginOptions):
    """How full the store is, and what is asked of it.

    ``read``: a thread's ``whole`` history; its newest, at most ``limit``; so many ``before`` the
    checkpoint in its middle; the one of a step, by a ``filter`` of the metadata; or so many of all
    threads, with no thread given (``everything``).
    """

    threads_per_client: int = Field(default=4, ge=1, le=10_000)
    checkpoints: int = Field(default=50, ge=2, le=100_000)
    read: Literal["whole", "limit", "before", "filter", "everything"] = "whole"
    limit: int = Field(default=10, ge=1, le=100_000)


class WalkHistoryWorkload(Workload):
    """One listing per cycle, of each client's threads in turn; they are filled before the load.

    ``right``: it gave the ids that it must, newest first; of all threads, as many as it must.
    """

    Options: ClassVar[type[PluginOptions]] = WalkHistoryOptions
    options: WalkHistoryOptions
    marks = ("right",)

    def begin(self) -> None:
        # By client and thread the ids, oldest first.
        self._ids: list[list[list[str]]] = [[] for _ in range(self.clients)]
        self._positions = [0] * self.clients

    @property
    def cycles_per_visit(self) -> int:
        return self.options.threads_per_client

    async def prepare(self, client: Client) -> None:
        for thread in range(self.options.threads_per_client):
            self._ids[client.index].append(await self._filled(client, thread))

    async def cycle(self, client: Client) -> None:
        thread = self._positions[client.index]
        self._positions[client.index] = (thread + 1) % self.options.threads_per_client
        newest_first = self._ids[client.index][thread][::-1]
        middle, limit = len(newest_first) // 2, self.options.limit
        config: RunnableConfig | None = config_of(self.thread_id(client.index, thread))
        asked: dict[str, Any] = {}
        match self.options.read:
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
        found = [one.checkpoint["id"] async for one in client.saver().alist(config, **asked)]
        stored = self.clients * self.options.threads_per_client * self.options.checkpoints
        is_right = found == wanted if config else len(set(found)) == min(limit, stored)
        self.mark(client, {"right": is_right})

    async def _filled(self, client: Client, thread: int) -> list[str]:
        config, version, ids = config_of(self.thread_id(client.index, thread)), None, []
        for step in range(self.options.checkpoints):
            version = client.saver().get_next_version(version, None)
            config = await put_step(client, config, step, self.payload.state(thread, step), version)
            ids.append(config["configurable"]["checkpoint_id"])
        return ids
