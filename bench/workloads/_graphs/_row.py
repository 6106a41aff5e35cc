"""Nodes one after the other, as most of the graphs have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langgraph.graph import START, StateGraph

from bench.contracts import Payload


def replacing(payload: Payload, places: int) -> Callable[[int], Any]:
    """Return what makes nodes that replace the payload; a thread has so many ``places``."""

    def node(index: int) -> Any:
        async def replace(state: Any) -> dict[str, Any]:
            return {"payload": payload.state(state["thread"] * places + index, state["run"])}

        return replace

    return node


def add_row(builder: StateGraph[Any, Any, Any, Any], node: Callable[[int], Any], count: int) -> str:
    """Add ``node(0)``, ``node(1)``, … in a row from the start on; return the last one's name."""
    before = START
    for index in range(count):
        name = f"node_{index}"
        builder.add_node(name, node(index))
        builder.add_edge(before, name)
        before = name
    return before
