"""A state of fifteen channels as a ``TypedDict``; six nodes go round ``nodes`` times.

A run leaves 2 + 5 × ``nodes`` checkpoints in the root namespace.
"""

from __future__ import annotations

from typing import Any, TypedDict

from bench.contracts import Payload
from bench.workloads._graphs._wide import Added, Later, Merged, as_dictionary, build_wide
from bench.workloads._shapes.shape import Shape, Sizes

SIZES = ("nodes",)


class _State(TypedDict, total=False):
    orders: Added
    events: Added
    origin: Later
    quote: dict[str, Any] | None
    problem: Later
    rules: list[dict[str, Any]] | None
    documents: list[dict[str, Any]] | None
    categories: Added
    offers: Added
    customer: Later
    company: Later
    reference: Later
    participants: Merged
    agent: str | None
    notified: Merged


def build(sizes: Sizes, payload: Payload) -> Shape:
    """Build the graph."""
    return build_wide(_State, as_dictionary, sizes, payload)
