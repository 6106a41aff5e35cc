"""Who is compared with whom, inside blocks, and what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.analysis.result import Comparison
from bench.records.outcome import Outcome
from bench.records.trial import Verification
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    Make,
    analysed,
    failure,
    reading,
    row,
    scenario_text,
)

# Block by block: what drifts hits every arm alike.
DRIFT = (1.0, 1.5, 0.8)


def arms(put_ms: dict[str, float], **changes: dict[str, Any]) -> Make:
    """Give each subject its put time (times the block's drift) and its changes to the record."""

    def make(trial: Trial) -> Left | None:
        wobble = 1.0 + 0.01 * trial.repetition * (trial.subject != "base")
        put = round(put_ms[trial.subject] * DRIFT[trial.repetition] * wobble * MS)
        of_subject = changes.get(trial.subject, {})
        return Left(Load(put=put), of_subject)

    return make


def text(baseline: str = 'subjects = ["base"]', **more: Any) -> str:
    tables = f"[baseline]\n{baseline}" if baseline else ""
    return scenario_text(**{"subjects": "base fast slow", "tables": tables, **more})


def compared(directory: Path, make: Make, scenario: str) -> dict[tuple[str, str], Comparison]:
    """Return comparisons of put's response p50 by (candidate, baseline)."""
    return {
        (c.candidate, c.baseline): c
        for c in analysed(directory, make, scenario).comparisons
        if c.metric.name == "put.response.p50"
    }


def test_ratios_are_taken_inside_blocks(tmp_path: Path) -> None:
    pairs = compared(tmp_path, arms({"base": 2, "fast": 1, "slow": 5}), text())

    assert set(pairs) == {("fast", "base"), ("slow", "base")}
    fast, slow = pairs["fast", "base"], pairs["slow", "base"]
    # The block's drift of ±50 % is gone; what is left is the wobble of 1 % and 2 %.
    found = fast.effect
    assert found.ratio == pytest.approx(0.5 * (1.0 * 1.01 * 1.02) ** (1 / 3), rel=1e-6)
    assert (fast.outcome, slow.outcome) == ("better", "worse")
    assert (found.blocks, fast.same_durability, fast.is_aa) == (3, True, False)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.ratio < found.high < 0.55
    assert (fast.axis, fast.loop, fast.subject) == ("subject", "selector", "fast")


def test_more_throughput_is_better(tmp_path: Path) -> None:
    comparisons = analysed(tmp_path, arms({"base": 2, "fast": 1, "slow": 5}), text()).comparisons
    outcomes = {c.candidate: c.outcome for c in comparisons if c.metric.name == "throughput"}

    assert outcomes == {"fast": "better", "slow": "worse"}


def test_a_block_that_lacks_an_arm_is_left_out_of_that_pair_alone(tmp_path: Path) -> None:
    whole = arms({"base": 2, "fast": 1, "slow": 5})

    def make(trial: Trial) -> Left | None:
        if trial.subject == "fast" and trial.repetition == 1:
            return None
        if trial.subject == "slow" and trial.repetition != 0:
            return Left(changes=failure())
        return whole(trial)

    pairs = compared(tmp_path, make, text())

    two = pairs["fast", "base"]
    assert (two.effect.blocks, two.blocks_planned, two.lacks_blocks) == (2, 3, True)
    one = pairs["slow", "base"]
    assert (one.effect.blocks, one.effect.side(), one.outcome) == (1, 0, "unresolved")
    assert one.effect.ratio == pytest.approx(2.5)


def test_a_trial_with_too_few_operations_drops_its_block(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        small = trial.subject == "fast" and trial.repetition == 2
        return Left(Load(clients=1, cycles=5 if small else 20))

    assert compared(tmp_path, make, text())["fast", "base"].effect.blocks == 2


@pytest.mark.parametrize("short", ["fast", "base"])
def test_a_comparison_that_lacks_a_block_is_not_resolved(tmp_path: Path, short: str) -> None:
    def make(trial: Trial) -> Left:
        # The slow trial is the one that has no median: without it the ratio looks clear.
        is_slow = trial.subject == short and trial.repetition == 2
        put = 4 * MS if trial.subject == "base" else MS
        return Left(Load(clients=1, put=put, cycles=5 if is_slow else 20))

    pairs = compared(tmp_path, make, text())

    assert pairs["fast", "base"].effect.high == pytest.approx(0.25)
    assert pairs["fast", "base"].outcome == "unresolved"
    whole = {"fast": "better", "base": "unresolved"}[short]
    assert (pairs["slow", "base"].outcome, pairs["slow", "base"].lacks_blocks) == (
        whole,
        short == "base",
    )


def test_an_interval_that_holds_one_shows_no_difference(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        factor = 1.0 if trial.subject == "base" else (0.7, 1.0, 1.3)[trial.repetition]
        return Left(Load(put=round(2 * MS * factor)))

    assert compared(tmp_path, make, text())["fast", "base"].outcome == "unresolved"


def test_fewer_than_three_blocks_show_nothing(tmp_path: Path) -> None:
    make = arms({"base": 2, "fast": 1, "slow": 5})
    pairs = compared(tmp_path, make, text(repetitions=2))

    assert {(each.outcome, each.cause) for each in pairs.values()} == {("unresolved", "blocks")}


RELAXED = {"durability": Durability.RELAXED}


def test_other_durability_classes_are_compared_only_when_asked_for(tmp_path: Path) -> None:
    make = arms({"base": 2, "fast": 1, "slow": 5}, fast=RELAXED)

    within = compared(tmp_path / "within", make, text())
    across = compared(
        tmp_path / "across", make, text('subjects = ["base"]\nacross_durability = true')
    )

    assert set(within) == {("slow", "base")}
    assert {key: c.same_durability for key, c in across.items()} == {
        ("fast", "base"): False,
        ("slow", "base"): True,
    }


def test_an_unknown_durability_is_the_same_as_nothing(tmp_path: Path) -> None:
    unknown = {"durability": Durability.UNKNOWN}
    make = arms({"base": 2, "fast": 1, "slow": 5}, base=unknown, fast=unknown, slow=unknown)

    assert compared(tmp_path, make, text()) == {}


def test_of_two_baselines_the_later_is_a_candidate_too(tmp_path: Path) -> None:
    make = arms({"base": 2, "fast": 1, "slow": 5})
    pairs = compared(tmp_path, make, text('subjects = ["base", "slow"]'))

    assert set(pairs) == {("slow", "base"), ("fast", "base"), ("fast", "slow")}


def test_an_aa_arm_is_compared_with_what_it_repeats_whatever_the_baseline(tmp_path: Path) -> None:
    make = arms({"base": 2, "fast": 1, "again": 1.02})

    pairs = compared(tmp_path, make, text(subjects="base fast again=fast"))

    assert {key: c.is_aa for key, c in pairs.items()} == {
        ("fast", "base"): False,
        ("again", "fast"): True,
    }


def with_aa(again_ms: float) -> Make:
    """Let "again" repeat "base", which takes 2 ms; block by block nothing varies."""
    put_ms = {"base": 2.0, "again": again_ms, "fast": 1.8, "slow": 2.6}
    return lambda trial: Left(Load(put=round(put_ms[trial.subject] * MS)))


@pytest.mark.parametrize(
    ("again_ms", "factor", "fast", "slow"),
    [
        (2.0, 1.0, "better", "worse"),
        (2.1, 1.05, "better", "worse"),
        (2.4, 1.2, "unresolved", "worse"),
        (1.6, 1.25, "unresolved", "worse"),
        (2.8, 1.4, "unresolved", "unresolved"),
    ],
)
def test_a_difference_is_one_only_above_what_an_aa_arm_shows(
    tmp_path: Path, again_ms: float, factor: float, fast: str, slow: str
) -> None:
    scenario = text(subjects="base again=base fast slow")
    pairs = compared(tmp_path, with_aa(again_ms), scenario)

    assert pairs["fast", "base"].noise_factor == pytest.approx(factor)
    assert pairs["fast", "base"].outcome == fast
    assert pairs["slow", "base"].outcome == slow


def test_the_noise_is_the_largest_of_all_conditions_and_of_that_metric(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return with_aa(2.8 if trial.loop == "uvloop" else 2.0)(trial) or Left()

    scenario = text(subjects="base again=base fast slow", loops="selector uvloop")
    comparisons = analysed(tmp_path, make, scenario).comparisons
    slow = {
        (c.metric.name, c.loop): (c.outcome, c.noise_factor)
        for c in comparisons
        if c.candidate == "slow"
    }

    for loop in ("selector", "uvloop"):
        outcome, factor = slow["put.response.p50", loop]
        assert (outcome, round(factor, 6)) == ("unresolved", 1.4)
    # Reads are the same in both arms, so 1 is all the noise that they show.
    assert slow["get_tuple.response.p50", "selector"][1] == 1.0


def test_an_aa_ratio_is_judged_by_its_interval_alone(tmp_path: Path) -> None:
    pairs = compared(tmp_path, with_aa(2.4), text(subjects="base again=base fast slow"))

    again = pairs["again", "base"]
    assert (again.is_aa, again.outcome, again.noise_factor) == (True, "worse", 1.0)


def test_without_an_aa_arm_there_is_no_known_noise(tmp_path: Path) -> None:
    pairs = compared(tmp_path, arms({"base": 2, "fast": 1.9, "slow": 5}), text())

    assert {c.noise_factor for c in pairs.values()} == {1.0}
    # By 4 %: shown to differ, and shown to differ by less than is of interest.
    assert pairs["fast", "base"].outcome == "equivalent"


def test_loops_are_compared_subject_by_subject(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        put = (1 if trial.loop == "uvloop" else 2) * (5 if trial.subject == "slow" else 1)
        return Left(Load(put=put * MS))

    scenario = text('loop = "selector"', subjects="base slow", loops="selector uvloop")
    comparisons = [
        c
        for c in analysed(tmp_path, make, scenario).comparisons
        if c.metric.name == "put.response.p50"
    ]

    assert [(c.axis, c.subject, c.candidate, c.baseline, c.loop) for c in comparisons] == [
        ("loop", "base", "uvloop", "selector", "uvloop"),
        ("loop", "slow", "uvloop", "selector", "uvloop"),
    ]
    assert [c.effect.ratio for c in comparisons] == pytest.approx([0.5, 0.5])
    # Every block gave the same ratio, so the interval has no width.
    assert comparisons[0].outcome == "better"


def test_invalid_cells_are_not_compared(tmp_path: Path) -> None:
    lossy = {"verification": Verification(1, 1, 1, 0, 0, ())}
    make = arms({"base": 2, "fast": 1, "slow": 5}, fast=lossy)

    assert set(compared(tmp_path, make, text())) == {("slow", "base")}


def test_lower_bounds_are_not_compared(tmp_path: Path) -> None:
    late = tuple(row("put", n, 900 * MS, 0, Outcome.TIMED_OUT) for n in range(60))

    def make(trial: Trial) -> Left:
        return Left(Load(extra=late if trial.subject == "fast" else ()))

    assert set(compared(tmp_path, make, text())) == {("slow", "base")}


def test_readings_are_compared_where_both_have_them_and_they_are_positive(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        rss = {"base": 100.0, "fast": 200.0, "slow": 0.0}[trial.subject]
        return Left(changes={"readings": (reading("worker.rss_peak", rss, "bytes"),)})

    comparisons = analysed(tmp_path, make, text()).comparisons
    ratios = {
        c.candidate: c.effect.ratio for c in comparisons if c.metric.name == "worker.rss_peak"
    }

    assert ratios == {"fast": pytest.approx(2.0)}


def test_without_a_baseline_nothing_is_compared(tmp_path: Path) -> None:
    assert compared(tmp_path, arms({"base": 2, "fast": 1, "slow": 5}), text("")) == {}
