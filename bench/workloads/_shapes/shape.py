"""What ``run_graph`` must know of a graph: how to run it, and with which inputs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.pregel import Pregel

Graph = Pregel[Any, Any, Any, Any]
Inputs = Callable[[int, int], Any]
"""Thread (0, 1, …) and run on it (0, 1, …) → the graph's input."""
AfterRun = Callable[[Graph, RunnableConfig, int, int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a built-in graph is; each shape says what it makes of which."""

    nodes: int
    branches: int
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Shape:
    """A graph without a checkpointer, its inputs, and what the caller does when a run has ended.

    Everything that it saves must follow from the input and the state before.
    """

    graph: Graph
    inputs: Inputs
    after_run: AfterRun | None = None
