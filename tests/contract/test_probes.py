"""Every probe that discovery finds."""

from __future__ import annotations

import asyncio
import gc
import math
import os
import socket
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pytest

from bench.contracts import OutsideProbe, Place, StoredTable, WorkerProbe
from bench.discovery import load, names
from bench.handover.clock import now_ns
from bench.probes.stored_layout import NAMED
from bench.records.trial import Reading
from bench.scenario.metric import Better, Unit, metric_names
from bench.subjects.memory import MemorySubject

NAMES = names("probe")
# One or the other is read, whichever this system can tell.
SERVER_MEMORY = {"server.pss_peak", "server.rss_peak"}
# Only where something holds the loop.
HELD = {"loop_held.by_saver"}
# Not every system tells them.
HOST = {name for name in load("probe", "host_pressure").readings if name.startswith("host.")}
# Nothing is written here.
GROWTH = {"stored.bytes_per_checkpoint"}

# Several times the interval at which a probe of this project looks.
WINDOW_NS = 20_000_000


class WithTables(MemorySubject):
    """A subject that tells tables, which a saver in memory has none of."""

    async def stored_tables(self) -> Sequence[StoredTable]:
        return [StoredTable(name=name, rows=1, largest_row_bytes=10) for name in NAMED]


async def watch_memory(probe: WorkerProbe) -> list[Reading]:
    subject = WithTables(WithTables.Options(), Place(Path(), None, "test"))
    await subject.open(1)
    # What counts bytes needs a connection.
    listening = socket.create_server(("127.0.0.1", 0))
    connected = socket.create_connection(listening.getsockname())
    try:
        await probe.start(subject)
        end_ns = now_ns() + WINDOW_NS
        while now_ns() < end_ns:  # noqa: ASYNC110 - time has to pass, with the loop running
            await asyncio.sleep(0)
        gc.collect(0)
        return list(await probe.stop(10))
    finally:
        connected.close()
        listening.close()
        await subject.close()


def readings(name: str) -> list[Reading]:
    """Run the probe ``name`` over nothing in particular, in this process."""
    made = load("probe", name)()
    if isinstance(made, OutsideProbe):
        made.start({"worker": (os.getpid(),), "server": (os.getpid(),)})
        return list(made.stop())
    assert isinstance(made, WorkerProbe)
    return asyncio.run(watch_memory(made))


@pytest.fixture(scope="module")
def readings_by_probe() -> dict[str, list[Reading]]:
    return {name: readings(name) for name in NAMES}


def test_every_probe_of_the_issue_is_found() -> None:
    assert {
        *("loop_lag", "loop_holder", "process_usage", "stored_bytes", "garbage_collector"),
        "host_pressure",
    } <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_probe_says_where_it_runs(name: str) -> None:
    probe: Any = load("probe", name)
    expected = {"worker": WorkerProbe, "outside": OutsideProbe}[probe.side]
    assert issubclass(probe, expected)
    if probe.side == "worker":
        assert probe.stops in {"window", "drained"}


@pytest.mark.parametrize("name", NAMES)
def test_a_probe_says_how_it_reads(name: str) -> None:
    probe = load("probe", name)
    assert (probe.__doc__ or "").strip() not in {"", WorkerProbe.__doc__, OutsideProbe.__doc__}


@pytest.mark.parametrize("name", NAMES)
def test_readings_describe_themselves(
    name: str, readings_by_probe: dict[str, list[Reading]]
) -> None:
    found = readings_by_probe[name]
    assert found
    for reading in found:
        group, dot, statistic = reading.name.partition(".")
        assert (group != "", dot, statistic != "") == (True, ".", True)
        assert reading.unit in get_args(Unit)
        assert reading.better in get_args(Better)
        assert len(reading.description.split()) > 2
        assert isinstance(reading.value, float)
        assert math.isfinite(reading.value)


def test_no_two_readings_have_one_name(readings_by_probe: dict[str, list[Reading]]) -> None:
    counted = Counter(one.name for found in readings_by_probe.values() for one in found)
    assert {name for name, count in counted.items() if count > 1} == set()


def test_no_reading_has_the_name_of_a_metric(readings_by_probe: dict[str, list[Reading]]) -> None:
    found = {one.name for readings in readings_by_probe.values() for one in readings}
    assert found & set(metric_names()) == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_probe_names_what_it_reads(
    name: str, readings_by_probe: dict[str, list[Reading]]
) -> None:
    declared = set(load("probe", name).readings)
    found = {one.name for one in readings_by_probe[name]}
    assert found - declared == set()
    assert declared - found - SERVER_MEMORY - GROWTH - HELD - HOST == set()


def test_the_memory_of_the_server_is_read(readings_by_probe: dict[str, list[Reading]]) -> None:
    found = {one.name for one in readings_by_probe["process_usage"]}
    assert len(found & SERVER_MEMORY) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_probe_outside_is_safe_without_processes(name: str) -> None:
    probe: Any = load("probe", name)
    if probe.side != "outside":
        pytest.skip("runs inside the worker")
    made = probe()
    made.start({"worker": (), "server": ()})
    assert list(made.stop()) == []
