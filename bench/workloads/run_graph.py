"""Whole runs of a real compiled LangGraph graph."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from pydantic import Field, model_validator

from bench.checkpoints import config_of
from bench.contracts import (
    Client,
    ExpectedThread,
    PluginOptions,
    ThreadTruth,
    TrueCheckpoint,
    Workload,
)
from bench.errors import suggestion
from bench.values import canonical, value_hash
from bench.workloads._graphs import GRAPHS
from bench.workloads._shapes.own_graph import own_shape
from bench.workloads._shapes.shape import Graph, Shape, Sizes

_LAST_EVENT = "last_event"
_INTERRUPT = "__interrupt__"
_JOIN = "join:"
# The states of so many runs of the user's own graph are kept until the trial has drained.
_RUNS_KEPT = 1_000
# A real saver copies a checkpoint some time after LangGraph has handed it over.
_LATE_S = 0.001

_State = Mapping[str, Any]


class GraphOptions(PluginOptions):
    """How LangGraph runs a graph: its own settings."""

    durability: Literal["sync", "async", "exit"] = "async"
    recursion_limit: int = Field(default=10_000, ge=1)

    @property
    def is_own(self) -> bool:
        return False


class RunGraphOptions(GraphOptions):
    """Which graph, and how LangGraph saves it.

    ``graph`` is a built-in one, or ``package.module:name`` of a StateGraph, a compiled graph or a
    function that gives one; then ``inputs`` is ``package.module:name`` of an iterable or of a
    function of (thread, run), or the path of a file with one JSON value a line. What ``nodes``,
    ``branches`` and ``depth`` mean is the built-in graph's own.

    A client keeps ``threads_per_client`` threads and visits them in turn; a thread on which
    ``runs_per_thread`` runs were made is replaced by a fresh one, which bounds the messages and the
    history that it gathers.
    """

    graph: str = Field(default="chain", min_length=1)
    inputs: str = ""
    nodes: int = Field(default=5, ge=1, le=1_000)
    branches: int = Field(default=8, ge=1, le=1_000)
    depth: int = Field(default=1, ge=1, le=10)
    threads_per_client: int = Field(default=2, ge=1, le=10_000)
    runs_per_thread: int = Field(default=3, ge=1, le=1_000)

    @property
    def is_own(self) -> bool:
        return ":" in self.graph

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.is_own:
            used: tuple[str, ...] = ("inputs",)
        elif self.graph not in GRAPHS:
            raise ValueError(
                f"there is no graph {self.graph!r}.{suggestion(self.graph, GRAPHS)} "
                "One of your own is named 'package.module:name'"
            )
        else:
            used = GRAPHS[self.graph].sizes
        unused = {"inputs", "nodes", "branches", "depth"} - set(used)
        for name in sorted(self.model_fields_set & unused):
            raise ValueError(f"{name!r} means nothing for the graph {self.graph!r}; leave it out")
        return self


class _LateSaver(InMemorySaver):
    """Copies what it is given a moment later, as one that first waits for a connection does."""

    async def aput(self, *arguments: Any) -> RunnableConfig:
        await asyncio.sleep(_LATE_S)
        return await super().aput(*arguments)


@dataclass(slots=True)
class GraphThread:
    """One thread, how many runs were begun and ended on it, and the states of those that count."""

    thread_id: str
    number: int
    attempted: int = 0
    finished: int = 0
    runs: list[list[_State]] = field(default_factory=list)


@dataclass(slots=True)
class GraphClient:
    """What one client holds: its copy of the graph, which only it runs, and its threads."""

    graph: Graph
    threads: list[GraphThread] = field(default_factory=list)
    position: int = 0


class RunGraphWorkload(Workload):
    """One graph run per cycle, which ends when all is saved.

    ``last_event`` is the instant at which the caller of the graph had its last event.

    Every run gets the saver of that moment as its checkpointer, and the saver's operations inside
    the run are LangGraph's own. After a run that raised, its thread is given up.

    What a thread must hold is what the same runs leave on LangGraph's in-memory saver, afterwards
    and in the process that reads back. A graph of the user's own of which two such runs differ is
    compared in the states that its runs ended with.
    """

    Options: ClassVar[type[PluginOptions]] = RunGraphOptions
    options: RunGraphOptions
    marks: ClassVar[tuple[str, ...]] = (_LAST_EVENT,)

    def begin(self) -> None:
        self._shape = self.shape()
        self._clients = [GraphClient(self._shape.graph.copy()) for _ in range(self.clients)]
        self._threads: list[GraphThread] = []
        self._runs_left = _RUNS_KEPT if self.options.is_own else 0
        self._deterministic: bool | None = None if self.options.is_own else True

    @classmethod
    def check(cls, options: PluginOptions) -> None:
        if isinstance(options, RunGraphOptions) and options.is_own:
            own_shape(options.graph, options.inputs)

    @property
    def cycles_per_visit(self) -> int:
        return self.options.threads_per_client

    def shape(self) -> Shape:
        """Return what is run."""
        options = self.options
        if options.is_own:
            return own_shape(options.graph, options.inputs)
        sizes = Sizes(options.nodes, options.branches, options.depth)
        return GRAPHS[options.graph].build(sizes, self.payload)

    async def prepare(self, client: Client) -> None:
        state = self._clients[client.index]
        count = self.options.threads_per_client
        state.threads = [self._fresh(client.index) for _ in range(count)]

    async def cycle(self, client: Client) -> None:
        state = self._clients[client.index]
        graph = state.graph
        thread = self.next_thread(client.index, state)
        graph.checkpointer = client.saver()
        thread.attempted += 1
        states = await self._run(graph, thread.thread_id, thread.number, thread.finished, client)
        thread.finished += 1
        if self._runs_left:
            self._runs_left -= 1
            thread.runs.append(states)

    async def _run(
        self, graph: Graph, thread_id: str, number: int, run: int, client: Client | None = None
    ) -> list[_State]:
        """Do one run and return its states as its caller sees them.

        The first is what the saver gave, with the input.
        """
        config: RunnableConfig = {
            "configurable": {"thread_id": thread_id},
            "recursion_limit": self.options.recursion_limit,
        }
        states: list[Any] = []
        async for state in graph.astream(
            self._shape.inputs(number, run),
            config,
            stream_mode="values",
            durability=self.options.durability,
        ):
            states.append(state)
            if client is not None:
                client.mark(_LAST_EVENT)
        if self._shape.after_run is not None:
            await self._shape.after_run(graph, config, number, run)
        return [state if isinstance(state, Mapping) else {} for state in states]

    def expected(self) -> Mapping[str, ExpectedThread]:
        return {
            thread.thread_id: ExpectedThread(
                note={name: getattr(thread, name) for name in ("number", "finished", "attempted")},
                runs=tuple(tuple(map(self._hashes, states)) for states in thread.runs),
            )
            for thread in self._threads
            if thread.attempted
        }

    def _hashes(self, end: Mapping[str, Any]) -> Mapping[str, str]:
        serializer = JsonPlusSerializer()
        return {
            name: value_hash(
                self.canonical(name, serializer.loads_typed(serializer.dumps_typed(value)))
            )
            for name, value in end.items()
            if not name.startswith("__")
        }

    async def truth(
        self, thread_id: str, known: ExpectedThread, acknowledged: int
    ) -> ThreadTruth | None:
        note = known.note
        if "finished" not in note:
            return None
        number, runs = note["number"], note["finished"]
        try:
            namespaces, states = await self._saved(InMemorySaver(), thread_id, number, runs)
            if self._deterministic is None and runs:
                again, _ = await self._saved(_LateSaver(), thread_id, number, runs)
                first, second = (
                    ThreadTruth(saved).fingerprint(self.canonical) for saved in (namespaces, again)
                )
                self._deterministic = first == second
        # Runs that ended in the trial: a graph that raises now does not do the same again.
        except Exception:
            if not self.options.is_own:
                raise
            return ThreadTruth({}, complete=False, deterministic=False)
        if self._went_another_way(known, states):
            self._deterministic = False
        complete = note["attempted"] == runs
        return ThreadTruth(namespaces, complete, deterministic=self._deterministic is not False)

    def _went_another_way(self, known: ExpectedThread, runs: Sequence[Sequence[_State]]) -> bool:
        """Tell whether a run of the trial began as its repetition did, and went on differently.

        Then it is the graph that differs: the saver had given what it should.
        """
        repeated = (tuple(map(self._hashes, states)) for states in runs)
        return any(
            seen[:1] == again[:1] and seen != again
            for seen, again in zip(known.runs, repeated, strict=False)
        )

    async def _saved(
        self, saver: InMemorySaver, thread_id: str, number: int, runs: int
    ) -> tuple[Mapping[str, tuple[TrueCheckpoint, ...]], list[list[_State]]]:
        """Do the runs of a thread on ``saver``; return what it holds, and their states."""
        graph = self._shape.graph.copy()
        graph.checkpointer = saver
        states = [await self._run(graph, thread_id, number, run) for run in range(runs)]
        namespaces: dict[str, tuple[TrueCheckpoint, ...]] = {}
        for namespace in tuple(saver.storage[thread_id]):
            listed = [each async for each in saver.alist(config_of(thread_id, namespace))]
            # Asking for a namespace makes an empty one.
            if listed:
                namespaces[namespace] = tuple(map(_true_checkpoint, reversed(listed)))
        return namespaces, states

    def canonical(self, channel: str, value: Any) -> bytes:
        """Return the exact form of a value; of an interrupt its id, which is random, is left out.

        In a built-in graph what carries no meaning does not count, as in the payloads. Of a join
        the nodes that it has seen are left out with ``async``: LangGraph hands its own set to the
        saver, and changes it while that saves.
        """
        if channel.startswith(_JOIN) and self.options.durability == "async":
            return b""
        if channel == _INTERRUPT and isinstance(value, list | tuple):
            value = [getattr(one, "value", one) for one in value]
        return canonical(value, exact=self.options.is_own)

    def next_thread(self, client: int, state: GraphClient) -> GraphThread:
        """Return the thread on which ``client`` does its next run."""
        position = state.position
        state.position = (position + 1) % len(state.threads)
        thread = state.threads[position]
        used_up = thread.finished >= self.options.runs_per_thread
        if used_up or thread.attempted > thread.finished:
            thread = state.threads[position] = self._fresh(client)
        return thread

    def _fresh(self, client: int) -> GraphThread:
        used = self.next_number(client)
        return self.fresh(self.thread_id(client, used), used * self.clients + client)

    def fresh(self, thread_id: str, number: int) -> GraphThread:
        """Begin a thread; ``number`` is what its inputs go by."""
        thread = GraphThread(thread_id, number)
        self._threads.append(thread)
        return thread


def _true_checkpoint(saved: CheckpointTuple) -> TrueCheckpoint:
    writes = tuple(("", channel, value) for _, channel, value in saved.pending_writes or ())
    return TrueCheckpoint(saved.checkpoint["channel_values"], writes)
