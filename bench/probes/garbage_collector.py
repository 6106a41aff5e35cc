"""How often, and for how long, Python's cyclic garbage collector stopped the worker."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence

from bench.contracts import Subject, WorkerProbe
from bench.records.trial import Reading


class GarbageCollector(WorkerProbe):
    """Listens to ``gc.callbacks``; a collection holds the interpreter lock from start to end."""

    readings = ("gc.collections", "gc.pause_total", "gc.pause_max")

    def __init__(self, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        """Take a clock in ns."""
        self._clock = clock
        self._collections = 0
        self._total_ns = 0
        self._longest_ns = 0
        self._began_ns: int | None = None

    async def start(self, subject: Subject) -> None:
        """Listen."""
        del subject
        gc.callbacks.append(self._on_collection)

    async def stop(self, checkpoints: int) -> Sequence[Reading]:
        """Listen no more; the longest pause is absent when there was none."""
        del checkpoints
        gc.callbacks.remove(self._on_collection)
        counted = Reading(
            name="gc.collections",
            value=float(self._collections),
            unit="count",
            better="neither",
            description="collections of any generation in the window",
        )
        total = Reading(
            name="gc.pause_total",
            value=float(self._total_ns),
            unit="ns",
            better="lower",
            description="time for which all collections together stopped the worker",
        )
        longest = Reading(
            name="gc.pause_max",
            value=float(self._longest_ns),
            unit="ns",
            better="lower",
            description="longest time that one collection stopped the worker",
        )
        return (counted, total, longest) if self._collections else (counted, total)

    def _on_collection(self, phase: str, details: Mapping[str, int]) -> None:
        del details
        if phase == "start":
            self._began_ns = self._clock()
        elif self._began_ns is not None:
            pause_ns = self._clock() - self._began_ns
            self._began_ns = None
            self._collections += 1
            self._total_ns += pause_ns
            self._longest_ns = max(self._longest_ns, pause_ns)
