"""``branches`` tasks are handed out by ``Send``; their results are gathered in a list.

A run leaves 3 checkpoints in the root namespace. The list grows by ``branches`` with every run.
"""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from bench.contracts import Payload
from bench.workloads._shapes.shape import Shape, Sizes

SIZES = ("branches",)


class _State(TypedDict):
    thread: int
    run: int
    results: Annotated[list[Any], operator.add]


class _Task(TypedDict):
    place: int
    run: int


def build(sizes: Sizes, payload: Payload) -> Shape:
    """Build the graph; each task adds a state of the payload to the list."""

    async def work(state: _Task) -> dict[str, Any]:
        return {"results": [payload.state(state["place"], state["run"])]}

    def hand_out(state: _State) -> list[Send]:
        first, run = state["thread"] * sizes.branches, state["run"]
        return [Send("work", _Task(place=first + n, run=run)) for n in range(sizes.branches)]

    builder = StateGraph(_State)
    builder.add_node("work", work)
    builder.add_conditional_edges(START, hand_out, ["work"])
    builder.add_edge("work", END)
    return Shape(builder.compile(), lambda thread, run: {"thread": thread, "run": run})
