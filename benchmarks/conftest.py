"""Collects the reaches of all files and prints them as one table at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import psutil
import pytest

from benchmarks.reach import Reach, beside, table

Add = Callable[[Reach], None]
_REACHES = pytest.StashKey[list[Reach]]()


class CpuTime(NamedTuple):
    """Seconds of time, of CPU of the whole machine, and of this process with ended children."""

    elapsed_s: float
    machine_s: float
    own_s: float

    @classmethod
    def now(cls) -> CpuTime:
        """Read all three."""
        machine, own = psutil.cpu_times(), os.times()
        idle = machine.idle + getattr(machine, "iowait", 0.0)
        # Time of guests is part of the user's.
        guests = getattr(machine, "guest", 0.0) + getattr(machine, "guest_nice", 0.0)
        return cls(time.monotonic(), sum(machine) - idle - guests, sum(own[:4]))


_BEGUN = pytest.StashKey[CpuTime]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with an empty table."""
    reaches: list[Reach] = []
    config.stash[_REACHES] = reaches
    config.stash[_BEGUN] = CpuTime.now()


@pytest.fixture
def add(request: pytest.FixtureRequest, benchmark: Any) -> Add:
    """Return what takes a line of the table; it is part of ``--benchmark-json`` as well."""

    def added(reach: Reach) -> None:
        request.config.stash[_REACHES].append(reach)
        benchmark.extra_info[reach.name] = reach._asdict()

    return added


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table, and what could not be measured."""
    terminalreporter.section("overhead")
    begun, ended = config.stash[_BEGUN], CpuTime.now()
    of_others_s = ended.machine_s - begun.machine_s - (ended.own_s - begun.own_s)
    busy = max(0.0, of_others_s / (ended.elapsed_s - begun.elapsed_s))
    others = beside("cores kept busy by other processes meanwhile, mean", f"{busy:.2f}")
    reaches = [*config.stash[_REACHES], others]
    for line in table(reaches):
        terminalreporter.write_line(line)
    for report in (*terminalreporter.getreports("failed"), *terminalreporter.getreports("error")):
        terminalreporter.write_line(f"could not be measured: {report.nodeid}")
