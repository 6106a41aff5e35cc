"""A thread is filled, cleared in one of three ways, and read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig
from pydantic import Field

from bench.checkpoints import Saver, config_of
from bench.contracts import Client, PluginOptions, Workload
from bench.systems.thread_clearing import WAYS, Way, cleared_checkpoints
from bench.workloads._graphs.fans import subgraphs
from bench.workloads._shapes.shape import Graph, Sizes


class ClearThreadOptions(PluginOptions):
    """How a thread is cleared, and what is in it: ``runs`` of a graph with ``branches`` subgraphs.

    ``writes`` more values are written upon its last checkpoint, as one task of a wide graph does.
    """

    way: Way = "delete"
    runs: int = Field(default=2, ge=1, le=100)
    branches: int = Field(default=2, ge=1, le=100)
    writes: int = Field(default=0, ge=0, le=100_000)


class ClearThreadWorkload(Workload):
    """A new thread in each cycle. What is true of it after it was cleared is marked.

    ``hidden``: its latest checkpoint, if there is one, has neither values nor pending writes.
    ``forgotten``: the next run ends as the first one of a new thread. ``gone``: no checkpoint of it
    is listed, in any namespace. ``kept``: all that was listed before is listed as it was, but for
    the one that was written again. ``found``: the filter by its metadata gives one checkpoint,
    and where one was appended it is that. The way ``none`` is a control: it must be kept alone.

    After a deletion there is no further run: ``stored.rows_per_checkpoint`` of the probe
    ``stored_layout`` is what deletions have left in the store itself.
    """

    Options: ClassVar[type[PluginOptions]] = ClearThreadOptions
    options: ClearThreadOptions
    marks = ("hidden", "forgotten", "gone", "kept", "found")

    def begin(self) -> None:
        self._shape = subgraphs(Sizes(branches=self.options.branches), self.payload)
        self._graphs: list[Graph] = [self._shape.graph.copy() for _ in range(self.clients)]

    async def cycle(self, client: Client) -> None:
        saver, options = client.saver(), self.options
        thread_id = self.thread_id(client.index, self.next_number(client.index))
        for run in range(options.runs):
            await self._run(client, saver, thread_id, run)
        if options.writes:
            await self._write_more(saver, thread_id)
        before = await _listed(saver, thread_id)
        appended = await WAYS[options.way](saver, thread_id)
        after = await _listed(saver, thread_id)

        last = await saver.aget_tuple(config_of(thread_id))
        root = next(name for name in before if not name[0])
        changed = root if options.way == "rewrite" else None
        found = await _found(saver, thread_id)
        facts = {
            "hidden": not (last and (last.checkpoint["channel_values"] or last.pending_writes)),
            "gone": not after,
            "kept": all(after.get(name) == it for name, it in before.items() if name != changed),
            "found": found == [appended] if appended else found,
        }
        runs_again = options.way != "delete"
        facts["forgotten"] = (
            runs_again and await self._run(client, saver, thread_id, 0) == options.branches
        )
        self.mark(client, facts)

    async def _run(self, client: Client, saver: Saver, thread_id: str, run: int) -> int:
        """Run the graph; return how many results the thread then holds."""
        graph = self._graphs[client.index]
        graph.checkpointer = saver
        state = await graph.ainvoke(self._shape.inputs(client.index, run), config_of(thread_id))
        return len(state["results"])

    async def _write_more(self, saver: Saver, thread_id: str) -> None:
        last = await saver.aget_tuple(config_of(thread_id))
        if last is not None:
            values = [(f"note_{index}", index) for index in range(self.options.writes)]
            await saver.aput_writes(last.config, values, last.checkpoint["id"])


async def _listed(saver: Saver, thread_id: str) -> Mapping[tuple[str, str], Any]:
    """Return what each checkpoint of the thread holds, by namespace and id, newest first."""
    config: RunnableConfig = {"configurable": {"thread_id": thread_id}}
    return {
        (one.config["configurable"].get("checkpoint_ns", ""), one.checkpoint["id"]): (
            one.checkpoint["channel_values"],
            len(one.pending_writes or ()),
        )
        async for one in saver.alist(config)
    }


async def _found(saver: Saver, thread_id: str) -> list[str]:
    try:
        return await cleared_checkpoints(saver, thread_id)
    # A saver that cannot filter by it finds nothing; the operation that failed is recorded.
    except (ValueError, NotImplementedError):
        return []
