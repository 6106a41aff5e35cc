"""Memory and CPU of the worker and of the server, sampled from outside of both."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from bench.contracts import OutsideProbe, ReadingKind
from bench.probes._process_tree import Memory, ProcessTree
from bench.records.trial import Reading
from bench.scenario.metric import Unit

INTERVAL_S = 0.05
# Unique and proportional memory cost the watched process a lock: at most every 250 ms, and less
# often where reading them takes long, so that it never fills more than a fiftieth of the time.
COSTLY_INTERVAL_NS = 250_000_000
_LEAST_TIME_PER_COST = 50

Clock = Callable[[], int]

_RSS = "highest resident memory (pages shared by processes count once for each)"
_CPU = "CPU seconds, with all threads and child processes, per second (1 is a full core)"
_GROWTH = "resident memory at the window's end less that at its beginning"
_READINGS: tuple[tuple[str, str, Unit, str], ...] = (
    ("worker", "rss_peak", "bytes", _RSS),
    ("worker", "uss_peak", "bytes", "highest memory that no other process shares"),
    ("worker", "rss_growth", "bytes", _GROWTH),
    ("worker", "cpu_share", "ratio", _CPU),
    ("server", "rss_peak", "bytes", _RSS),
    ("server", "pss_peak", "bytes", "highest memory, shared pages counted once for the group,"),
    ("server", "cpu_share", "ratio", _CPU),
)


class Group:
    """What was seen of one group of processes between :meth:`begin` and :meth:`end`."""

    def __init__(self, name: str, tree: ProcessTree, clock: Clock) -> None:
        self._name = name
        self._tree = tree
        self._clock = clock
        self._resident: list[int] = []
        self._memories: list[Memory] = []
        self._growth_bytes: int | None = None
        self._cpu_share: float | None = None

    def begin(self) -> None:
        self._first = self._sample_all()
        self._start_cpu_s = self._tree.cpu_s()
        self._start_ns = self._clock()

    def sample(self) -> None:
        """Take one sample: of everything if that is due, else of what is cheap."""
        if self._clock() >= self._all_due_ns:
            self._sample_all()
        elif self._name == "worker" or not self._is_shared_out():
            resident = self._tree.resident_bytes()
            self._resident += [resident] if resident is not None else []

    def end(self) -> None:
        cpu_s, elapsed_ns = self._tree.cpu_s(), self._clock() - self._start_ns
        if cpu_s is not None and self._start_cpu_s is not None and elapsed_ns > 0:
            self._cpu_share = (cpu_s - self._start_cpu_s) * 1e9 / elapsed_ns
        last = self._sample_all()
        if self._first is not None and last is not None:
            self._growth_bytes = last.resident_bytes - self._first.resident_bytes

    def values(self) -> dict[str, float]:
        """Return by the reading's name what is known; what could not be read is absent."""
        resident = max(self._resident, default=None)
        unique = [memory.unique_bytes for memory in self._memories]
        proportional = [memory.proportional_bytes for memory in self._memories]
        found: dict[str, float | None] = {"rss_peak": resident}
        if self._name == "worker":
            found |= {"uss_peak": _peak(unique), "rss_growth": self._growth_bytes}
        elif self._is_shared_out():
            found = {"pss_peak": _peak(proportional)}
        found["cpu_share"] = self._cpu_share
        return {f"{self._name}.{key}": value for key, value in found.items() if value is not None}

    def _sample_all(self) -> Memory | None:
        before_ns = self._clock()
        memory = self._tree.memory()
        after_ns = self._clock()
        pause_ns = max(COSTLY_INTERVAL_NS, (after_ns - before_ns) * _LEAST_TIME_PER_COST)
        self._all_due_ns = after_ns + pause_ns
        if memory is not None:
            self._memories.append(memory)
            self._resident.append(memory.resident_bytes)
        return memory

    def _is_shared_out(self) -> bool:
        """Tell whether every sample could divide shared pages among those who share them."""
        return bool(self._memories) and all(
            memory.proportional_bytes is not None for memory in self._memories
        )


class ProcessUsage(OutsideProbe):
    """Samples from a thread of the runner, which is idle while a trial is measured.

    Resident memory (RSS) is read every 50 ms. Unique (USS) and proportional memory (PSS) are read
    as the window opens and closes and every 250 ms or less often: on Linux they come from
    ``smaps_rollup``, for which the kernel walks all page tables of the watched process under its
    memory-map lock. A peak between two samples is not seen.

    A server of several processes shares its buffers; resident memory would count them once for each
    process. So ``server.pss_peak`` is read where the system has it (Linux), and ``server.rss_peak``
    elsewhere. A server that is somebody else's has no readings.
    """

    readings: ClassVar[Mapping[str, ReadingKind]] = {
        f"{group}.{name}": ReadingKind(unit, "lower", f"{text} of the {group}")
        for group, name, unit, text in _READINGS
    }

    def __init__(
        self,
        tree: Callable[[Sequence[int]], ProcessTree] = ProcessTree,
        clock: Clock = time.perf_counter_ns,
    ) -> None:
        """``tree`` makes the reader of a group's process ids; ``clock`` gives ns."""
        self._tree = tree
        self._clock = clock
        self._stopping = threading.Event()

    def start(self, processes: Mapping[str, Sequence[int]]) -> None:
        self._groups = [
            Group(name, self._tree(process_ids), self._clock)
            for name, process_ids in processes.items()
            if process_ids
        ]
        for group in self._groups:
            group.begin()
        self._thread = threading.Thread(target=self._sample, name="process_usage", daemon=True)
        self._thread.start()

    def stop(self) -> Sequence[Reading]:
        self._stopping.set()
        self._thread.join()
        for group in self._groups:
            group.end()
        values = (value for group in self._groups for value in group.values().items())
        return [self.reading(name, value) for name, value in values]

    def _sample(self) -> None:
        while not self._stopping.wait(INTERVAL_S):
            for group in self._groups:
                group.sample()


def _peak(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return max(known) if known and len(known) == len(values) else None
