"""What was planned of an open load, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis.cell import OpenFacts
from bench.analysis.load_facts import gaps_distance, open_cycles
from bench.analysis.trial_summary import summarise_trial
from bench.records.outcome import Outcome
from bench.records.trial import Window
from tests.unit.analysis.paced import Paced, analysed_at, paced_run
from tests.unit.analysis.synthetic import MS, row, scenario_text


def facts(directory: Path, **paced: Any) -> OpenFacts:
    run = paced_run(directory, lambda trial: Paced(**paced))
    found = summarise_trial(run, run.trials[0]).load.open_load
    assert found is not None
    return found


def test_a_load_that_went_as_planned(tmp_path: Path) -> None:
    found = facts(tmp_path)

    assert (found.planned, found.sampled, found.released) == (200, 200, 200)
    assert (found.lag_p99_ns, found.service_p50_ns, found.gaps_distance) == (0.0, 2 * MS, 0.0)
    assert found.backlog_first == pytest.approx(0.2)
    assert not found.backlog_rises


def test_the_lag_is_the_wait_without_the_queueing(tmp_path: Path) -> None:
    run = paced_run(tmp_path, lambda trial: Paced(lag=3 * MS, queued=4 * MS))
    values = summarise_trial(run, run.trials[0]).values

    times = {part: values[f"cycle.{part}.p50"] for part in ("wait", "queueing", "lag")}
    assert times == {"wait": 7 * MS, "queueing": 4 * MS, "lag": 3 * MS}
    assert facts(tmp_path / "again", lag=3 * MS, queued=4 * MS).lag_p99_ns == 3 * MS


def test_what_never_started_was_queued_at_least_so_long_and_has_no_lag(tmp_path: Path) -> None:
    shed = tuple(row("cycle", n * MS, 0, 700 * MS, Outcome.SHED, pool=700 * MS) for n in range(250))
    run = paced_run(tmp_path, lambda trial: Paced(extra=shed))
    summary = summarise_trial(run, run.trials[0])

    assert len(summary.distributions["cycle", "lag"]) == 200
    assert "cycle.queueing.p90" in summary.lower_bounds


def test_a_closed_load_has_neither_part(tmp_path: Path) -> None:
    analysis = analysed_at(tmp_path, text=scenario_text())
    assert not any("lag" in name or "queueing" in name for name in analysis.cells[0].estimates)


def test_the_parts_are_estimated(tmp_path: Path) -> None:
    analysis = analysed_at(tmp_path, lag=3 * MS)
    assert analysis.cells[0].value("cycle.lag.p50") == 3 * MS
    assert analysis.cells[0].value("cycle.queueing.p50") == 0.0


def test_cycles_that_pile_up(tmp_path: Path) -> None:
    found = facts(tmp_path, growing=MS)

    assert found.backlog_rises
    assert found.backlog_last > 10 * found.backlog_first


def test_released_after_the_window_is_not_released_in_it(tmp_path: Path) -> None:
    found = facts(tmp_path, lag=100 * MS)
    assert (found.sampled, found.released) == (200, 190)


def test_the_mean_number_open_is_told_for_each_tenth() -> None:
    window = Window(0, 1000, 2000)
    found = open_cycles(np.array([-50, 150]), np.array([50, 1500]), window)
    assert found.tolist() == pytest.approx([0.5, 0.5, *[1.0] * 8])


def test_gaps_as_planned_but_for_a_jitter() -> None:
    planned = np.full(100, 5 * MS)
    random = np.random.default_rng(1)
    assert gaps_distance(planned, planned + random.integers(-90_000, 90_000, 100)) == 0.0


def test_bursts_are_far_from_even_gaps() -> None:
    planned = np.full(100, 5 * MS)
    bursts = np.where(np.arange(100) % 10 == 0, 50 * MS, 0)
    assert gaps_distance(planned, bursts) == pytest.approx(0.9)


def test_the_distance_is_symmetrical_and_none_without_gaps() -> None:
    planned, released = np.array([1, 2, 3, 4]) * 10 * MS, np.array([2, 3, 4, 9]) * 10 * MS
    assert gaps_distance(planned, released) == gaps_distance(released, planned) == 0.25
    assert gaps_distance(planned[:0], released) == 0.0
