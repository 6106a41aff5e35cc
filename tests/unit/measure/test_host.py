"""What is read of a Linux host, from a made-up ``/proc`` and ``/sys``."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from bench.measure import _host
from bench.measure._host import read_host

CPU = "sys/devices/system/cpu"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture(autouse=True)
def eight_cores_of_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(_host, "_affinity", lambda: 8)


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        (
            "processor : 0\nmodel name\t: A fast one @ 3 GHz\n\nprocessor : 1\n",
            "A fast one @ 3 GHz",
        ),
        ("processor : 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", "0x41 0xd0c"),
        ("processor : 0\n", None),
    ],
    ids=["x86", "ARM", "nothing known"],
)
def test_the_model_of_the_cpu(cpuinfo: str, expected: str | None, tmp_path: Path) -> None:
    found = read_host(write(tmp_path, {"proc/cpuinfo": cpuinfo}))
    assert found.get("cpu_model") == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"proc/self/cgroup": "0::/\n"}, "8"),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, "8"),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, "1.5"),
        (
            {
                "proc/self/cgroup": "0::/outer/inner\n",
                "sys/fs/cgroup/outer/cpu.max": "200000 100000\n",
                "sys/fs/cgroup/outer/inner/cpu.max": "max 100000\n",
            },
            "2",
        ),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            "3",
        ),
        (
            {
                "proc/self/cgroup": "4:cpu:/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            "8",
        ),
    ],
    ids=["no group", "no limit", "limit", "limit of the outer group", "version 1", "1, no limit"],
)
def test_the_cores_that_are_left(files: dict[str, str], expected: str, tmp_path: Path) -> None:
    assert read_host(write(tmp_path, files))["cores_usable"] == expected


def test_cores_are_usable_where_there_are_no_groups(tmp_path: Path) -> None:
    assert read_host(tmp_path)["cores_usable"] == "8"


@pytest.mark.parametrize(
    ("limit", "expected"), [("1048576", "1048576"), ("max", None), (str(2**62), None)]
)
def test_a_limit_of_memory(limit: str, expected: str | None, tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": f"{limit}\n"}
    assert read_host(write(tmp_path, files)).get("memory_limit_bytes") == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({f"{CPU}/intel_pstate/no_turbo": "0\n"}, "on"),
        ({f"{CPU}/intel_pstate/no_turbo": "1\n"}, "off"),
        ({f"{CPU}/cpufreq/boost": "1\n"}, "on"),
        ({f"{CPU}/cpufreq/boost": "0\n"}, "off"),
        ({}, None),
    ],
)
def test_turbo(files: dict[str, str], expected: str | None, tmp_path: Path) -> None:
    assert read_host(write(tmp_path, files)).get("turbo") == expected


def test_what_else_decides_the_speed(tmp_path: Path) -> None:
    files = {
        f"{CPU}/cpu0/cpufreq/scaling_governor": "powersave\n",
        "sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet\n",
        "proc/cpuinfo": "flags : fpu hypervisor\n",
        "sys/class/dmi/id/sys_vendor": "QEMU\n",
        ".dockerenv": "",
    }
    found = read_host(write(tmp_path, files))
    expected = {
        "governor": "powersave",
        "clock_source": "hpet",
        "virtualization": "virtual machine (QEMU)",
        "container": "docker",
    }
    assert {name: found.get(name) for name in expected} == expected


def test_bare_metal_is_no_virtual_machine(tmp_path: Path) -> None:
    files = {"proc/cpuinfo": "flags : fpu\n", "proc/1/cgroup": "0::/init.scope\n"}
    found = read_host(write(tmp_path, files))
    assert {"virtualization", "container", "governor"} & set(found) == set()


def test_the_longest_mount_point_is_that_of_the_temporary_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def mount(mountpoint: str, fstype: str) -> SimpleNamespace:
        return SimpleNamespace(mountpoint=mountpoint, fstype=fstype)

    inside = tmp_path / "tmp"
    inside.mkdir()
    mounts = [
        mount(str(tmp_path.resolve()), "ext4"),
        mount(str(inside.resolve()), "tmpfs"),
        mount(str((tmp_path / "tm").resolve()), "nfs"),
        mount(os.sep, "overlay"),
    ]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(inside))
    assert read_host()["filesystem"] == "tmpfs"
