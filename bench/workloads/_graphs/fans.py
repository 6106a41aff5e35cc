"""Graphs that go on side by side, by ``Send``."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from bench.contracts import Payload
from bench.workloads._graphs.rows import add_row
from bench.workloads._shapes.shape import Inputs, Shape, Sizes, graph


class _Results(TypedDict):
    results: Annotated[list[Any], operator.add]


class _Fanned(_Results):
    thread: int
    run: int


class _Branch(_Results):
    place: int
    run: int


class _Texts(TypedDict):
    texts: list[Any]


class _Topic(TypedDict):
    topic: dict[str, Any]


class _Topics(TypedDict):
    topics: list[dict[str, Any]]
    texts: Annotated[list[Any], operator.add]


class _Draft(_Topic, _Texts):
    rounds: int


def _fanned(branch: Any, branches: int) -> Shape:
    """Hand out ``branches`` tasks to ``branch`` in each run, and gather their results."""

    def hand_out(state: _Fanned) -> list[Send]:
        first = state["thread"] * branches
        return [
            Send("branch", {"place": first + index, "run": state["run"], "results": []})
            for index in range(branches)
        ]

    return _sending(_Fanned, branch, hand_out, lambda thread, run: {"thread": thread, "run": run})


def _sending(state: type[Any], branch: Any, hand_out: Any, inputs: Inputs) -> Shape:
    builder: StateGraph[Any, None, Any, Any] = StateGraph(state)
    builder.add_node("branch", branch)
    builder.add_conditional_edges(START, hand_out, ["branch"])
    builder.add_edge("branch", END)
    return Shape(builder.compile(), inputs)


@graph("branches")
def fan_out(sizes: Sizes, payload: Payload) -> Shape:
    """Build ``branches`` tasks that are handed out; their results are gathered in a list.

    A run leaves 3 checkpoints in the root namespace. The list grows by ``branches`` with every run.
    """

    async def work(state: _Branch) -> dict[str, Any]:
        return {"results": [payload.state(state["place"], state["run"])]}

    return _fanned(work, sizes.branches)


@graph("branches", "depth", "nodes")
def subgraphs(sizes: Sizes, payload: Payload) -> Shape:
    """Build ``branches`` subgraphs of ``nodes`` nodes, side by side, each with its own namespace.

    With a ``depth`` of 2 each of them has such a subgraph inside, and so on: the innermost one has
    the nodes, the others call the next. A run leaves 3 checkpoints in the root namespace, and in
    ``branches`` × ``depth`` namespaces of its own 2 + ``nodes`` in the innermost, 3 in the others.
    """

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
    return _fanned(branch, sizes.branches)


@graph("branches", "nodes")
def fanout_to_subgraph(sizes: Sizes, payload: Payload) -> Shape:
    """Build ``branches`` topics that go to a subgraph each, which has a loop of ``nodes`` rounds.

    The subgraph rewords its topic, drafts a text, and improves it in the loop; a topic and the text
    of each round are states of the payload. A run leaves 3 checkpoints in the root namespace, and
    4 + ``nodes`` in each of ``branches`` namespaces of its own.
    """

    def text(state: _Topic, rounds: int) -> Any:
        place = state["topic"]["number"] * (sizes.nodes + 1) + rounds
        return payload.state(place, state["topic"]["run"])

    async def reword(state: _Topic) -> dict[str, Any]:
        return {"topic": {**state["topic"], "reworded": True}}

    async def draft(state: _Topic) -> dict[str, Any]:
        return {"texts": [text(state, 0)], "rounds": 0}

    async def improve(state: _Draft) -> dict[str, Any]:
        rounds = state["rounds"] + 1
        return {"texts": [text(state, rounds)], "rounds": rounds}

    def is_done(state: _Draft) -> str:
        return END if state["rounds"] >= sizes.nodes else "improve"

    def inputs(thread: int, run: int) -> dict[str, Any]:
        first = thread * sizes.branches
        numbers = range(first, first + sizes.branches)
        topics = [{"number": it, "run": run, "content": payload.state(it, run)} for it in numbers]
        return {"topics": topics}

    def hand_out(state: _Topics) -> list[Send]:
        return [Send("branch", {"topic": topic}) for topic in state["topics"]]

    inner = StateGraph(_Draft, input_schema=_Topic, output_schema=_Texts)
    inner.add_sequence([("reword", reword), ("draft", draft), ("improve", improve)])
    inner.add_edge(START, "reword")
    inner.add_conditional_edges("improve", is_done, ["improve", END])
    return _sending(_Topics, inner.compile(), hand_out, inputs)
