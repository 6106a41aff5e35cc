"""Whole runs of a real compiled LangGraph graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from langchain_core.runnables import RunnableConfig
from pydantic import Field

from bench.contracts import (
    Client,
    ExpectedCheckpoint,
    ExpectedThread,
    Payload,
    PluginOptions,
    Workload,
)
from bench.workloads._content import content_hash
from bench.workloads._graphs import Chain, React
from bench.workloads._script import Graph, GraphRun, Saved, Script

_LAST_EVENT = "last_event"


class RunGraphOptions(PluginOptions):
    """Which graph, and how LangGraph saves it.

    ``nodes`` is the length of a ``chain``, or the number of tool calls in a run of ``react``.
    A client keeps ``threads_per_client`` threads and visits them in turn; a thread on which
    ``runs_per_thread`` runs were made is replaced by a fresh one, which bounds the messages and the
    history that it gathers. In a ``chain`` each run is a turn of the payload.
    """

    graph: Literal["chain", "react"] = "chain"
    nodes: int = Field(default=5, ge=1, le=1_000)
    durability: Literal["sync", "async", "exit"] = "async"
    threads_per_client: int = Field(default=2, ge=1, le=10_000)
    runs_per_thread: int = Field(default=3, ge=1, le=1_000)


class _Thread:
    """One thread, how many runs were begun and ended on it, and how many began from old state."""

    __slots__ = ("attempted", "finished", "number", "stale", "thread_id")

    def __init__(self, thread_id: str, number: int) -> None:
        self.thread_id = thread_id
        self.number = number
        self.attempted = 0
        self.finished = 0
        self.stale = 0


class _ClientState:
    """What one client holds: its compiled graph, which only it runs, and its threads."""

    __slots__ = ("current", "graph", "position", "threads", "used")

    def __init__(self) -> None:
        self.current = GraphRun()
        self.graph: Graph | None = None
        self.threads: list[_Thread] = []
        self.position = 0
        self.used = 0


class RunGraphWorkload(Workload):
    """One graph run per cycle, which ends when all is saved.

    ``last_event`` is the instant at which the caller of the graph had its last event.

    The graph is compiled once for each client; every run gets the saver of that moment as its
    checkpointer, and the saver's operations inside the run are LangGraph's own.

    After a run that raised, the state of its thread is not known: the thread is given up, and all
    checkpoints and writes of such a run count as indeterminate. Ids of checkpoints and tasks are
    LangGraph's and are not looked at while it is measured: they are empty in what is expected,
    which means that any is right. A run whose first node sees less than the runs before have left
    raises :class:`StaleReadError`.
    """

    Options: ClassVar[type[PluginOptions]] = RunGraphOptions
    marks: ClassVar[tuple[str, ...]] = (_LAST_EVENT,)

    def __init__(
        self, options: PluginOptions, payload: Payload, namespace: str, clients: int
    ) -> None:
        super().__init__(options, payload, namespace, clients)
        if not isinstance(options, RunGraphOptions):
            raise TypeError(f"options must be RunGraphOptions, not {type(options).__name__}")
        self._shape = options
        script = Chain if options.graph == "chain" else React
        self._script: Script = script(options.nodes, payload)
        self._clients = [_ClientState() for _ in range(clients)]
        self._threads: list[_Thread] = []
        self._by_id: dict[str, _Thread] = {}

    @property
    def checkpoints_per_run(self) -> int:
        """One for the input and one for each superstep; with durability ``exit`` the last alone."""
        return 1 if self._shape.durability == "exit" else 1 + self._script.supersteps

    @property
    def writes_per_run(self) -> int:
        """Calls of ``aput_writes``: for the input and each task; none with durability ``exit``."""
        return 0 if self._shape.durability == "exit" else self._script.supersteps

    async def prepare(self, client: Client) -> None:
        """Compile the client's graph; the store stays empty."""
        state = self._clients[client.index]
        state.graph = self._script.compile(state.current)
        state.threads = [
            self._fresh(client.index, state) for _ in range(self._shape.threads_per_client)
        ]

    async def cycle(self, client: Client) -> None:
        """Run the graph once on the client's next thread, to the end of LangGraph's saving."""
        state = self._clients[client.index]
        graph = state.graph
        if graph is None:
            raise RuntimeError("cycle() was called before prepare()")
        thread = self._next_thread(client.index, state)
        state.current.begin(thread.number, thread.finished)
        graph.checkpointer = client.saver()
        config: RunnableConfig = {
            "configurable": {"thread_id": thread.thread_id},
            # LangGraph refuses a run that would need more supersteps than this.
            "recursion_limit": self._script.supersteps + 1,
        }
        thread.attempted += 1
        try:
            async for _ in graph.astream(
                self._script.input(state.current),
                config,
                stream_mode="updates",
                durability=self._shape.durability,
            ):
                client.mark(_LAST_EVENT)
            thread.finished += 1
        finally:
            thread.stale += state.current.stale

    def expected(self) -> Mapping[str, ExpectedThread]:
        """Return, by thread id, what was acknowledged so far; untouched threads are left out."""
        return {
            thread.thread_id: ExpectedThread(
                checkpoints=thread.finished * self.checkpoints_per_run,
                indeterminate=(thread.attempted - thread.finished) * self.checkpoints_per_run,
                checkpoint_id="",
                content_hash=self._final_hash(thread),
                writes=thread.finished * self.writes_per_run,
                indeterminate_writes=(thread.attempted - thread.finished) * self.writes_per_run,
                stale=thread.stale,
            )
            for thread in self._threads
            if thread.attempted
        }

    def history(self, thread_id: str) -> tuple[ExpectedCheckpoint, ...]:
        """Return what the finished runs have saved, in order; with ``exit`` one for each run."""
        if thread_id not in self._by_id:
            self._by_id = {thread.thread_id: thread for thread in self._threads}
        thread = self._by_id[thread_id]
        checkpoints: list[ExpectedCheckpoint] = []
        for run in range(thread.finished):
            saved = list(self._script.saved(thread.number, run))
            kept = saved[-1:] if self._shape.durability == "exit" else saved
            checkpoints += [self._expected_checkpoint(one) for one in kept]
        return tuple(checkpoints)

    def _expected_checkpoint(self, saved: Saved) -> ExpectedCheckpoint:
        writes = ((channel, self.value_hash(value)) for channel, value in saved.writes)
        return ExpectedCheckpoint(
            checkpoint_id="",
            parent_id="",
            content_hash=self.content_hash(saved.channels),
            writes=frozenset(("", channel, value) for channel, value in writes),
        )

    def content_hash(self, channel_values: Mapping[str, Any]) -> str:
        """Hash the channels of the graph's state; those that LangGraph adds do not count."""
        return content_hash(self._script.canonical(channel_values))

    def value_hash(self, value: Any) -> str:
        """Hash one value that a task wrote."""
        return content_hash([("value", self._script.canonical_value(value))])

    def _final_hash(self, thread: _Thread) -> str:
        if not thread.finished:
            return ""
        return self.content_hash(self._script.final(thread.number, thread.finished))

    def _next_thread(self, client: int, state: _ClientState) -> _Thread:
        position = state.position
        state.position = (position + 1) % len(state.threads)
        thread = state.threads[position]
        used_up = thread.finished >= self._shape.runs_per_thread
        if used_up or thread.attempted > thread.finished:
            thread = state.threads[position] = self._fresh(client, state)
        return thread

    def _fresh(self, client: int, state: _ClientState) -> _Thread:
        number = state.used * self.clients + client
        thread = _Thread(f"{self.namespace}-c{client}-t{state.used}", number)
        state.used += 1
        self._threads.append(thread)
        return thread
