"""Findings about memory, bytes, collections and the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.analysis.result import Analysis
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    analysed,
    changed,
    found,
    healthy,
    reading,
    scenario_text,
    the,
)

MIB = 1024 * 1024
PAYLOADS = '[payloads.50k]\nuse = "messages"\noptions = { state_bytes = 50000 }'


def grown(directory: Path, mib: float, stored: float | None, **changes: Any) -> Analysis:
    """Let the worker grow in a window of 400 checkpoints."""
    readings = [reading("worker.rss_growth", mib * MIB, "bytes")]
    if stored is not None:
        readings.append(reading("stored.bytes_per_checkpoint", stored, "bytes"))
    changes = {"readings": tuple(readings), **changes}
    return analysed(directory, lambda trial: Left(Load(clients=4, cycles=100), changes))


@pytest.mark.parametrize(
    ("mib", "stored", "server", "expected"),
    [
        (15, None, "embedded", False),
        (17, None, "embedded", True),
        (17, 1e6, "embedded", True),
        (17, 2000.0, "", False),
        (40, 2000.0, "", True),
        (40, 20_000.0, "", False),
        (400, None, "", False),
    ],
    ids=["little", "much", "stored elsewhere", "samples and objects", "leak", "stored", "unknown"],
)
def test_memory_leak(
    tmp_path: Path, mib: float, stored: float | None, server: str, expected: bool
) -> None:
    finding = found(grown(tmp_path, mib, stored, server=server), "memory_leak")

    assert (finding is not None) == expected
    if finding is not None:
        assert "for each of 400 checkpoints" in finding.message


def test_one_trial_of_three_does_not_leak(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        growth = reading("worker.rss_growth", (0 if trial.repetition else 90) * MIB, "bytes")
        return Left(changes={"readings": (growth,), "server": "embedded"})

    assert found(analysed(tmp_path, make), "memory_leak") is None


def by_payload(directory: Path, large: int, stored: float = 0.0, use: str = "memory") -> Analysis:
    """Let put take 2 ms with 1 kB and ``large`` ns with 50 kB."""

    def make(trial: Trial) -> Left:
        is_large = trial.payload == "50k"
        size = reading("stored.bytes_per_checkpoint", stored if is_large else 1500.0, "bytes")
        readings = (size,) if stored else ()
        return Left(Load(put=large if is_large else 2 * MS), {"readings": readings})

    text = scenario_text(tables=PAYLOADS).replace('payloads = ["1k"]', 'payloads = ["1k", "50k"]')
    return analysed(directory, make, text.replace('"memory"', f'"{use}"'))


def test_cost_ignores_payload(tmp_path: Path) -> None:
    finding = the(by_payload(tmp_path, 2 * MS), "cost_ignores_payload")

    assert finding.cells == ("a · selector · steps · 50k · some",)
    assert "put service p50 2 ms, with payload 1k 2 ms" in finding.message
    assert "the state is 50 times larger" in finding.message


@pytest.mark.parametrize(
    ("large", "stored", "use"),
    [
        (2_400_000, 0.0, "memory"),
        (2 * MS, 51_000.0, "memory"),
        (2 * MS, 0.0, "null"),
    ],
    ids=["takes longer", "stores more", "keeps references by design"],
)
def test_the_price_of_a_larger_payload(tmp_path: Path, large: int, stored: float, use: str) -> None:
    assert found(by_payload(tmp_path, large, stored, use), "cost_ignores_payload") is None


def test_a_store_that_does_not_grow_is_suspected(tmp_path: Path) -> None:
    assert the(by_payload(tmp_path, 2 * MS, 1600.0), "cost_ignores_payload").severity == "warning"


@pytest.mark.parametrize(
    ("total_ms", "longest_ms", "expected"), [(0.2, 0.1, False), (1, 0.1, True), (0.2, 11, True)]
)
def test_gc_pauses(tmp_path: Path, total_ms: float, longest_ms: float, expected: bool) -> None:
    # The window is 30 ms long.
    readings = (
        reading("gc.pause_total", total_ms * MS),
        reading("gc.pause_max", longest_ms * MS),
    )
    finding = found(analysed(tmp_path, changed(readings=readings)), "gc_pauses")

    assert (finding is not None) == expected


def test_collections_take_no_more_than_all_of_the_time(tmp_path: Path) -> None:
    # The window of 30 ms ends in a collection, which the probe sees to its end.
    readings = (reading("gc.pause_total", 350.0 * MS), reading("gc.pause_max", 330.0 * MS))
    finding = the(analysed(tmp_path, changed(readings=readings)), "gc_pauses")

    assert "collections took 100 % of the time, the longest 330 ms" in finding.message


@pytest.mark.parametrize(
    ("name", "value", "server", "said"),
    [
        ("host.steal_share", 0.01, "", ""),
        ("host.steal_share", 0.05, "", "the hypervisor took 5 % of the processors' time"),
        ("host.other_cpu", 0.2, "", ""),
        ("host.other_cpu", 0.6, "", "other processes used 0.6 of a core"),
        ("host.other_cpu", 0.6, "external", ""),
        ("host.throttled", 3.0, "", "the processor quota was used up in 3 periods"),
        ("host.cpu_pressure", 0.9, "", ""),
    ],
)
def test_noisy_neighbours(tmp_path: Path, name: str, value: float, server: str, said: str) -> None:
    make = changed(readings=(reading(name, value, "ratio"),), server=server)
    finding = found(analysed(tmp_path, make), "noisy_neighbours")

    assert (finding.message if finding else "").startswith(said)
    assert (finding is None) == (said == "")


def test_one_disturbed_trial_of_a_cell_is_named(tmp_path: Path) -> None:
    disturbed: list[str] = []

    def make(trial: Trial) -> Left:
        cores = 0.6 if trial.subject == "a" and not disturbed else 0.0
        if cores:
            disturbed.append(trial.id)
        return Left(changes={"readings": (reading("host.other_cpu", cores, "ratio"),)})

    finding = the(analysed(tmp_path, make, scenario_text("a b")), "noisy_neighbours")

    assert list(finding.trials) == disturbed
    assert len(disturbed) == 1
    assert f"0.6 of a core (trial {disturbed[0]}); in 1 trial of 1 cell" in finding.message


def test_pressure_is_told_beside_neighbours(tmp_path: Path) -> None:
    readings = (
        reading("host.steal_share", 0.05, "ratio"),
        reading("host.cpu_pressure", 0.4, "ratio"),
    )
    finding = the(analysed(tmp_path, changed(readings=readings)), "noisy_neighbours")

    assert "waited for a core for up to 40 % of the time" in finding.message


def clocked(directory: Path, first: float, last: float, other: float) -> Analysis:
    """Let a's clock go from one frequency to another, and b's be a third; all in MHz."""

    def make(trial: Trial) -> Left:
        ends = (first, last) if trial.subject == "a" else (other, other)
        named = zip(("host.clock_start", "host.clock_end"), ends, strict=True)
        return Left(changes={"readings": tuple(reading(n, f * 1e6, "per_s") for n, f in named)})

    return analysed(directory, make, scenario_text("a b"))


@pytest.mark.parametrize(
    ("clocks", "expected"),
    [((2000, 2100, 2050), False), ((2000, 2600, 2300), True), ((2000, 2000, 2600), True)],
    ids=["steady", "inside a trial", "between arms"],
)
def test_clock_frequency_changed(
    tmp_path: Path, clocks: tuple[float, float, float], expected: bool
) -> None:
    finding = found(clocked(tmp_path, *clocks), "clock_frequency_changed")

    assert (finding is not None) == expected
    if finding is not None:
        assert finding.message.startswith(
            "between 2\N{NO-BREAK SPACE}000 and 2\N{NO-BREAK SPACE}600 MHz in 6 trials"
        )


def test_a_run_without_these_readings_has_none_of_them(tmp_path: Path) -> None:
    codes = {finding.code for finding in analysed(tmp_path, healthy()).findings}
    told = {"memory_leak", "gc_pauses", "noisy_neighbours", "clock_frequency_changed"}
    assert codes & told == set()
