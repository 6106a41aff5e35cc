"""``branches`` topics go by ``Send`` to a subgraph each, which has a loop of ``nodes`` rounds.

The subgraph rewords its topic, drafts a text, and improves it in the loop. A run leaves 3
checkpoints in the root namespace, and 4 + ``nodes`` in each of ``branches`` namespaces of its own.
"""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from bench.contracts import Payload
from bench.workloads._shapes.shape import Shape, Sizes

SIZES = ("branches", "nodes")


class _State(TypedDict):
    topics: list[dict[str, Any]]
    texts: Annotated[list[Any], operator.add]


class _Topic(TypedDict):
    topic: dict[str, Any]


class _Texts(TypedDict):
    texts: list[Any]


class _Draft(_Topic, _Texts):
    rounds: int


def build(sizes: Sizes, payload: Payload) -> Shape:
    """Build the graph; a topic and the text of each round are states of the payload."""

    async def reword(state: _Topic) -> dict[str, Any]:
        return {"topic": {**state["topic"], "reworded": True}}

    async def draft(state: _Topic) -> dict[str, Any]:
        return {"texts": [_text(state, 0)], "rounds": 0}

    async def improve(state: _Draft) -> dict[str, Any]:
        rounds = state["rounds"] + 1
        return {"texts": [_text(state, rounds)], "rounds": rounds}

    def _text(state: _Topic, rounds: int) -> Any:
        place = state["topic"]["number"] * (sizes.nodes + 1) + rounds
        return payload.state(place, state["topic"]["run"])

    def is_done(state: _Draft) -> str:
        return END if state["rounds"] >= sizes.nodes else "improve"

    def inputs(thread: int, run: int) -> dict[str, Any]:
        first = thread * sizes.branches
        numbers = range(first, first + sizes.branches)
        return {
            "topics": [
                {"number": number, "run": run, "content": payload.state(number, run)}
                for number in numbers
            ]
        }

    def hand_out(state: _State) -> list[Send]:
        return [Send("write", {"topic": topic}) for topic in state["topics"]]

    inner = StateGraph(_Draft, input_schema=_Topic, output_schema=_Texts)
    inner.add_node("reword", reword)
    inner.add_node("draft", draft)
    inner.add_node("improve", improve)
    inner.add_edge(START, "reword")
    inner.add_edge("reword", "draft")
    inner.add_edge("draft", "improve")
    inner.add_conditional_edges("improve", is_done, ["improve", END])

    builder = StateGraph(_State)
    builder.add_node("write", inner.compile())
    builder.add_conditional_edges(START, hand_out, ["write"])
    builder.add_edge("write", END)
    return Shape(builder.compile(), inputs)
