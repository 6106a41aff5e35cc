"""Two runs of the same cells: what is called a change, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.analyse import analyse
from bench.analysis.result import Analysis
from bench.history.change import Changes, changes_between
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial
from bench.stats.steadiness import Drift
from tests.unit.analysis.synthetic import MS, Left, Load, Make, make_run, only_for, scenario_text

TEXT = scenario_text("a b", repetitions=5)
PUT = "put.response.p50"


def jittered(put: int) -> Make:
    """Trials that differ by some per cent, as real ones do."""

    def make(trial: Trial) -> Left:
        return Left(Load(put=put * (100 + trial.repetition) // 100))

    return make


def made(
    directory: Path, make: Make, second: int, text: str = TEXT, **environment: Any
) -> Analysis:
    run_id = f"20260101T00000{second}Z-made-up"
    return analyse(make_run(directory, make, text, run_id, **environment))


def outcomes(found: Changes, metric: str = PUT) -> dict[str, str]:
    return {
        change.place[0]: change.outcome for change in found.changes if change.metric.name == metric
    }


def test_what_has_changed_is_told_from_what_has_not(tmp_path: Path) -> None:
    before = made(tmp_path, jittered(2 * MS), 1)
    after = made(tmp_path, only_for("b", jittered(3 * MS), jittered(2 * MS)), 2)

    forth, back = changes_between(before, after), changes_between(after, before)

    assert outcomes(forth) == {"a": "", "b": "worse"}
    assert outcomes(back) == {"a": "", "b": "better"}
    ratios = {change.place[0]: change.ratio.ratio for change in forth.changes}
    assert outcomes(forth, "throughput")["b"] == "worse"
    assert forth.otherwise == ()
    assert {*ratios} == {"a", "b"}


def test_a_change_within_what_the_aa_arms_differ_by_is_none(tmp_path: Path) -> None:
    text = scenario_text("a a2=a", repetitions=5)
    # The second arm is twice as slow as the first, so a change by half says nothing.
    before = made(tmp_path, only_for("a2", jittered(4 * MS), jittered(2 * MS)), 1, text)
    after = made(tmp_path, only_for("a2", jittered(6 * MS), jittered(3 * MS)), 2, text)

    assert outcomes(changes_between(before, after)) == {"a": "", "a2": ""}


def test_a_cell_that_was_measured_in_another_way_is_left_out(tmp_path: Path) -> None:
    other = TEXT.replace('[subjects.b]\nuse = "memory"', '[subjects.b]\nuse = "null"')
    assert other != TEXT

    found = changes_between(made(tmp_path, jittered(MS), 1), made(tmp_path, jittered(MS), 2, other))

    assert [place[0] for place in found.otherwise] == ["b"]
    assert outcomes(found) == {"a": ""}


def test_what_else_differs_is_named(tmp_path: Path) -> None:
    before = made(tmp_path, jittered(MS), 1, packages={"langgraph": "1.0"})
    after = made(tmp_path, jittered(MS), 2, packages={"langgraph": "1.1"})

    assert changes_between(before, after).environment == {"package langgraph": ("1.0", "1.1")}


def test_two_trials_a_side_prove_nothing(tmp_path: Path) -> None:
    text = scenario_text("a", repetitions=2)

    found = changes_between(
        made(tmp_path, jittered(MS), 1, text), made(tmp_path, jittered(9 * MS), 2, text)
    )

    (change,) = (each for each in found.changes if each.metric.name == PUT)
    assert change.ratio.ratio == pytest.approx(9.0, rel=0.01)
    assert (change.ratio.low, change.outcome) == (None, "")


def test_a_cell_that_drifted_or_lacks_a_trial_shows_no_change(tmp_path: Path) -> None:
    before, after = (made(tmp_path, jittered(put * MS), put) for put in (1, 9))
    (whole, other), drift = after.cells, Drift(0.2, trials=5, p_value=0.001, is_systematic=True)
    for changed in (
        replace(whole, drifts={"put.response": drift}),
        replace(whole, blocks=replace(whole.blocks, planned=6)),
    ):
        found = changes_between(before, replace(after, cells=(changed, other)))
        assert outcomes(found) == {"a": "", "b": "worse"}

    relaxed = replace(whole, durability=Durability.RELAXED)
    found = changes_between(before, replace(after, cells=(relaxed, other)))
    assert [place[0] for place in found.otherwise] == ["a"]
