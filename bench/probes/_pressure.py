"""What Linux tells of the processors: pure readers of the texts of its files."""

from __future__ import annotations

from dataclasses import dataclass

# The columns of the first line of /proc/stat, proc_stat(5), in clock ticks.
_COLUMNS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_IDLE = ("idle", "iowait")
_STOLEN = "steal"


@dataclass(frozen=True, slots=True)
class Ticks:
    """Clock ticks of all processors since the start: ``busy`` for us or others, ``stolen``, all.

    A hypervisor has ``stolen`` what a virtual processor was ready to use and did not get.
    """

    busy: int
    stolen: int
    total: int


def ticks(stat: str) -> Ticks | None:
    """Read the first line of ``/proc/stat``; ``None`` where it has another form."""
    first, *numbers = stat.partition("\n")[0].split() or [""]
    if first != "cpu" or len(numbers) < len(_COLUMNS) or not all(map(str.isdigit, numbers)):
        return None
    # Time of guests is in user and nice already.
    by_name = dict(zip(_COLUMNS, map(int, numbers), strict=False))
    total = sum(by_name.values())
    idle = sum(by_name[name] for name in _IDLE)
    return Ticks(total - idle - by_name[_STOLEN], by_name[_STOLEN], total)


def stalled_us(pressure: str) -> int | None:
    """Read from ``/proc/pressure/cpu`` for how many µs some task has waited for a processor."""
    for line in pressure.splitlines():
        kind, *fields = line.split()
        if kind == "some":
            found = dict(field.partition("=")[::2] for field in fields).get("total", "")
            return int(found) if found.isdigit() else None
    return None


def throttled(cpu_stat: str) -> int | None:
    """Read from a control group's ``cpu.stat`` in how many periods it was throttled."""
    for line in cpu_stat.splitlines():
        name, _, value = line.partition(" ")
        if name == "nr_throttled" and value.strip().isdigit():
            return int(value)
    return None


def group_files(cgroup: str) -> tuple[str, ...]:
    """Name, from ``/proc/self/cgroup``, where this process's ``cpu.stat`` may be below its mount.

    Versions 2 and 1, each in its own directory and at the top, which is where a container sees it.
    """
    found: dict[str, None] = {}
    for line in cgroup.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = f"{controllers}/" if controllers else ""
        inner = path.strip("/")
        found |= dict.fromkeys(
            [f"{top}{inner}/cpu.stat", f"{top}cpu.stat"] if inner else [f"{top}cpu.stat"]
        )
    return tuple(found)
