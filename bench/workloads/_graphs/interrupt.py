"""``nodes`` nodes in a row, then one that stops the graph and asks; the next run answers.

Run 0 begins and stops, run 1 resumes with a state of the payload (``Command``), run 2 begins again,
and so on. A run that begins leaves 2 + ``nodes`` checkpoints in the root namespace, one that
resumes 1.
"""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, StateGraph
from langgraph.types import Command, interrupt

from bench.contracts import Payload
from bench.workloads._graphs._row import add_row, replacing
from bench.workloads._shapes.shape import Shape, Sizes

SIZES = ("nodes",)


class _State(TypedDict):
    thread: int
    run: int
    payload: Any
    answers: Annotated[list[Any], operator.add]


def build(sizes: Sizes, payload: Payload) -> Shape:
    """Build the graph."""

    async def ask(state: _State) -> dict[str, Any]:
        answer = interrupt({"question": "Is this right?", "run": state["run"]})
        return {"answers": [answer]}

    def inputs(thread: int, run: int) -> Any:
        if run % 2:
            return Command(resume=payload.state(thread, run))
        return {"thread": thread, "run": run}

    builder = StateGraph(_State)
    builder.add_node("ask", ask)
    builder.add_edge(add_row(builder, replacing(payload, sizes.nodes), sizes.nodes), "ask")
    builder.add_edge("ask", END)
    return Shape(builder.compile(), inputs)
