"""``nodes`` nodes in a row that do nothing: what it costs to save a state that does not change.

The input brings a state of the payload. A run leaves 2 + ``nodes`` checkpoints in the root
namespace.
"""

from __future__ import annotations

from typing import Any, TypedDict

from langgraph.graph import END, StateGraph

from bench.contracts import Payload
from bench.workloads._graphs._row import add_row
from bench.workloads._shapes.shape import Shape, Sizes

SIZES = ("nodes",)


class _State(TypedDict):
    payload: Any


def build(sizes: Sizes, payload: Payload) -> Shape:
    """Build the graph."""

    async def nothing(state: _State) -> None:
        del state

    builder = StateGraph(_State)
    builder.add_edge(add_row(builder, lambda _: nothing, sizes.nodes), END)
    return Shape(builder.compile(), lambda thread, run: {"payload": payload.state(thread, run)})
