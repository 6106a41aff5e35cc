"""Whether another block is wanted, from records; and what counts as planned then."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bench.analysis.analyse import analyse
from bench.analysis.precision import Stopping, Wish
from bench.records.store import Run
from bench.scenario.plan import Trial, expand
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    Make,
    failure,
    found,
    make_run,
    scenario_text,
    the,
)

BASELINE = '[baseline]\nsubjects = ["base"]\n'


def text(
    half_width: float = 0.05,
    subjects: str = "base x",
    budget_s: float = 900.0,
    tables: str = BASELINE,
) -> str:
    wanted = f"half_width = {half_width}\nmost_repetitions = 20\nbudget_s = {budget_s}"
    tables = f"{tables}\n[precision]\n{wanted}"
    return scenario_text(subjects, repetitions=5, tables=tables)


def blocks(count: int, share: float, took_s: float = 0.0) -> Make:
    """The first ``count`` blocks; ``x`` takes twice as long, up and down by ``share``."""

    def make(trial: Trial) -> Left | None:
        if trial.repetition >= count:
            return None
        factor = (1.0 + share) ** (-1) ** trial.repetition
        times = 2.0 * factor if trial.subject == "x" else 1.0
        load = Load(put=round(times * MS), get_tuple=round(times * MS))
        return Left(load, {"took_s": took_s})

    return make


def wish(run: Run) -> Wish:
    """Ask for the first optional block without a record."""
    begun = {record.trial.block for record in run.trials}
    plan = expand(run.scenario)
    trial = next(t for t in plan.trials if t.block in plan.optional_blocks and t.block not in begun)
    return Stopping(run).wish(trial)


def test_before_the_first_look_blocks_are_added(tmp_path: Path) -> None:
    run = make_run(tmp_path, blocks(5, 0.0), text())

    assert wish(run) == Wish(True, "5 blocks, the first look is at 10")


def test_a_wide_interval_asks_for_another_block(tmp_path: Path) -> None:
    run = make_run(tmp_path, blocks(12, 0.1), text())

    assert wish(run) == Wish(
        True,
        "the interval of put.response.p50 of x against base (selector) is ±10.0 %, wanted ±5 %",
    )


def test_a_precise_condition_gets_a_quarter_more_and_then_no_more(tmp_path: Path) -> None:
    told = "precise enough after 10 blocks; it gets 13, whatever the last ones show"

    assert wish(make_run(tmp_path / "12", blocks(12, 0.01), text())) == Wish(True, told)
    assert wish(make_run(tmp_path / "13", blocks(13, 0.01), text())) == Wish(False, "")


def test_no_block_is_begun_once_the_budget_is_spent(tmp_path: Path) -> None:
    spent = make_run(tmp_path / "spent", blocks(12, 0.1, took_s=2.0), text(budget_s=48.0))
    left = make_run(tmp_path / "left", blocks(12, 0.1, took_s=2.0), text(budget_s=48.1))

    assert wish(left).is_wanted
    assert wish(spent) == Wish(
        False,
        "the trials took 48 s, budget_s is 48; the interval of put.response.p50 of x against base "
        "(selector) is ±10.0 %, wanted ±5 %",
    )


def test_asking_again_after_every_record_is_as_asking_once(tmp_path: Path) -> None:
    run = make_run(tmp_path, blocks(12, 0.1), text())
    stopping = Stopping(dataclasses.replace(run, trials=()))
    for record in run.trials:
        stopping.add(record)
    plan = expand(run.scenario)
    trial = next(t for t in plan.trials if t.repetition == 12)

    assert stopping.wish(trial) == wish(run)


def test_a_later_block_is_not_wanted_where_an_earlier_one_was_not(tmp_path: Path) -> None:
    run = make_run(tmp_path, blocks(5, 0.1), text())
    later = next(t for t in expand(run.scenario).trials if t.repetition == 6)

    assert Stopping(run).wish(later) == Wish(False, "")


def test_what_failed_keeps_no_condition_alive(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left | None:
        if trial.subject == "x" and trial.repetition == 3:
            return Left(changes=failure())
        return blocks(12, 0.1)(trial)

    run = make_run(tmp_path, make, text())

    assert wish(run) == Wish(False, "no ratio has all its blocks")


def test_what_failed_has_no_say_beside_what_did_not(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left | None:
        if trial.subject == "y" and trial.repetition < 13:
            return Left(changes=failure())
        return blocks(13, 0.01)(trial)

    assert wish(make_run(tmp_path, make, text(subjects="base x y"))) == Wish(False, "")


def test_a_scenario_without_a_precision_has_no_rule(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wants no precision"):
        Stopping(make_run(tmp_path))


def test_planned_are_the_certain_blocks_and_those_begun(tmp_path: Path) -> None:
    run = make_run(tmp_path, blocks(7, 0.01), text())
    analysis = analyse(run)
    (comparison, *_) = analysis.comparisons

    assert (analysis.trials_recorded, analysis.trials_planned) == (14, 14)
    assert [cell.status for cell in analysis.cells] == ["measured", "measured"]
    assert (comparison.effect.blocks, comparison.blocks_planned) == (7, 7)
    assert {cell.blocks.planned for cell in analysis.cells} == {7}
    assert found(analysis, "incomplete_run") is None


def test_a_block_that_was_begun_and_lacks_an_arm_is_incomplete(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left | None:
        return blocks(7 if trial.subject == "base" else 6, 0.01)(trial)

    run = make_run(tmp_path, make, text())
    analysis = analyse(run)

    assert (analysis.trials_recorded, analysis.trials_planned) == (13, 14)
    assert the(analysis, "incomplete_run").message == "13 of 14 planned trials have a record"
    assert {comparison.blocks_planned for comparison in analysis.comparisons} == {7}
    assert {cell.blocks.planned for cell in analysis.cells} == {7}
    assert analysis.exit_code == 3


def test_certain_blocks_are_planned_though_none_was_begun(tmp_path: Path) -> None:
    analysis = analyse(make_run(tmp_path, blocks(4, 0.01), text()))

    assert (analysis.trials_recorded, analysis.trials_planned) == (8, 10)


def test_precision_not_reached_is_told(tmp_path: Path) -> None:
    finding = the(analyse(make_run(tmp_path, blocks(20, 0.1), text())), "precision_not_reached")

    assert finding.severity == "note"
    assert finding.message == (
        "all · steps · 1k · some: the interval of put.response.p50 of x against base (selector) "
        "is ±10.0 %, wanted ±5 %, after 20 blocks"
    )
    assert [cell.split(" · ")[0] for cell in finding.cells] == ["base", "x"]


def test_too_few_blocks_for_a_look_are_told(tmp_path: Path) -> None:
    finding = the(analyse(make_run(tmp_path, blocks(5, 0.0), text())), "precision_not_reached")

    assert finding.message == "all · steps · 1k · some: 5 blocks, the first look is at 10"


@pytest.mark.parametrize("count", [10, 13])
def test_a_precision_that_was_reached_is_no_finding(tmp_path: Path, count: int) -> None:
    analysis = analyse(make_run(tmp_path, blocks(count, 0.01), text()))

    assert found(analysis, "precision_not_reached") is None


def test_what_is_aside_is_no_finding(tmp_path: Path) -> None:
    scenario = text().replace("[sweeps.all]", "[sweeps.all]\naside = true")
    analysis = analyse(make_run(tmp_path, blocks(5, 0.1), scenario))

    assert found(analysis, "precision_not_reached") is None
