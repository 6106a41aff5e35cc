"""``nodes`` nodes in a row; after each run the caller changes the state (``aupdate_state``).

A run leaves 2 + ``nodes`` checkpoints in the root namespace, and its update one more.
"""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, StateGraph

from bench.contracts import Payload
from bench.workloads._graphs._row import add_row, replacing
from bench.workloads._shapes.shape import Graph, Shape, Sizes

SIZES = ("nodes",)


class _State(TypedDict):
    thread: int
    run: int
    payload: Any
    corrections: Annotated[list[Any], operator.add]


def build(sizes: Sizes, payload: Payload) -> Shape:
    """Build the graph; run and update each have a state of the payload of their own."""
    places = sizes.nodes + 1
    builder = StateGraph(_State)
    last = add_row(builder, replacing(payload, places), sizes.nodes)
    builder.add_edge(last, END)

    async def correct(graph: Graph, config: RunnableConfig, thread: int, run: int) -> None:
        correction = {"corrections": [payload.state(thread * places + sizes.nodes, run)]}
        await graph.aupdate_state(config, correction, as_node=last)

    return Shape(
        builder.compile(), lambda thread, run: {"thread": thread, "run": run}, after_run=correct
    )
