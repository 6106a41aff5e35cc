"""A state of fifteen channels as a ``TypedDict``; six nodes go round ``nodes`` times.

A run leaves 2 + 5 × ``nodes`` checkpoints in the root namespace.
"""

from __future__ import annotations

from typing import Any, TypedDict, get_type_hints

from bench.contracts import Payload
from bench.workloads._graphs._wide import as_dictionary, build_wide
from bench.workloads._graphs.wide_state import State
from bench.workloads._shapes.shape import Shape, Sizes

SIZES = ("nodes",)


def build(sizes: Sizes, payload: Payload) -> Shape:
    """Build the graph."""
    channels = get_type_hints(State, include_extras=True)
    state: Any = TypedDict("_State", channels, total=False)  # type: ignore[misc]  # those of another
    return build_wide(state, as_dictionary, sizes, payload)
