"""Graphs whose nodes stand in a row."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.channels.delta import DeltaChannel
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command
from langgraph.types import interrupt as ask_caller

from bench.contracts import Payload
from bench.workloads._shapes.shape import Graph, Shape, Sizes, graph

_UPDATES_PER_SNAPSHOT = 10


def _extended(state: list[Any], updates: Sequence[list[Any]]) -> list[Any]:
    return [*state, *(item for update in updates for item in update)]


class _Run(TypedDict):
    thread: int
    run: int


class _Counted(_Run):
    payload: Any
    count: Annotated[int, operator.add]


class _Delta(_Run):
    items: Annotated[list[Any], DeltaChannel(_extended, snapshot_frequency=_UPDATES_PER_SNAPSHOT)]


class _Answered(_Run):
    payload: Any
    answers: Annotated[list[Any], operator.add]


class _Corrected(_Run):
    payload: Any
    corrections: Annotated[list[Any], operator.add]


class _Payload(TypedDict):
    payload: Any


def add_row(builder: StateGraph[Any, Any, Any, Any], node: Callable[[int], Any], count: int) -> str:
    """Add ``node(0)``, ``node(1)``, … in a row from the start on; return the last one's name."""
    before = START
    for index in range(count):
        name = f"node_{index}"
        builder.add_node(name, node(index))
        builder.add_edge(before, name)
        before = name
    return before


def _writing(
    payload: Payload, places: int, written: Callable[[Any], Mapping[str, Any]]
) -> Callable[[int], Any]:
    """Return what makes nodes that write a state of the payload; a thread has so many places."""

    def node(index: int) -> Any:
        async def write(state: _Run) -> Mapping[str, Any]:
            return written(payload.state(state["thread"] * places + index, state["run"]))

        return write

    return node


def _replaced(content: Any) -> Mapping[str, Any]:
    return {"payload": content}


def _run(thread: int, run: int) -> _Run:
    return {"thread": thread, "run": run}


@graph("nodes")
def chain(sizes: Sizes, payload: Payload) -> Shape:
    """Build ``nodes`` nodes in a row; each replaces the payload and adds one to a counter.

    A run leaves 2 + ``nodes`` checkpoints in the root namespace.
    """
    builder = StateGraph(_Counted)
    node = _writing(payload, sizes.nodes, lambda content: {"payload": content, "count": 1})
    builder.add_edge(add_row(builder, node, sizes.nodes), END)
    return Shape(builder.compile(), _run)


@graph("nodes")
def delta_channel(sizes: Sizes, payload: Payload) -> Shape:
    """Build ``nodes`` nodes in a row, each of which adds to a list in a ``DeltaChannel``.

    Such a channel is not in every checkpoint: it is put together from the writes since the last
    snapshot, which here is saved at every tenth update. A run leaves 2 + ``nodes`` checkpoints in
    the root namespace.
    """
    builder = StateGraph(_Delta)
    node = _writing(payload, sizes.nodes, lambda content: {"items": [content]})
    builder.add_edge(add_row(builder, node, sizes.nodes), END)
    return Shape(builder.compile(), _run)


@graph("nodes")
def interrupt(sizes: Sizes, payload: Payload) -> Shape:
    """Build ``nodes`` nodes in a row, then one that stops the graph and asks; the next run answers.

    Run 0 begins and stops, run 1 resumes with a state of the payload (``Command``), run 2 begins
    again, and so on. A run that begins leaves 2 + ``nodes`` checkpoints in the root namespace, one
    that resumes 1.
    """

    async def ask(state: _Answered) -> dict[str, Any]:
        answer = ask_caller({"question": "Is this right?", "run": state["run"]})
        return {"answers": [answer]}

    def inputs(thread: int, run: int) -> Any:
        return Command(resume=payload.state(thread, run)) if run % 2 else _run(thread, run)

    builder = StateGraph(_Answered)
    builder.add_node("ask", ask)
    node = _writing(payload, sizes.nodes, _replaced)
    builder.add_edge(add_row(builder, node, sizes.nodes), "ask")
    builder.add_edge("ask", END)
    return Shape(builder.compile(), inputs)


@graph("nodes")
def update_state(sizes: Sizes, payload: Payload) -> Shape:
    """Build ``nodes`` nodes in a row; after each run the caller changes the state.

    That is ``aupdate_state``; run and update each have a state of the payload of their own. A run
    leaves 2 + ``nodes`` checkpoints in the root namespace, and its update one more.
    """
    places = sizes.nodes + 1
    builder = StateGraph(_Corrected)
    last = add_row(builder, _writing(payload, places, _replaced), sizes.nodes)
    builder.add_edge(last, END)

    async def correct(graph: Graph, config: RunnableConfig, thread: int, run: int) -> None:
        correction = {"corrections": [payload.state(thread * places + sizes.nodes, run)]}
        await graph.aupdate_state(config, correction, as_node=last)

    return Shape(builder.compile(), _run, after_run=correct)


@graph("nodes")
def sequential(sizes: Sizes, payload: Payload) -> Shape:
    """Build ``nodes`` nodes in a row that do nothing: what it costs to save what does not change.

    The input brings a state of the payload. A run leaves 2 + ``nodes`` checkpoints in the root
    namespace.
    """

    async def nothing(state: _Payload) -> None:
        del state

    builder = StateGraph(_Payload)
    builder.add_edge(add_row(builder, lambda _: nothing, sizes.nodes), END)
    return Shape(builder.compile(), lambda thread, run: {"payload": payload.state(thread, run)})
