"""A graph as a user has one: a subgraph, ``Send``, an interrupt, a pydantic state, a tool."""

from __future__ import annotations

import asyncio
import operator
import random
from collections.abc import Iterator
from typing import Annotated, Any

from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt
from pydantic import BaseModel, Field


class Item(BaseModel):
    name: str
    price: float = 0.0


class State(BaseModel):
    order: str = ""
    items: Annotated[list[Item], operator.add] = Field(default_factory=list)
    approved: bool = False


class ItemState(BaseModel):
    name: str
    items: list[Item] = Field(default_factory=list)


@tool
async def look_up(name: str) -> float:
    """Return the price of an article."""
    return len(name) + 0.5


async def price(state: ItemState) -> dict[str, Any]:
    return {"items": [Item(name=state.name, price=await look_up.ainvoke({"name": state.name}))]}


async def discount(state: ItemState) -> dict[str, Any]:
    return {"items": [item.model_copy(update={"price": item.price / 2}) for item in state.items]}


async def review(state: State) -> dict[str, Any]:
    answer = interrupt({"total": sum(item.price for item in state.items)})
    if answer == "fail":
        raise LookupError("no such order")
    return {"approved": answer}


class Priced(BaseModel):
    items: list[Item]


def make_graph() -> StateGraph[Any, Any, Any, Any]:
    inner = StateGraph(ItemState, output_schema=Priced)
    inner.add_node("price", price)
    inner.add_node("discount", discount)
    inner.add_edge(START, "price")
    inner.add_edge("price", "discount")
    inner.add_edge("discount", END)

    def hand_out(state: State) -> list[Send]:
        return [Send("item", ItemState(name=f"{state.order}-{n}")) for n in range(3)]

    builder = StateGraph(State)
    builder.add_node("item", inner.compile())
    builder.add_node("review", review)
    builder.add_conditional_edges(START, hand_out, ["item"])
    builder.add_edge("item", "review")
    builder.add_edge("review", END)
    return builder


graph = make_graph().compile()


def inputs(thread: int, run: int) -> Any:
    return Command(resume=True) if run % 2 else {"order": f"order-{thread}-{run}"}


def failing_inputs(thread: int, run: int) -> Any:
    return Command(resume="fail") if run % 2 else inputs(thread, run)


def random_graph() -> StateGraph[Any, Any, Any, Any]:
    async def think(state: State) -> dict[str, Any]:
        return {"items": [Item(name=f"{state.order}-{random.random()}")]}  # noqa: S311 - no secret

    builder = StateGraph(State)
    builder.add_node("think", think)
    builder.add_edge(START, "think")
    builder.add_edge("think", END)
    return builder


def graph_with_memory() -> StateGraph[Any, Any, Any, Any]:
    seen: set[str] = set()

    async def accept(state: State) -> dict[str, Any]:
        if state.order in seen:
            raise LookupError("it has been ordered already")
        seen.add(state.order)
        return {"approved": True}

    builder = StateGraph(State)
    builder.add_node("accept", accept)
    builder.add_edge(START, "accept")
    builder.add_edge("accept", END)
    return builder


remembering = graph_with_memory().compile()


ORDERS = [{"order": "a"}, {"order": "b"}]
NUMBER = 7


def endless() -> Iterator[dict[str, str]]:
    while True:
        yield {"order": "a"}


def failing(*_: int) -> Any:
    raise LookupError("no such order")


async def coroutine() -> Any:
    await asyncio.sleep(0)


def uncompilable() -> StateGraph[Any, Any, Any, Any]:
    builder = StateGraph(State)
    builder.add_edge(START, "nowhere")
    return builder


ENDLESS = endless()
