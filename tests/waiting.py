"""Waiting for what another process does, without taking a core from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import psutil

_BETWEEN_LOOKS_S = 0.02
# A minute.
_MOST_LOOKS = 3_000
Seen = TypeVar("Seen")


def until(look: Callable[[], Seen], process: psutil.Process) -> Seen:
    """Return what ``look`` sees once that is something; ``process`` must not end before."""
    while not (seen := look()):
        ended, _ = psutil.wait_procs([process], timeout=_BETWEEN_LOOKS_S)
        assert ended == [], "the process ended before"
    return seen


def running(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Return those that still run once all have had their time to end; a zombie does not run.

    Who inherits the processes of one that was killed may take a second to ask for their end.
    """
    left = [*processes]
    for _ in range(_MOST_LOOKS):
        _, left = psutil.wait_procs(left, timeout=_BETWEEN_LOOKS_S)
        left = [process for process in left if not _is_zombie(process)]
        if not left:
            break
    return left


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
