"""``nodes`` nodes in a row; each replaces the payload and adds one to a counter.

A run leaves 2 + ``nodes`` checkpoints in the root namespace.
"""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, StateGraph

from bench.contracts import Payload
from bench.workloads._graphs._row import add_row
from bench.workloads._shapes.shape import Shape, Sizes

SIZES = ("nodes",)


class _State(TypedDict):
    thread: int
    run: int
    payload: Any
    count: Annotated[int, operator.add]


def build(sizes: Sizes, payload: Payload) -> Shape:
    """Build the graph; a run is a turn of the payload."""

    def node(index: int) -> Any:
        async def replace(state: _State) -> dict[str, Any]:
            place = state["thread"] * sizes.nodes + index
            return {"payload": payload.state(place, state["run"]), "count": 1}

        return replace

    builder = StateGraph(_State)
    builder.add_edge(add_row(builder, node, sizes.nodes), END)
    return Shape(builder.compile(), lambda thread, run: {"thread": thread, "run": run})
