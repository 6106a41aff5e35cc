"""What the system's files say, and what is told where they say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench.probes.host_pressure import (
    CpuSeconds,
    HostPressure,
    Snapshot,
    Ticks,
    differences,
    group_files,
    number_in,
    snapshot,
    ticks,
)

STAT = "cpu  100 5 50 800 20 1 4 20 0 0\ncpu0 1 2 3\nintr 5\n"
PRESSURE = (
    "some avg10=1.00 avg60=2.00 avg300=3.00 total=123456\n"
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
)
FIRST = Snapshot(0, Ticks(100, 10, 1000), 1.0, 500_000, 3, 2e9, 0.5)
LAST = Snapshot(2_000_000_000, Ticks(350, 30, 1400), 2.5, 900_000, 5, 2.1e9, 0.7)


def test_ticks_are_busy_stolen_and_all() -> None:
    assert ticks(STAT) == Ticks(busy=160, stolen=20, total=1000)


@pytest.mark.parametrize(
    "text", ["", "cpu 1 2 3 4", "processor 1 2 3 4 5 6 7 8", "cpu a b c d e f g h"]
)
def test_another_form_tells_nothing(text: str) -> None:
    assert ticks(text) is None


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        (PRESSURE, ("some", "total="), 123456),
        ("", ("some", "total="), None),
        ("some avg10=1.00", ("some", "total="), None),
        ("nr_periods 12\nnr_throttled 7\nthrottled_usec 5\n", ("nr_throttled",), 7),
        ("usage_usec 12\n", ("nr_throttled",), None),
    ],
)
def test_a_number_is_found_by_its_line(
    text: str, line: tuple[str, ...], expected: int | None
) -> None:
    assert number_in(text, *line) == expected


def test_control_groups_of_both_versions_inside_and_at_the_top() -> None:
    text = "5:memory:/x\n3:cpu,cpuacct:/box\n0::/slice/box\n"
    expected = ("cpu,cpuacct/box/cpu.stat", "cpu,cpuacct/cpu.stat")
    assert group_files(text) == (*expected, "slice/box/cpu.stat", "cpu.stat")
    assert group_files("0::/\n") == ("cpu.stat",)
    assert group_files("") == ()


def told(first: Snapshot, last: Snapshot) -> dict[str, float]:
    return differences(first, last, lambda: 100)


def test_differences() -> None:
    expected = {
        "host.steal_share": 20 / 400,
        "host.other_cpu": (2.5 - 1.5) / 2.0,
        "host.cpu_pressure": 0.4 / 2.0,
        "host.throttled": 2.0,
        "host.clock_start": 2e9,
        "host.clock_end": 2.1e9,
        "host.load": 0.7,
    }
    assert told(FIRST, LAST) == pytest.approx(expected)
    assert set(expected) == set(HostPressure.readings)


@pytest.mark.parametrize(
    ("gone", "absent"),
    [
        ("ticks", {"host.steal_share", "host.other_cpu"}),
        ("own_cpu_s", {"host.other_cpu"}),
        ("stalled_us", {"host.cpu_pressure"}),
        ("throttled", {"host.throttled"}),
        ("clock_hz", {"host.clock_end"}),
        ("load", {"host.load"}),
    ],
)
def test_what_the_system_does_not_tell_is_absent(gone: str, absent: set[str]) -> None:
    nothing: Any = {gone: None}
    found = told(FIRST, replace(LAST, **nothing))
    assert set(HostPressure.readings) - set(found) == absent


def test_others_never_use_less_than_nothing() -> None:
    assert told(FIRST, replace(LAST, own_cpu_s=9.0))["host.other_cpu"] == 0.0


def test_files_are_read_where_they_are(tmp_path: Path) -> None:
    for name, text in {
        "proc/stat": STAT,
        "proc/pressure/cpu": PRESSURE,
        "proc/self/cgroup": "0::/box\n",
        "sys/fs/cgroup/box/cpu.stat": "nr_throttled 4\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = snapshot(tmp_path, 7, 0.5)
    assert (found.at_ns, found.own_cpu_s, found.throttled) == (7, 0.5, 4)
    assert (found.ticks, found.stalled_us) == (ticks(STAT), 123456)


def test_without_the_files_there_is_clock_and_load_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise NotImplementedError

    monkeypatch.setattr(psutil, "cpu_freq", fail)
    found = snapshot(tmp_path, 0, None)
    assert (found.ticks, found.stalled_us, found.throttled) == (None, None, None)
    assert found.clock_hz is None


def test_the_runner_and_what_it_started_are_ours(tmp_path: Path) -> None:
    times = iter([0, 1_000_000_000])
    ours: list[int] = []

    def own_cpu_s(process_ids: Sequence[int]) -> CpuSeconds:
        ours.extend(process_ids)
        return lambda: 0.5

    probe = HostPressure(tmp_path, own_cpu_s, lambda: next(times))
    probe.start({"worker": (11,), "server": (12, 13)})
    probe.stop()
    assert ours[1:] == [11, 12, 13]
