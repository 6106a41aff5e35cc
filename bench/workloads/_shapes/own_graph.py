"""A graph of the user's own, with inputs of their own."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

from bench.discovery import attribute
from bench.errors import InputError
from bench.scenario.recording import json_lines
from bench.workloads._shapes.shape import Graph, Inputs, Shape

# Of an iterable that has no end so many are taken.
_MOST_INPUTS = 10_000
_EXPECTED_GRAPH = "expected a StateGraph, a compiled graph, or a function that gives one"
_EXPECTED_INPUTS = (
    "expected a function of (thread, run), an iterable of inputs, or a path that ends with .jsonl"
)


def own_shape(graph: str, inputs: str) -> Shape:
    """Import a graph by ``package.module:name``, and its inputs by such a name or from JSON lines.

    Raises:
        InputError: one of them is missing, cannot be imported, is something else, or raises: a
            function of inputs is called once, for thread 0 and run 0.
    """
    if not inputs:
        raise InputError(f"the graph {graph!r} needs inputs; {_EXPECTED_INPUTS}")
    return Shape(_graph(graph), _inputs(inputs))


def _graph(name: str) -> Graph:
    given: Any = attribute(f"the graph {name!r}", name)
    try:
        if not isinstance(given, StateGraph | Pregel) and callable(given):
            given = given()
        if isinstance(given, StateGraph):
            given = given.compile()
    # It is somebody else's code, and they are told what it raised.
    except Exception as error:
        raise InputError(f"the graph {name!r}: {type(error).__name__}: {error}") from error
    if inspect.iscoroutine(given):
        given.close()
    if not isinstance(given, Pregel):
        raise InputError(f"{name!r} gives {type(given).__name__}; {_EXPECTED_GRAPH}")
    return given


def _inputs(name: str) -> Inputs:
    if name.endswith(".jsonl"):
        return _in_turn(name, [value for _, value in json_lines(Path(name), "the inputs")])
    given: Any = attribute(f"the inputs {name!r}", name)
    is_iterable = isinstance(given, Iterable) and not isinstance(given, str | bytes | Mapping)
    if not is_iterable and not callable(given):
        raise InputError(f"{name!r} is of type {type(given).__name__}; {_EXPECTED_INPUTS}")
    try:
        if is_iterable:
            return _in_turn(name, list(islice(given, _MOST_INPUTS)))
        given(0, 0)
    # It is somebody else's code, and they are told what it raised.
    except Exception as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"the inputs {name!r}: {type(error).__name__}: {error}") from error
    inputs: Inputs = given
    return inputs


def _in_turn(name: str, inputs: list[Any]) -> Inputs:
    """Give every thread all inputs, one a run; a thread begins where its number says."""
    if not inputs:
        raise InputError(f"the inputs {name!r} are empty")
    return lambda thread, run: inputs[(thread + run) % len(inputs)]
