"""A state of fifteen channels as a dataclass; six nodes go round ``nodes`` times.

A run leaves 2 + 5 × ``nodes`` checkpoints in the root namespace.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bench.contracts import Payload
from bench.workloads._graphs._wide import Added, Later, Merged, as_dictionary, build_wide
from bench.workloads._shapes.shape import Shape, Sizes

SIZES = ("nodes",)


@dataclass(kw_only=True)
class State:
    """Fifteen channels."""

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


def build(sizes: Sizes, payload: Payload) -> Shape:
    """Build the graph."""
    return build_wide(State, as_dictionary, sizes, payload)
