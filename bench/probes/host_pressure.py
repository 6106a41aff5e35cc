"""What the machine did besides: other processes, stolen time, waiting, throttling, clock."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import psutil

from bench.contracts import OutsideProbe, ReadingKind
from bench.probes._process_tree import ProcessTree
from bench.records.trial import Reading

_HZ_PER_MHZ = 1e6
# The columns of the first line of /proc/stat, proc_stat(5), in clock ticks.
_COLUMNS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")

Clock = Callable[[], int]
CpuSeconds = Callable[[], float | None]


@dataclass(frozen=True, slots=True)
class Ticks:
    """Clock ticks of all processors since the start: ``busy`` for us or others, ``stolen``, all.

    A hypervisor has ``stolen`` what a virtual processor was ready to use and did not get.
    """

    busy: int
    stolen: int
    total: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the system told at one instant (ns); ``None`` what it does not tell.

    ``stalled_us``: for how many µs some task has waited for a processor. ``throttled``: in how many
    periods the control group was.
    """

    at_ns: int
    ticks: Ticks | None
    own_cpu_s: float | None
    stalled_us: int | None
    throttled: int | None
    clock_hz: float | None
    load: float | None


def snapshot(root: Path, at_ns: int, own_cpu_s: float | None) -> Snapshot:
    """Read the system, whose ``/proc`` and ``/sys`` are found below ``root``."""

    def text(name: str) -> str:
        try:
            return (root / name).read_text(encoding="ascii", errors="replace")
        except OSError:
            return ""

    groups = (text(f"sys/fs/cgroup/{name}") for name in group_files(text("proc/self/cgroup")))
    counts = (number_in(found, "nr_throttled") for found in groups)
    return Snapshot(
        at_ns=at_ns,
        ticks=ticks(text("proc/stat")),
        own_cpu_s=own_cpu_s,
        stalled_us=number_in(text("proc/pressure/cpu"), "some", "total="),
        throttled=next((count for count in counts if count is not None), None),
        clock_hz=_clock_hz(),
        load=_load(),
    )


def ticks(stat: str) -> Ticks | None:
    """Read the first line of ``/proc/stat``; ``None`` where it has another form."""
    first, *numbers = stat.partition("\n")[0].split() or [""]
    if first != "cpu" or len(numbers) < len(_COLUMNS) or not all(map(str.isdigit, numbers)):
        return None
    # Time of guests is in user and nice already.
    by_name = dict(zip(_COLUMNS, map(int, numbers), strict=False))
    total, stolen = sum(by_name.values()), by_name["steal"]
    return Ticks(total - by_name["idle"] - by_name["iowait"] - stolen, stolen, total)


def number_in(text: str, name: str, prefix: str = "") -> int | None:
    """Return the number of the line ``name``: its only word, or that with the ``prefix``."""
    for line in text.splitlines():
        first, *words = line.split()
        if first == name:
            numbers = (word.removeprefix(prefix) for word in words if word.startswith(prefix))
            return next((int(number) for number in numbers if number.isdigit()), None)
    return None


def group_files(cgroup: str) -> tuple[str, ...]:
    """Name, from ``/proc/self/cgroup``, where this process's ``cpu.stat`` may be below its mount.

    Versions 2 and 1, each in its own directory and at the top, which is where a container sees it.
    """

    def names() -> Iterator[str]:
        for line in cgroup.splitlines():
            controllers, _, path = line.partition(":")[2].partition(":")
            if controllers and "cpu" not in controllers.split(","):
                continue
            top = f"{controllers}/" if controllers else ""
            if inner := path.strip("/"):
                yield f"{top}{inner}/cpu.stat"
            yield f"{top}cpu.stat"

    return tuple(dict.fromkeys(names()))


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
        root: Path = Path("/"),
        own_cpu_s: Callable[[Sequence[int]], CpuSeconds] = lambda ids: ProcessTree(ids).cpu_s,
        clock: Clock = time.perf_counter_ns,
    ) -> None:
        """``own_cpu_s`` makes what reads our own processes; ``clock`` gives ns."""
        self._root = root
        self._reader_of = own_cpu_s
        self._clock = clock
        self._first: Snapshot | None = None

    def start(self, processes: Mapping[str, Sequence[int]]) -> None:
        ours = [number for numbers in processes.values() for number in numbers]
        if ours:
            self._own_cpu_s = self._reader_of((os.getpid(), *ours))
            self._first = snapshot(self._root, self._clock(), self._own_cpu_s())

    def stop(self) -> Sequence[Reading]:
        if self._first is None:
            return ()
        last = snapshot(self._root, self._clock(), self._own_cpu_s())
        values = differences(self._first, last, lambda: os.sysconf("SC_CLK_TCK"))
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
    found = {"host.steal_share": (after.stolen - before.stolen) / (after.total - before.total)}
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
    return float(getattr(found, "current", 0.0)) * _HZ_PER_MHZ or None


def _load() -> float | None:
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None
