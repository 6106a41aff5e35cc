"""A group of processes with their descendants, read with as little work as the system allows."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

Value = TypeVar("Value")

_PROC = Path("/proc")
# A snapshot of the CPU times is repeated while processes come and go under it, at most this often.
_MOST_SNAPSHOTS = 5


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a group: ``resident_bytes`` counts a page once for each process that maps it.

    ``unique_bytes`` counts the pages that no other process maps; ``proportional_bytes`` each
    process's part of the shared ones too, so that a group's sum counts every page once. ``None``
    where the system does not tell.
    """

    resident_bytes: int
    unique_bytes: int | None
    proportional_bytes: int | None


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """CPU seconds, user and system, of one process: its ``own`` and of the children it ``reaped``.

    A child's time is in ``reaped`` only from when its parent has waited for it; it is then no
    longer a process. So the sum over a tree holds each second once.
    """

    own_s: float
    reaped_s: float


def steady(read: Callable[[], Mapping[int, CpuTimes]]) -> Mapping[int, CpuTimes]:
    """Return the times by process id from a snapshot during which no process came or went.

    A process that ends between the reading of its parent and its own would be lost or counted
    twice. So ``read`` is repeated until the processes, and what they reaped, are the same before
    and after.
    """
    times = read()
    for _ in range(_MOST_SNAPSHOTS - 1):
        before, times = times, read()
        if _reaped(before) == _reaped(times):
            break
    return times


def _reaped(times: Mapping[int, CpuTimes]) -> dict[int, float]:
    return {process_id: one.reaped_s for process_id, one in times.items()}


class ProcessTree:
    """The processes with the given ids and all their descendants. Those that ended are left out."""

    def __init__(self, process_ids: Sequence[int]) -> None:
        self._roots = process_ids
        self._known: dict[int, psutil.Process] = {}
        self.refresh()

    def refresh(self) -> None:
        """Look for processes that came or went."""
        roots = [root for number in self._roots if (root := self._process(number))]
        # A number that the system has given to another process since is not ours.
        ours = {number for r in roots if r.is_running() for number in (r.pid, *_descendants(r))}
        self._known = {number: one for number in ours if (one := self._process(number))}

    def resident_bytes(self) -> int | None:
        """Return the resident memory of the processes known, ``None`` when none is left."""
        sizes = [_read(process.memory_info) for process in self._known.values()]
        known = [size.rss for size in sizes if size is not None]
        return sum(known) if known else None

    def memory(self) -> Memory | None:
        """Return the memory of all processes, ``None`` when none is left.

        On Linux this reads ``smaps_rollup``: the kernel walks the page tables and takes the
        process's memory-map lock meanwhile, so it costs far more than :meth:`resident_bytes`.
        """
        self.refresh()
        sizes = [_full_memory(process) for process in self._known.values()]
        known = [size for size in sizes if size is not None]
        if not known:
            return None
        return Memory(
            resident_bytes=sum(size.rss for size in known),
            unique_bytes=_sum([getattr(size, "uss", None) for size in known]),
            proportional_bytes=_sum([getattr(size, "pss", None) for size in known]),
        )

    def cpu_s(self) -> float | None:
        """Return the CPU seconds of all processes and their children that ended, threads included.

        ``None`` when a root has ended, since its time can then not be read. Where the system keeps
        no times of ended children (macOS, Windows), these are missing. Linux counts in steps of
        0.01 s.
        """
        times = steady(self._times)
        if any(root not in times for root in self._roots):
            return None
        return sum(one.own_s + one.reaped_s for one in times.values())

    def _times(self) -> dict[int, CpuTimes]:
        self.refresh()
        read = {number: _read(process.cpu_times) for number, process in self._known.items()}
        return {
            number: CpuTimes(t.user + t.system, t.children_user + t.children_system)
            for number, t in read.items()
            if t is not None
        }

    def _process(self, process_id: int) -> psutil.Process | None:
        return self._known.get(process_id) or _read(lambda: psutil.Process(process_id))


def _read(read: Callable[[], Value]) -> Value | None:
    """Call ``read``, which may find the process gone or closed to this user."""
    try:
        return read()
    except (psutil.Error, OSError):
        return None


def _full_memory(process: psutil.Process) -> Any:
    try:
        return process.memory_full_info()
    except psutil.AccessDenied:
        return _read(process.memory_info)
    except (psutil.Error, OSError):
        return None


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _descendants(root: psutil.Process) -> set[int]:
    if _lists_children():
        return set(_listed_descendants(root.pid))
    return {child.pid for child in _read(lambda: root.children(recursive=True)) or ()}


@functools.cache
def _lists_children() -> bool:
    """Tell whether this Linux keeps lists of children, which saves reading every process."""
    own = str(os.getpid())
    return (_PROC / own / "task" / own / "children").exists()


def _listed_descendants(process_id: int) -> Iterator[int]:
    for child in _read(lambda: _listed_children(process_id)) or ():
        yield child
        yield from _listed_descendants(child)


def _listed_children(process_id: int) -> list[int]:
    threads = (_PROC / str(process_id) / "task").iterdir()
    lists = [(thread / "children").read_text(encoding="ascii") for thread in threads]
    return [int(child) for text in lists for child in text.split()]
