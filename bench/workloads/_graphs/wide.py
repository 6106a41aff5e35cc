"""The graphs of the wide states: fifteen channels, six nodes, two of them side by side, and a loop.

An order is received and examined; rules are looked up while it is put into categories; then the
customer is identified, and the order answered. An answer is an order, too: the loop goes round
``nodes`` times. A run leaves 2 + 5 × ``nodes`` checkpoints in the root namespace.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict, get_type_hints

from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel, Field, field_validator

from bench.contracts import Payload
from bench.workloads._shapes.shape import Shape, Sizes, graph


def _later(before: Any, after: Any) -> Any:
    return before if after is None else after


Added = Annotated[list[Any], operator.add]
Merged = Annotated[dict[str, Any], operator.or_]
Later = Annotated[Any, _later]

# What each node writes: lists get one record more, dictionaries an entry, the others a new value.
_LISTS = frozenset({"orders", "events", "categories", "offers", "rules", "documents"})
_DICTIONARIES = frozenset({"participants", "notified"})
_TEXTS = frozenset({"origin", "reference", "agent"})
_WRITTEN: Mapping[str, tuple[str, ...]] = {
    "receive": ("events", "origin"),
    "examine": ("quote", "problem"),
    "look_up": ("rules",),
    "categorise": ("categories", "offers", "documents"),
    "identify": ("customer", "company", "reference", "participants", "agent", "notified"),
    "answer": ("orders",),
}
_CHANNELS = tuple(channel for channels in _WRITTEN.values() for channel in channels)

Record = Callable[[int, int, Any], Any]
"""Thread, run and a state of the payload → one entry of a channel."""


@dataclass(kw_only=True)
class _State:
    orders: Added = field(default_factory=list)
    events: Added = field(default_factory=list)
    origin: Later = "mail"
    quote: dict[str, Any] | None = None
    problem: Later = None
    rules: list[dict[str, Any]] | None = None
    documents: list[dict[str, Any]] | None = None
    categories: Added = field(default_factory=list)
    offers: Added = field(default_factory=list)
    customer: Later = None
    company: Later = None
    reference: Later = None
    participants: Merged = field(default_factory=dict)
    agent: str | None = None
    notified: Merged = field(default_factory=dict)


class Origin(BaseModel):
    """From where an entry comes."""

    thread: Annotated[int, Field(ge=0)]
    run: Annotated[int, Field(ge=0)]


class Entry(BaseModel):
    """An entry of a channel, with a model inside."""

    origin: Origin
    content: Any

    @property
    def thread(self) -> int:
        return self.origin.thread

    @property
    def run(self) -> int:
        return self.origin.run


class _Model(BaseModel):
    orders: Added = Field(default_factory=list)
    events: Added = Field(default_factory=list)
    origin: Later = "mail"
    quote: Entry | None = None
    problem: Later = None
    rules: list[Entry] | None = None
    documents: list[Entry] | None = None
    categories: Added = Field(default_factory=list)
    offers: Added = Field(default_factory=list)
    customer: Later = None
    company: Later = None
    reference: Later = None
    participants: Merged = Field(default_factory=dict)
    agent: str | None = None
    notified: Merged = Field(default_factory=dict)

    @field_validator("orders", "events", "categories", "offers")
    @classmethod
    def _entries(cls, given: list[Any]) -> list[Any]:
        for entry in given:
            Entry.model_validate(entry)
        return given

    @field_validator("participants", "notified")
    @classmethod
    def _by_name(cls, given: dict[str, Any]) -> dict[str, Any]:
        for entry in given.values():
            Entry.model_validate(entry)
        return given


@graph("nodes")
def wide_state(sizes: Sizes, payload: Payload) -> Shape:
    """Build a state of fifteen channels as a dataclass; six nodes go round ``nodes`` times.

    A run leaves 2 + 5 × ``nodes`` checkpoints in the root namespace.
    """
    return _built(_State, _dictionary, sizes, payload)


@graph("nodes")
def wide_dict(sizes: Sizes, payload: Payload) -> Shape:
    """Build a state of fifteen channels as a ``TypedDict``; six nodes go round ``nodes`` times.

    A run leaves 2 + 5 × ``nodes`` checkpoints in the root namespace.
    """
    channels = get_type_hints(_State, include_extras=True)
    state: Any = TypedDict("state", channels, total=False)  # type: ignore[misc] # those of another
    return _built(state, _dictionary, sizes, payload)


@graph("nodes")
def pydantic_state(sizes: Sizes, payload: Payload) -> Shape:
    """Build a state of fifteen channels as a pydantic model; six nodes go round ``nodes`` times.

    Entries are models, too; what a node is given is checked by validators. A run leaves 2 + 5 ×
    ``nodes`` checkpoints in the root namespace.
    """

    def entry(thread: int, run: int, content: Any) -> Entry:
        return Entry(origin=Origin(thread=thread, run=run), content=content)

    return _built(_Model, entry, sizes, payload)


def _dictionary(thread: int, run: int, content: Any) -> Any:
    return {"thread": thread, "run": run, "content": content}


def _built(state: type[Any], record: Record, sizes: Sizes, payload: Payload) -> Shape:
    """Build the graph over ``state``, which has the channels named above."""

    def written(channel: str, orders: Sequence[Any]) -> Any:
        thread, run = _field(orders[-1], "thread"), _field(orders[-1], "run")
        place = (thread * len(_CHANNELS) + _CHANNELS.index(channel)) * (sizes.nodes + 1)
        number = len(orders) % (sizes.nodes + 1)
        if channel in _TEXTS:
            return f"{channel} of order {thread}-{run}-{number}"
        entry = record(thread, run, payload.state(place + number, run))
        if channel in _DICTIONARIES:
            return {f"{channel} {run}-{number}": entry}
        return [entry] if channel in _LISTS else entry

    def node(channels: tuple[str, ...]) -> Any:
        async def write(now: Any) -> dict[str, Any]:
            orders = _field(now, "orders")
            return {channel: written(channel, orders) for channel in channels}

        return write

    def is_done(now: Any) -> str:
        # A run has brought one order, and every round adds one.
        return "receive" if len(_field(now, "orders")) % (sizes.nodes + 1) else END

    builder: StateGraph[Any, None, Any, Any] = StateGraph(state)
    for name, channels in _WRITTEN.items():
        builder.add_node(name, node(channels))
    builder.add_edge(START, "receive")
    builder.add_edge("receive", "examine")
    builder.add_edge("examine", "look_up")
    builder.add_edge("examine", "categorise")
    builder.add_edge(["look_up", "categorise"], "identify")
    builder.add_edge("identify", "answer")
    builder.add_conditional_edges("answer", is_done, ["receive", END])
    return Shape(
        builder.compile(),
        lambda thread, run: {"orders": [record(thread, run, payload.state(thread, run))]},
    )


def _field(holder: Any, name: str) -> Any:
    return holder[name] if isinstance(holder, Mapping) else getattr(holder, name)
