"""``branches`` subgraphs of ``nodes`` nodes, side by side, each with a namespace of its own.

With a ``depth`` of 2 each of them has such a subgraph inside, and so on: the innermost one has the
nodes, the others call the next. A run leaves 3 checkpoints in the root namespace, and in
``branches`` × ``depth`` namespaces of its own 2 + ``nodes`` in the innermost, 3 in the others.
"""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from bench.contracts import Payload
from bench.workloads._graphs._row import add_row
from bench.workloads._shapes.shape import Shape, Sizes

SIZES = ("branches", "depth", "nodes")


class _State(TypedDict):
    thread: int
    run: int
    results: Annotated[list[Any], operator.add]


class _Results(TypedDict):
    results: Annotated[list[Any], operator.add]


class _Branch(_Results):
    place: int
    run: int


def build(sizes: Sizes, payload: Payload) -> Shape:
    """Build the graph; each node of a subgraph adds a state of the payload to the list."""

    def node(index: int) -> Any:
        async def work(state: _Branch) -> dict[str, Any]:
            return {"results": [payload.state(state["place"] * sizes.nodes + index, state["run"])]}

        return work

    inner = StateGraph(_Branch, output_schema=_Results)
    inner.add_edge(add_row(inner, node, sizes.nodes), END)
    branch = inner.compile()
    for _ in range(sizes.depth - 1):
        outer = StateGraph(_Branch, output_schema=_Results)
        outer.add_node("inner", branch)
        outer.add_edge(START, "inner")
        outer.add_edge("inner", END)
        branch = outer.compile()

    def hand_out(state: _State) -> list[Send]:
        first = state["thread"] * sizes.branches
        return [
            Send("branch", {"place": first + index, "run": state["run"], "results": []})
            for index in range(sizes.branches)
        ]

    builder = StateGraph(_State)
    builder.add_node("branch", branch)
    builder.add_conditional_edges(START, hand_out, ["branch"])
    builder.add_edge("branch", END)
    return Shape(builder.compile(), lambda thread, run: {"thread": thread, "run": run})
