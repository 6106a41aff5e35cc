"""A state of fifteen channels as a pydantic model; six nodes go round ``nodes`` times.

Entries are models, too; what a node is given is checked by validators. A run leaves 2 + 5 ×
``nodes`` checkpoints in the root namespace.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, field_validator

from bench.contracts import Payload
from bench.workloads._graphs._wide import Added, Later, Merged, build_wide
from bench.workloads._shapes.shape import Shape, Sizes

SIZES = ("nodes",)


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


class _State(BaseModel):
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


def _entry(thread: int, run: int, content: Any) -> Entry:
    return Entry(origin=Origin(thread=thread, run=run), content=content)


def build(sizes: Sizes, payload: Payload) -> Shape:
    """Build the graph."""
    return build_wide(_State, _entry, sizes, payload)
