"""Rows, their scenarios, and how results are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.analysis.analyse import analyse
from bench.cli import main
from bench.discovery import load
from bench.errors import InputError
from bench.records.trial import Failure
from bench.report.terminal import screen_text
from bench.selftest.measuring import planned
from bench.selftest.observation import Check, Observed
from bench.selftest.page import screen, summary
from bench.selftest.rows import LOOPS, ROWS, SCENARIOS, Result, Row, judge, row_named
from tests.unit.analysis.synthetic import (
    Left,
    failure,
    make_run,
    scenario_text,
    unsupported,
)

GOOD = Check("p50", "1", "1", holds=True)
BAD = Check("p99", "1", "2", holds=False)


def test_each_row_has_its_scenario_and_each_scenario_its_row() -> None:
    assert sorted(path.stem for path in SCENARIOS.glob("*.toml")) == sorted(r.name for r in ROWS)
    assert len(ROWS) == 19


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_scenario_can_be_planned_for_all_loops_or_one(row: Row) -> None:
    whole = planned(row)
    assert {trial.loop for trial in whole.plan.trials} == set(row.loops)
    one = planned(row, ["selector"])
    assert {trial.loop for trial in one.plan.trials} == {"selector"}
    assert len(one.plan.trials) * len(row.loops) == len(whole.plan.trials)


def test_the_loops_exist() -> None:
    assert all(load("loop", loop) for loop in LOOPS)


def test_an_unknown_row_names_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'stalled'"):
        row_named("staled")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["nul"], "Did you mean 'null'?"), (["--loop", "selectro"], "Did you mean 'selector'?")],
)
def test_the_verb_refuses_what_does_not_exist(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["selftest", *arguments]) == 2
    assert expected in capsys.readouterr().err


def observed(directory: Path, left: Left) -> Observed:
    run = make_run(directory, lambda trial: left, scenario_text(repetitions=1))
    return Observed(run, analyse(run), "selector")


def refused(stage: str) -> Left:
    return Left(changes={**unsupported(), "failure": Failure("E", "not here", stage)})


def test_a_loop_that_is_not_there_neither_holds_nor_fails(tmp_path: Path) -> None:
    result = judge(ROWS[0], observed(tmp_path, refused("loop")))

    assert (result.unavailable, result.checks, result.holds) == ("not here", (), True)


def test_a_subject_that_refuses_a_loop_does_not_hold(tmp_path: Path) -> None:
    assert not judge(ROWS[0], observed(tmp_path, refused("open"))).holds


def test_a_trial_that_fails_does_not_hold(tmp_path: Path) -> None:
    result = judge(ROWS[0], observed(tmp_path, Left(changes=failure(message="gone"))))

    assert not result.holds
    assert "gone" in result.checks[0].measured


def test_the_table_is_told_loop_by_loop() -> None:
    results = [
        Result(ROWS[0], "selector", (GOOD, BAD)),
        Result(ROWS[0], "uvloop", (), unavailable="not installed"),
        Result(ROWS[0], "proactor", (GOOD,), attempt=2),
    ]

    lines = screen_text(screen(results), 120).splitlines()

    assert [line for line in lines if line.startswith("loop")] == [
        f"loop {loop}" for loop in ("selector", "uvloop", "proactor")
    ]
    assert sum(line.endswith("✓") for line in lines) == 2
    assert sum(line.endswith("✗") for line in lines) == 1
    assert any("not installed" in line and line.endswith("–") for line in lines)
    assert any("(attempt 2)" in line for line in lines)
    assert lines[-1] == "1 of 2 rows not as expected: null on selector"


def test_what_holds_is_summed_up() -> None:
    results = [Result(ROWS[0], loop, (GOOD,)) for loop in LOOPS]

    assert summary(results) == "3 rows measured on 3 loops: all as expected"
