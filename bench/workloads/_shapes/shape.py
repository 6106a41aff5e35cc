"""What ``run_graph`` must know of a graph: how to run it, and with which inputs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.pregel import Pregel

from bench.contracts import Payload

Graph = Pregel[Any, Any, Any, Any]
Inputs = Callable[[int, int], Any]
"""Thread (0, 1, …) and run on it (0, 1, …) → the graph's input."""
AfterRun = Callable[[Graph, RunnableConfig, int, int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a built-in graph is; each shape says what it makes of which."""

    nodes: int = 1
    branches: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Shape:
    """A graph without a checkpointer, its inputs, and what the caller does when a run has ended.

    Everything that it saves must follow from the input and the state before.
    """

    graph: Graph
    inputs: Inputs
    after_run: AfterRun | None = None


Build = Callable[[Sizes, Payload], Shape]


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A graph of this project: the names of the ``sizes`` that it uses, and what makes it."""

    sizes: tuple[str, ...]
    build: Build


GRAPHS: dict[str, BuiltIn] = {}
"""Those that were made by :func:`graph`, by the name of the function."""


def graph(*sizes: str) -> Callable[[Build], Build]:
    """Have a function that builds a graph known under its name, with the ``sizes`` that it uses."""

    def known(build: Build) -> Build:
        GRAPHS[build.__name__] = BuiltIn(sizes, build)
        return build

    return known
