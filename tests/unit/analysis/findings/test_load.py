"""Findings about the load: told in one run, and not in the one beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.records.trial import Window
from bench.scenario.metric import CYCLE
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import (
    MS,
    OPERATIONS,
    START_NS,
    Left,
    Load,
    Make,
    analysed,
    found,
    healthy,
    reading,
    row,
    scenario_text,
    the,
)


def lagging(lag_ms: float, **load: Any) -> Make:
    readings = (reading("loop_lag.p99", lag_ms * MS),)
    return lambda trial: Left(Load(**load), {"readings": readings})


def test_loop_blocked(tmp_path: Path) -> None:
    make = lagging(15, clients=16, put=700_000, get_tuple=600_000, wait=14 * MS)
    finding = the(analysed(tmp_path, make, scenario_text(clients=16)), "loop_blocked")

    assert finding.severity == "warning"
    assert (
        "a low service time hides the wait: put service p50 700 µs, wait p50 14 ms, "
        "loop lag p99 15 ms; judge it by its response time, p50 14.7 ms"
    ) in finding.message


def stalling(late_ms: float, silent_ms: int, **probes: float) -> Make:
    """Nothing starts or ends for ``silent_ms`` while the loop is ``late_ms`` late; else cycles."""
    resumed = tuple(
        row(CYCLE, (30 + silent_ms + at) * MS, MS) for at in range(0, 400 - silent_ms, 2)
    )
    readings = (
        reading("loop_lag.max", late_ms * MS),
        replace(reading("loop_held.share", 0.3, "ratio"), detail="connect (driver) in Saver.aput"),
        *(reading(name.replace("__", "."), value) for name, value in probes.items()),
    )
    window = Window(START_NS, START_NS + 400 * MS, START_NS + 400 * MS)
    return lambda trial: Left(Load(extra=resumed), {"readings": readings, "window": window})


def test_a_loop_that_stands_still_once_is_found_with_the_place(tmp_path: Path) -> None:
    finding = the(analysed(tmp_path, stalling(300, 299)), "loop_stalled")

    assert finding.severity == "warning"
    assert (
        "the event loop stood still for 290 ms at once, in 3 of 3 trials for 100 ms or more; "
        "held 30 % of the time, mostly by connect (driver) in Saver.aput"
    ) in finding.message
    assert len(finding.trials) == 3


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(stalling(90, 299), id="short"),
        pytest.param(stalling(300, 60), id="many are ready and take turns"),
        pytest.param(stalling(3, 299), id="all wait for a server"),
        pytest.param(stalling(300, 299, gc__pause_max=200.0 * MS), id="a collection"),
        pytest.param(stalling(300, 299, host__steal_share=0.3), id="the hypervisor"),
        pytest.param(stalling(300, 299, host__throttled=2.0), id="the quota"),
    ],
)
def test_what_is_no_call_that_holds_the_loop_is_not_said_to_be(make: Make, tmp_path: Path) -> None:
    assert found(analysed(tmp_path, make), "loop_stalled") is None


@pytest.mark.parametrize(
    ("lag_ms", "clients", "wait"), [(0.5, 16, 14 * MS), (15, 1, 14 * MS), (15, 16, 1 * MS)]
)
def test_no_blocked_loop_without_lag_company_and_wait(
    tmp_path: Path, lag_ms: float, clients: int, wait: int
) -> None:
    make = lagging(lag_ms, clients=clients, put=700_000, wait=wait)
    text = scenario_text(clients=clients)

    assert found(analysed(tmp_path, make, text), "loop_blocked") is None


@pytest.mark.parametrize(
    ("put", "get_tuple", "clients"),
    [(1_000, 1_000, 64), (40_000, 30_000, 256), (300_000, 850_000, 32)],
    ids=["null", "memory 1 kB", "memory 50 kB"],
)
def test_savers_that_only_compute_do_not_block_however_many_wait(
    tmp_path: Path, put: int, get_tuple: int, clients: int
) -> None:
    # As many clients as take turns on one core: each waits for all the others, and so does a timer.
    wait = clients * put
    make = lagging(
        max(2.5, wait / MS), clients=clients, put=put, get_tuple=get_tuple, wait=wait, cycles=5
    )

    analysis = analysed(tmp_path, make, scenario_text(clients=clients))

    assert found(analysis, "loop_blocked") is None


@pytest.mark.parametrize(
    ("put", "get_tuple", "wait"),
    [(700_000, 300_000, 20 * MS), (2_400_000, 1_000_000, 76 * MS)],
    ids=["1 kB", "50 kB"],
)
def test_savers_that_call_a_server_without_yielding_do(
    tmp_path: Path, put: int, get_tuple: int, wait: int
) -> None:
    make = lagging(wait / MS, clients=32, put=put, get_tuple=get_tuple, wait=wait, cycles=5)

    analysis = analysed(tmp_path, make, scenario_text(clients=32))

    assert the(analysis, "loop_blocked").cells == ("a · selector · steps · 1k · some",)


def test_without_writes_the_reads_tell(tmp_path: Path) -> None:
    load = Load(clients=16, put=100_000, get_tuple=800_000, wait=14 * MS)
    changes = {
        "operations": ("a_mark", *OPERATIONS[1:]),
        "readings": (reading("loop_lag.p99", 15.0 * MS),),
    }
    text = scenario_text(clients=16, top='primary_metrics = ["throughput"]')

    finding = the(analysed(tmp_path, lambda trial: Left(load, changes), text), "loop_blocked")

    assert "get_tuple service p50 800 µs" in finding.message


def test_the_message_quotes_by_what_the_loop_was_held(tmp_path: Path) -> None:
    place = "wait (psycopg.waiting) in S.put"
    held = replace(reading("loop_held.share", 0.83, "ratio"), detail=place)
    readings = (reading("loop_lag.p99", 15.0 * MS), held)
    load = Load(clients=16, put=700_000, get_tuple=600_000, wait=14 * MS)
    analysis = analysed(
        tmp_path, lambda trial: Left(load, {"readings": readings}), scenario_text(clients=16)
    )

    expected = f"; held 83 % of the time, mostly by {place}"
    assert the(analysis, "loop_blocked").message.endswith(expected)


def test_lock_serialises(tmp_path: Path) -> None:
    make = healthy(put=2 * MS, get_tuple=2 * MS, lock=1_800_000)
    finding = the(analysed(tmp_path, make), "lock_serialises")

    assert finding.severity == "note"
    assert "waiting for the saver's lock is 90 % of the mean service time" in finding.message
    assert "(1.8 ms of 2 ms), waiting for a connection 0 ns" in finding.message


@pytest.mark.parametrize(
    "load",
    [
        {"lock": 400_000},
        {"lock": 1_800_000, "pool": 150_000},
        {"lock": 1_800_000, "clients": 1},
    ],
)
def test_no_serialising_lock_without_most_of_the_service_time(
    tmp_path: Path, load: dict[str, int]
) -> None:
    make = healthy(put=2 * MS, get_tuple=2 * MS, **load)
    text = scenario_text(clients=load.get("clients", 4))

    assert found(analysed(tmp_path, make, text), "lock_serialises") is None


def test_pool_exhausted(tmp_path: Path) -> None:
    analysis = analysed(tmp_path / "most", healthy(put=2 * MS, get_tuple=2 * MS, pool=1_500_000))
    little = analysed(tmp_path / "little", healthy(put=2 * MS, get_tuple=2 * MS, pool=500_000))

    assert "connection is 75 % of the mean service time" in the(analysis, "pool_exhausted").message
    assert found(analysis, "lock_serialises") is None
    assert found(little, "pool_exhausted") is None


@pytest.mark.parametrize(("share", "is_found"), [(0.25, True), (1.0, False)])
def test_a_window_that_opened_on_a_cold_load(tmp_path: Path, share: float, is_found: bool) -> None:
    cold = replace(reading("warm_up.share", share, "ratio"), detail="get_tuple: 15 of 60")

    def make(trial: Trial) -> Left:
        return Left(Load(), {"readings": (cold,)})

    finding = found(analysed(tmp_path, make), "not_warm")

    assert (finding is not None) is is_found
    if finding is not None:
        assert "the window opened after get_tuple: 15 of 60" in finding.message


def test_what_a_saver_could_not_close_is_told(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        detail = "RuntimeError: cannot close" if trial.subject == "a" else ""
        closing = replace(reading("close.duration", 1e6), detail=detail)
        return Left(changes={"readings": (closing,)})

    finding = found(analysed(tmp_path, make), "unclean_closing")

    assert finding is not None
    assert finding.message.startswith("a · ")
    assert finding.message.endswith("in 3 of 3 trials: RuntimeError: cannot close")
