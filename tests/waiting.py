"""Waiting for what another process does, without taking a core from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psutil

_BETWEEN_LOOKS_S = 0.02
Seen = TypeVar("Seen")


def until(look: Callable[[], Seen], process: psutil.Process) -> Seen:
    """Return what ``look`` sees once that is something; ``process`` must not end before."""
    while not (seen := look()):
        ended, _ = psutil.wait_procs([process], timeout=_BETWEEN_LOOKS_S)
        assert ended == [], "the process ended before"
    return seen
