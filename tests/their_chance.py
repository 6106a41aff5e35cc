"""Graphs of which the same runs do not lead to the same states, each in its own way."""

from __future__ import annotations

import itertools
import os
import threading
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

_CALLS = itertools.count()
# What a process makes once: another one in the process that reads back.
OF_PROCESS = f"{os.getpid()}-{threading.get_native_id()}"


class State(TypedDict):
    items: list[Any]


def _graph(node: Any) -> Any:
    builder = StateGraph(State)
    builder.add_node("first", node)
    builder.add_node("second", node)
    builder.add_edge(START, "first")
    builder.add_edge("first", "second")
    builder.add_edge("second", END)
    return builder


def seldom() -> Any:
    """Once in the life of the process a run takes another way."""

    async def node(state: State) -> dict[str, Any]:
        return {"items": ["rare" if next(_CALLS) == 0 else "usual"]}

    return _graph(node)


def in_place() -> Any:
    """Nodes change the list that LangGraph has handed to the saver."""

    async def node(state: State) -> dict[str, Any]:
        state["items"].append(len(state["items"]))
        return {"items": state["items"]}

    return _graph(node)


def inputs(thread: int, run: int) -> dict[str, Any]:
    return {"items": [thread, run]}
