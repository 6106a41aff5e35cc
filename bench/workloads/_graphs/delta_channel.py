"""``nodes`` nodes in a row, each of which adds to a list in LangGraph's ``DeltaChannel``.

Such a channel is not in every checkpoint: it is put together from the writes since the last
snapshot, which here is saved at every tenth update. A run leaves 2 + ``nodes`` checkpoints in the
root namespace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypedDict

from langgraph.channels.delta import DeltaChannel
from langgraph.graph import END, StateGraph

from bench.contracts import Payload
from bench.workloads._graphs._row import add_row
from bench.workloads._shapes.shape import Shape, Sizes

SIZES = ("nodes",)
_UPDATES_PER_SNAPSHOT = 10


def _added(state: list[Any], updates: Sequence[list[Any]]) -> list[Any]:
    return [*state, *(item for update in updates for item in update)]


class _State(TypedDict):
    thread: int
    run: int
    items: Annotated[list[Any], DeltaChannel(_added, snapshot_frequency=_UPDATES_PER_SNAPSHOT)]


def build(sizes: Sizes, payload: Payload) -> Shape:
    """Build the graph; each node adds one state of the payload."""

    def node(index: int) -> Any:
        async def add(state: _State) -> dict[str, Any]:
            return {"items": [payload.state(state["thread"] * sizes.nodes + index, state["run"])]}

        return add

    builder = StateGraph(_State)
    builder.add_edge(add_row(builder, node, sizes.nodes), END)
    return Shape(builder.compile(), lambda thread, run: {"thread": thread, "run": run})
