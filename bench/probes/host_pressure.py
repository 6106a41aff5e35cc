"""What the machine did besides: other processes, stolen time, waiting, throttling, clock."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import psutil

from bench.contracts import OutsideProbe, ReadingKind
from bench.probes._pressure import Ticks, group_files, stalled_us, throttled, ticks
from bench.probes._process_tree import ProcessTree
from bench.records.trial import Reading

_HZ_PER_MHZ = 1e6

Clock = Callable[[], int]


class Tree(Protocol):
    """What is read of our processes; see :class:`bench.probes._process_tree.ProcessTree`."""

    def cpu_s(self) -> float | None:
        """Return the CPU seconds so far."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the system told at one instant (ns); ``None`` what it does not tell."""

    at_ns: int
    ticks: Ticks | None
    own_cpu_s: float | None
    stalled_us: int | None
    throttled: int | None
    clock_hz: float | None
    load: float | None


class Host:
    """Reads the system; ``root`` is where ``/proc`` and ``/sys`` are found."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def snapshot(self, at_ns: int, own: Tree) -> Snapshot:
        groups = group_files(self._text("proc/self/cgroup"))
        texts = (self._text(f"sys/fs/cgroup/{name}") for name in groups)
        counts = (throttled(text) for text in texts)
        return Snapshot(
            at_ns=at_ns,
            ticks=ticks(self._text("proc/stat")),
            own_cpu_s=own.cpu_s(),
            stalled_us=stalled_us(self._text("proc/pressure/cpu")),
            throttled=next((count for count in counts if count is not None), None),
            clock_hz=_clock_hz(),
            load=_load(),
        )

    def ticks_per_s(self) -> int:
        """Return the unit of :class:`Ticks`."""
        return os.sysconf("SC_CLK_TCK")

    def _text(self, name: str) -> str:
        try:
            return (self._root / name).read_text(encoding="ascii", errors="replace")
        except OSError:
            return ""


class HostPressure(OutsideProbe):
    """Reads counters of the system as the window opens and as it closes, and nothing between.

    Other processes are all but the worker, the server under test and the runner with what it
    started; on a machine with containers those of its neighbours are among them. What a system
    does not tell is absent: on macOS and Windows only clock and load are there.
    """

    readings: ClassVar[Mapping[str, ReadingKind]] = {
        "host.steal_share": ReadingKind(
            *("ratio", "lower"),
            "share of the processors' time that the hypervisor gave to others while we were ready",
        ),
        "host.other_cpu": ReadingKind(
            *("ratio", "lower"),
            "CPU seconds of other processes than worker, server and runner, per second",
        ),
        "host.cpu_pressure": ReadingKind(
            *("ratio", "lower"),
            "share of the time in which some task of the machine, ours or not, waited for a core",
        ),
        "host.throttled": ReadingKind(
            *("count", "lower"),
            "periods in which the control group had used up its share of the processors",
        ),
        "host.clock_start": ReadingKind(
            *("per_s", "neither"),
            "mean clock frequency of the processors, in Hz, as the window opened",
        ),
        "host.clock_end": ReadingKind(
            "per_s", "neither", "mean clock frequency of the processors, in Hz, as it closed"
        ),
        "host.load": ReadingKind(
            "count", "lower", "tasks that ran or waited to run, mean over the last minute"
        ),
    }

    def __init__(
        self,
        host: Host | None = None,
        tree: Callable[[Sequence[int]], Tree] = ProcessTree,
        clock: Clock = time.perf_counter_ns,
    ) -> None:
        """``tree`` makes the reader of our own processes; ``clock`` gives ns."""
        self._host = host or Host()
        self._tree = tree
        self._clock = clock
        self._first: Snapshot | None = None

    def start(self, processes: Mapping[str, Sequence[int]]) -> None:
        ours = [number for numbers in processes.values() for number in numbers]
        if ours:
            self._own = self._tree((os.getpid(), *ours))
            self._first = self._host.snapshot(self._clock(), self._own)

    def stop(self) -> Sequence[Reading]:
        if self._first is None:
            return ()
        last = self._host.snapshot(self._clock(), self._own)
        values = differences(self._first, last, self._host.ticks_per_s)
        return [self.reading(name, value) for name, value in values.items()]


def differences(
    first: Snapshot, last: Snapshot, ticks_per_s: Callable[[], int]
) -> dict[str, float]:
    """Return what is known of the time between two snapshots, by the reading's name."""
    elapsed_s = (last.at_ns - first.at_ns) / 1e9
    found: dict[str, float | None] = {}
    if elapsed_s > 0.0:
        found |= _of_ticks(first, last, elapsed_s, ticks_per_s)
        if first.stalled_us is not None and last.stalled_us is not None:
            found["host.cpu_pressure"] = (last.stalled_us - first.stalled_us) / 1e6 / elapsed_s
    if first.throttled is not None and last.throttled is not None:
        found["host.throttled"] = last.throttled - first.throttled
    found |= {"host.clock_start": first.clock_hz, "host.clock_end": last.clock_hz}
    found["host.load"] = last.load
    return {name: value for name, value in found.items() if value is not None}


def _of_ticks(
    first: Snapshot, last: Snapshot, elapsed_s: float, ticks_per_s: Callable[[], int]
) -> dict[str, float]:
    before, after = first.ticks, last.ticks
    if before is None or after is None or after.total <= before.total:
        return {}
    stolen = (after.stolen - before.stolen) / (after.total - before.total)
    found = {"host.steal_share": stolen}
    if first.own_cpu_s is not None and last.own_cpu_s is not None:
        busy_s = (after.busy - before.busy) / ticks_per_s()
        others_s = busy_s - (last.own_cpu_s - first.own_cpu_s)
        found["host.other_cpu"] = max(0.0, others_s) / elapsed_s
    return found


def _clock_hz() -> float | None:
    try:
        found = psutil.cpu_freq()
    except Exception:  # noqa: BLE001 - it reads other files on each platform, and fails in as many ways
        return None
    hertz = float(getattr(found, "current", 0.0)) * _HZ_PER_MHZ
    return hertz or None


def _load() -> float | None:
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None
