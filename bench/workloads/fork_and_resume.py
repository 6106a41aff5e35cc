"""Time travel: a run is resumed from one checkpoint of its history after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from langchain_core.runnables import RunnableConfig
from langgraph.types import StateSnapshot
from pydantic import Field

from bench.checkpoints import config_of
from bench.contracts import Client, PluginOptions, Workload
from bench.workloads._graphs.rows import chain
from bench.workloads._shapes.shape import Graph, Sizes

# What is added to the count of a run that had ended, to make another one of it.
_CHANGE = 100


class ForkAndResumeOptions(PluginOptions):
    """The graph ``chain`` with so many ``nodes``: a run leaves 2 + ``nodes`` checkpoints.

    ``resume = "latest"`` goes on from the thread's latest checkpoint instead, as with a saver that
    ignores which one it is asked for: a control.
    """

    nodes: int = Field(default=3, ge=1, le=1_000)
    resume: Literal["checkpoint", "latest"] = "checkpoint"


class ForkAndResumeWorkload(Workload):
    """A thread has one run; each cycle branches off one of that run's checkpoints, oldest first.

    The run is resumed from there, without an input; the last checkpoint is changed first
    (``update_state``), since nothing follows it. When each has had its branch, a new thread begins.
    ``resumed``: the branch ends with the state that the run ended with, or with the change.
    ``branched``: the parent of the branch's first checkpoint is the one that it was resumed from.
    ``linked``: every checkpoint but the first has a parent that is in the history. ``kept``: the
    history has all checkpoints from before, as they were.
    """

    Options: ClassVar[type[PluginOptions]] = ForkAndResumeOptions
    options: ForkAndResumeOptions
    marks = ("resumed", "branched", "linked", "kept")

    def begin(self) -> None:
        self._shape = chain(Sizes(self.options.nodes), self.payload)
        self._graphs: list[Graph] = [self._shape.graph.copy() for _ in range(self.clients)]
        self._runs: list[Sequence[StateSnapshot]] = [()] * self.clients

    @property
    def cycles_per_visit(self) -> int:
        return self.options.nodes + 2

    async def cycle(self, client: Client) -> None:
        graph = self._graphs[client.index]
        graph.checkpointer = client.saver()
        number, position = divmod(self.next_number(client.index), self.cycles_per_visit)
        config = config_of(self.thread_id(client.index, number))
        if position == 0:
            await graph.ainvoke(self._shape.inputs(client.index, number), config)
            self._runs[client.index] = await _history(graph, config)
        run = self._runs[client.index]
        before = {_id(one.config): one for one in await _history(graph, config)}

        source = run[-1 - position]
        start = source.config if self.options.resume == "checkpoint" else config
        expected = dict(run[0].values)
        if not source.next:
            start = await graph.aupdate_state(start, {"count": _CHANGE})
            expected["count"] += _CHANGE
        end = await graph.ainvoke(None, start)
        after = {_id(one.config): one for one in await _history(graph, config)}

        branch = sorted(after.keys() - before.keys())
        facts = {
            "resumed": end == expected,
            "branched": branch and _parent(after[branch[0]]) == _id(source.config),
            "linked": all(_parent(it) in after for name, it in after.items() if name != min(after)),
            "kept": all(_same(after.get(name), one) for name, one in before.items()),
        }
        self.mark(client, facts)


async def _history(graph: Graph, config: RunnableConfig) -> list[StateSnapshot]:
    return [snapshot async for snapshot in graph.aget_state_history(config)]


def _id(config: RunnableConfig) -> str:
    return str(config["configurable"]["checkpoint_id"])


def _parent(snapshot: StateSnapshot) -> str:
    return _id(snapshot.parent_config) if snapshot.parent_config else ""


def _same(now: StateSnapshot | None, before: StateSnapshot) -> bool:
    def held(snapshot: StateSnapshot) -> Any:
        return snapshot.values, snapshot.next, _parent(snapshot), snapshot.metadata

    return now is not None and held(now) == held(before)
