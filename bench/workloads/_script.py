"""What ``run_graph`` must know of a graph: how to run it, and what it must leave in a thread."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from langgraph.graph.state import CompiledStateGraph

from bench.workloads._errors import StaleReadError

Graph = CompiledStateGraph[Any, Any, Any, Any]


class GraphRun:
    """Which run is under way, as a client's nodes see it; ``thread`` is unique in the trial.

    ``stale`` tells that the run began from an older state than the last run left.
    """

    __slots__ = ("run", "stale", "thread")

    def __init__(self) -> None:
        self.begin(0, 0)

    def begin(self, thread: int, run: int) -> None:
        """Say which run begins."""
        self.thread = thread
        self.run = run
        self.stale = False

    def check(self, found: int, expected: int, what: str) -> None:
        """Compare how far the state is with which the first node was called.

        Raises:
            StaleReadError: it is behind.
        """
        if found < expected:
            self.stale = True
            raise StaleReadError(
                f"run {self.run} began with {found} {what}, the last one left {expected}"
            )


class Saved(NamedTuple):
    """The user's channels in one checkpoint of a run, and the writes that follow upon it."""

    channels: dict[str, Any]
    writes: list[tuple[str, Any]]


class Script(ABC):
    """One kind of graph: how to build it, what to give it, what it must leave."""

    supersteps: int
    """Steps of one run, counting LangGraph's own first one, which hands out the input."""

    @abstractmethod
    def compile(self, current: GraphRun) -> Graph:
        """Build the graph without a checkpointer; its nodes look at ``current``."""

    @abstractmethod
    def input(self, current: GraphRun) -> dict[str, Any]:
        """Return the input of a run."""

    @abstractmethod
    def final(self, thread: int, runs: int) -> dict[str, Any]:
        """Return the user's channels after ``runs`` ≥ 1 runs on a fresh thread."""

    @abstractmethod
    def saved(self, thread: int, run: int) -> Iterator[Saved]:
        """Yield what LangGraph saves in ``run`` (0, 1, …): at the input and after each superstep.

        The first superstep hands out the input.
        """

    @abstractmethod
    def canonical_value(self, value: Any) -> bytes:
        """Encode one written value, as :meth:`canonical` does a whole state."""

    @abstractmethod
    def canonical(self, channel_values: Mapping[str, Any]) -> list[tuple[str, bytes]]:
        """Encode the user's channels for hashing; LangGraph's own channels do not count.

        What a serialiser fills in or LangGraph draws at random does not count either.
        """
