"""On which cores worker and server run, where a trial places them: a core each."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping

import psutil

from bench.errors import UnsupportedError


def core_each() -> tuple[int, int]:
    """Return the cores of the worker and of the server.

    Raises:
        UnsupportedError: the system cannot place a process, or this one may use a single core.
    """
    if sys.platform != "linux":
        raise UnsupportedError("placement = 'pinned' needs Linux: what starts stays on its core")
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise UnsupportedError("placement = 'pinned' needs two cores, and this process may use one")
    return cores[0], cores[1]


@contextlib.contextmanager
def starting_on(core: int | None) -> Iterator[None]:
    """Let what this thread starts in the block run on ``core`` alone; ``None``: anywhere."""
    if core is None or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cores_read_back(processes: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """Return on which cores each group of processes may run, as settings of a record."""
    found: dict[str, str] = {}
    for name, process_ids in processes.items():
        cores: set[int] = set()
        for process_id in process_ids:
            with contextlib.suppress(psutil.Error):
                cores.update(psutil.Process(process_id).cpu_affinity())
        if process_ids:
            found[f"{name}_cores"] = ", ".join(map(str, sorted(cores)))
    return found
