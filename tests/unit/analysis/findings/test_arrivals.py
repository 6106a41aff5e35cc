"""Findings about open loads and their generator: told in one run, and not in the one beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.records.trial import Reading
from tests.unit.analysis.paced import OPEN, Paced, analysed_at, paced_run, paced_text
from tests.unit.analysis.synthetic import (
    MS,
    Make,
    analysed,
    changed,
    found,
    healthy,
    reading,
    scenario_text,
    the,
)

CODES = (
    *("generator_late", "generator_saturated", "rate_not_reached", "arrivals_not_as_planned"),
    *("backlog_grew", "little_law"),
)


def busy(share: float, name: str = "worker.cpu_share", **changes: Any) -> Make:
    return changed(readings=(reading(name, share, "ratio"),), **changes)


def test_an_open_load_that_went_as_planned_has_none_of_them(tmp_path: Path) -> None:
    analysis = analysed_at(tmp_path)
    assert [finding.code for finding in analysis.findings if finding.code in CODES] == []


def test_generator_saturated_beside_a_server(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, busy(0.97, server="external"))
    finding = the(analysis, "generator_saturated")

    assert "the worker used up to 0.97 of a core" in finding.message
    first = analysis.answer.doubts[0]
    limited, every = len(finding.cells), len(analysis.cells)
    assert first.about.startswith(f"The client was the limit in {limited} of {every} cell")
    assert "so in most cells of memory" in first.text


@pytest.mark.parametrize(
    "make",
    [
        busy(0.8, server="external"),
        busy(0.97),
        busy(0.75, "loop.cpu_share", server="external"),
    ],
)
def test_a_worker_may_be_busy_when_the_saver_works_in_it(tmp_path: Path, make: Make) -> None:
    assert found(analysed(tmp_path, make), "generator_saturated") is None


def test_a_busy_loop_saturates_before_a_core_does(tmp_path: Path) -> None:
    make = busy(0.85, "loop.cpu_share", server="external")
    finding = the(analysed(tmp_path, make), "generator_saturated")

    assert "its loop 0.85" in finding.message


@pytest.mark.parametrize(("lag", "expected"), [(MS, False), (3 * MS, True)])
def test_a_lag_that_is_a_large_part_of_the_time(tmp_path: Path, lag: int, expected: bool) -> None:
    finding = found(analysed_at(tmp_path, lag=lag), "generator_saturated")

    assert (finding is not None) == expected
    if finding is not None:
        assert "released cycles up to 3 ms late" in finding.message


def test_rate_not_reached(tmp_path: Path) -> None:
    # From the 100th on a cycle takes 1 s and more: it ends after the window.
    analysis = analysed_at(tmp_path, growing=10 * MS)
    finding = the(analysis, "rate_not_reached")

    assert "of 100 cycles per second that were due" in finding.message
    assert found(analysis, "generator_saturated") is None


def test_a_few_cycles_may_straddle_the_end(tmp_path: Path) -> None:
    assert found(analysed_at(tmp_path, service=50 * MS), "rate_not_reached") is None


def test_generator_late_when_most_trials_are(tmp_path: Path) -> None:
    analysis = analysed_at(tmp_path, lag=6 * MS)
    finding = the(analysis, "generator_late")

    assert (finding.severity, analysis.exit_code, len(finding.trials)) == ("invalid", 4, 3)
    assert "in 3 of 3 trials cycles were released up to 6 ms late" in finding.message


def test_generator_late_in_one_trial_is_a_warning(tmp_path: Path) -> None:
    from bench.analysis.analyse import analyse  # noqa: PLC0415 - beside analysed_at, used once

    run = paced_run(tmp_path, lambda trial: Paced(lag=0 if trial.repetition else 6 * MS))
    finding = the(analyse(run), "generator_late")

    assert (finding.severity, len(finding.trials)) == ("warning", 1)


@pytest.mark.parametrize(
    ("lag", "service"), [(4 * MS, 2 * MS), (6 * MS, 10 * MS)], ids=["short", "shorter than service"]
)
def test_a_generator_that_is_a_little_late_is_not_invalid(
    tmp_path: Path, lag: int, service: int
) -> None:
    analysis = analysed_at(tmp_path, lag=lag, service=service)
    assert found(analysis, "generator_late") is None


def test_a_saver_that_holds_the_loop_makes_the_generator_late(tmp_path: Path) -> None:
    by_saver = (reading("loop_held.by_saver", 0.9, "ratio"),)
    theirs = analysed_at(tmp_path / "theirs", changes={"readings": by_saver}, lag=6 * MS)
    by_us: tuple[Reading, ...] = (reading("loop_held.by_saver", 0.1, "ratio"),)
    ours = analysed_at(tmp_path / "ours", changes={"readings": by_us}, lag=6 * MS)

    assert found(theirs, "generator_late") is None
    assert the(ours, "generator_late").severity == "invalid"


def test_too_few_released_in_the_window(tmp_path: Path) -> None:
    finding = the(analysed_at(tmp_path, lag=50 * MS, service=90 * MS), "generator_late")
    assert "195 of 200 in time" in finding.message


def test_arrivals_not_as_planned(tmp_path: Path) -> None:
    finding = the(analysed_at(tmp_path, bursts=10), "arrivals_not_as_planned")

    assert "the intervals between releases are 0.9" in finding.message
    assert "up to 90 ms late (p99)" in finding.message


def test_a_constant_delay_leaves_the_intervals_as_planned(tmp_path: Path) -> None:
    assert found(analysed_at(tmp_path, lag=9 * MS), "arrivals_not_as_planned") is None


def test_backlog_grew(tmp_path: Path) -> None:
    finding = the(analysed_at(tmp_path, growing=MS), "backlog_grew")

    assert "cycles were queued or under way in the last tenth of the window" in finding.message


def test_a_high_but_level_backlog_is_none(tmp_path: Path) -> None:
    assert found(analysed_at(tmp_path, service=500 * MS), "backlog_grew") is not None
    assert found(analysed_at(tmp_path / "level", service=100 * MS), "backlog_grew") is None


def test_little_law_by_clients(tmp_path: Path) -> None:
    make = healthy(put=MS, get_tuple=MS, idle=MS)
    finding = the(analysed(tmp_path, make), "little_law")

    assert "2.67 cycles were under way on average where 4 clients should" in finding.message


def test_little_law_by_the_plan(tmp_path: Path) -> None:
    finding = the(analysed_at(tmp_path, left_out=frozenset({7})), "little_law")

    assert "597 of 600 planned cycles have a sample" in finding.message


def test_littles_law_is_not_asked_of_clients_that_think(tmp_path: Path) -> None:
    make = healthy(put=MS, get_tuple=MS, idle=MS)
    text = scenario_text(arrival='kind = "closed"\nclients = 4\nthink_s = 0.001')

    assert found(analysed(tmp_path, make, text), "little_law") is None


def test_where_the_rate_changes_by_plan_no_drift_is_told(tmp_path: Path) -> None:
    ramp = 'kind = "ramp"\nfrom_rate_per_s = 50\nto_rate_per_s = 150'
    changing = analysed_at(tmp_path / "ramp", text=paced_text(ramp), growing=MS)
    constant = analysed_at(tmp_path / "constant", text=paced_text(OPEN), growing=MS)

    assert changing.cells[0].drifts == {}
    assert constant.cells[0].drifts["put.response"].is_systematic
