"""The machine: what of it decides how fast things run. Nothing of whose it is, or where."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from bench.child_process import output_of


def read_host(root: Path = Path("/")) -> dict[str, str]:
    """Describe the host. ``root`` is where ``/proc`` and ``/sys`` of Linux are found.

    ``cores`` are the machine's; ``cores_usable`` what affinity and control groups leave of them.
    Sizes are in bytes. ``filesystem`` is that of the directory for temporary files, where SQLite's
    files and the embedded servers' data lie.
    """
    cpu, proc = root / "sys/devices/system/cpu", root / "proc"
    sources = root / "sys/devices/system/clocksource/clocksource0"
    return readable(
        {
            "system": platform.system,
            "release": platform.release,
            "machine": platform.machine,
            "cpu_model": lambda: _cpu_model(proc),
            "cores": os.cpu_count,
            "cores_usable": lambda: _cores_usable(root),
            "memory_bytes": lambda: psutil.virtual_memory().total,
            "memory_limit_bytes": lambda: memory_limit(root),
            "swap_bytes": lambda: psutil.swap_memory().total,
            "load_average": lambda: " ".join(f"{load:.2f}" for load in os.getloadavg()),
            "governor": lambda: first_line(cpu / "cpu0/cpufreq/scaling_governor"),
            "turbo": lambda: _turbo(cpu),
            "filesystem": lambda: _filesystem(Path(tempfile.gettempdir())),
            "virtualization": lambda: _virtualization(root),
            "container": lambda: _container(root),
            "clock_source": lambda: first_line(sources / "current_clocksource"),
            "clock_resolution_ns": _clock_resolution_ns,
        }
    )


def _cpu_model(proc: Path) -> str:
    if platform.system() == "Darwin":
        return output_of(["sysctl", "-n", "machdep.cpu.brand_string"])
    if platform.system() == "Windows":
        return platform.processor()
    fields = _cpu_fields(proc)
    # ARM kernels give no name; what they give still tells one kind of core from another.
    arm = (fields.get("CPU implementer", ""), fields.get("CPU part", ""))
    return fields.get("model name") or fields.get("Model") or " ".join(arm).strip()


def _cpu_fields(proc: Path) -> dict[str, str]:
    first = (proc / "cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
    pairs = [line.partition(":") for line in first.splitlines()]
    return {name.strip(): value.strip() for name, _, value in pairs}


def _cores_usable(root: Path) -> str:
    bounds = [float(_affinity() or os.cpu_count() or 1)]
    for directory in _control_groups(root, "cpu"):
        quota, _, period = first_line(directory / "cpu.max").partition(" ")
        quota = quota or first_line(directory / "cpu.cfs_quota_us")
        period = period or first_line(directory / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit():
            bounds.append(int(quota) / int(period))
    return f"{min(bounds):g}"


def _affinity() -> int:
    """Return how many cores this process may run on, 0 where the system does not tell."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else 0


def memory_limit(root: Path = Path("/")) -> int | None:
    """Return what control groups leave of the memory, in bytes; ``None`` where they leave all."""
    names = ("memory.max", "memory.limit_in_bytes")
    total = psutil.virtual_memory().total
    texts = [
        first_line(directory / name)
        for directory in _control_groups(root, "memory")
        for name in names
    ]
    # Without a limit version 1 shows a number greater than any memory.
    limits = [int(text) for text in texts if text.isdigit() and int(text) < total]
    return min(limits, default=None)


def _control_groups(root: Path, controller: str) -> list[Path]:
    """Return the directories of this process's control groups, innermost first, versions 2 and 1.

    Inside a container the path that the kernel shows may not exist; its own limits are then at the
    top.
    """
    mounted = root / "sys/fs/cgroup"
    groups = root / "proc/self/cgroup"
    lines = groups.read_text(encoding="utf-8").splitlines() if groups.exists() else []
    found = []
    for _, controllers, path in (line.split(":", 2) for line in lines):
        if controllers and controller not in controllers.split(","):
            continue
        top = mounted / controller if controllers else mounted
        inner = top / path.lstrip("/")
        found += [one for one in (inner, *inner.parents) if one == top or top in one.parents]
    return found


def _turbo(cpu: Path) -> str:
    disabled = first_line(cpu / "intel_pstate/no_turbo")
    if disabled:
        return {"0": "on", "1": "off"}.get(disabled, "")
    return {"1": "on", "0": "off"}.get(first_line(cpu / "cpufreq/boost"), "")


def _filesystem(directory: Path) -> str:
    """Return the type of the file system that holds ``directory``: the longest mount point wins."""
    inside = directory.resolve()
    mounts = [
        (len(Path(mount.mountpoint).parts), number, mount.fstype)
        for number, mount in enumerate(psutil.disk_partitions(all=True))
        if inside.is_relative_to(mount.mountpoint)
    ]
    return max(mounts)[2]


def _virtualization(root: Path) -> str:
    vendor = first_line(root / "sys/class/dmi/id/sys_vendor")
    if "hypervisor" in _cpu_fields(root / "proc").get("flags", "").split():
        return f"virtual machine ({vendor})" if vendor else "virtual machine"
    return first_line(root / "sys/hypervisor/type")


def _container(root: Path) -> str:
    if (root / ".dockerenv").exists():
        return "docker"
    if (root / "run/.containerenv").exists():
        return "podman"
    groups = (root / "proc/1/cgroup").read_text(encoding="utf-8")
    kinds = ("kubepods", "docker", "containerd", "lxc")
    return next((kind for kind in kinds if kind in groups), "")


def _clock_resolution_ns() -> str:
    return f"{time.get_clock_info('perf_counter').resolution * 1e9:g}"


def readable(reads: Mapping[str, Callable[[], object]]) -> dict[str, str]:
    """Return by name, as text, what each of ``reads`` gives; without those that give nothing."""
    found = {}
    for name, read in reads.items():
        try:
            value = read()
        # A fact about the machine that cannot be had must not cost the measurement.
        except Exception:  # noqa: BLE001, S112 - see above; a fact left out is seen to be missing
            continue
        if value is not None and str(value).strip():
            found[name] = str(value).strip()
    return found


def first_line(path: Path) -> str:
    """Return the first line of the file at ``path``; nothing where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    except OSError:
        return ""
