"""How often, and for how long, Python's cyclic garbage collector stopped the worker."""

from __future__ import annotations

import gc
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from bench.contracts import ReadingKind, Subject, WorkerProbe
from bench.records.trial import Reading


class GarbageCollector(WorkerProbe):
    """Listens to ``gc.callbacks``; a collection holds the interpreter lock from start to end."""

    readings: ClassVar[Mapping[str, ReadingKind]] = {
        "gc.collections": ReadingKind(
            "count", "neither", "collections of any generation in the window"
        ),
        "gc.pause_total": ReadingKind(
            "ns", "lower", "time for which all collections together stopped the worker"
        ),
        "gc.pause_max": ReadingKind(
            "ns", "lower", "longest time that one collection stopped the worker"
        ),
    }

    def __init__(self, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self._clock = clock
        self._starts_ns = array("q")
        self._pauses_ns = array("q")
        self._began_ns: int | None = None

    async def start(self, subject: Subject) -> None:
        gc.callbacks.append(self._on_collection)

    async def stop(self, checkpoints: int) -> Sequence[Reading]:
        gc.callbacks.remove(self._on_collection)
        readings = [
            self.reading("gc.collections", len(self._pauses_ns)),
            self.reading("gc.pause_total", sum(self._pauses_ns)),
        ]
        if self._pauses_ns:
            spans = zip(self._starts_ns, self._pauses_ns, strict=True)
            readings.append(self.reading("gc.pause_max", max(self._pauses_ns), spans=spans))
        return readings

    def _on_collection(self, phase: str, details: Mapping[str, int]) -> None:
        del details
        if phase == "start":
            self._began_ns = self._clock()
        elif self._began_ns is not None:
            self._pauses_ns.append(self._clock() - self._began_ns)
            self._starts_ns.append(self._began_ns)
            self._began_ns = None
