"""Judgements by a figure: ratios inside blocks, scalings, bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.analysis.analyse import analyse
from bench.claims.judge import judge
from bench.claims.result import JudgedCondition
from bench.errors import InputError
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial
from tests.unit.analysis.paced import Paced, paced_run, paced_text
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    changed,
    failure,
    only_for,
    reading,
    scenario_text,
)
from tests.unit.claims.judged import (
    SCENARIO,
    TWO_ARRIVALS,
    claim,
    ratio,
    run_of,
    two_arms,
    verdict_on,
)

TEN_TIMES = two_arms({"base": 10, "fast": 1})


def bound(bounds: str, subject: str = "base", more: str = "") -> str:
    limit = f'require = ["put.response.p50 {bounds}"]'
    return f'bounds]]\nsubjects = ["{subject}"]\n{limit}\n{more}'


def sole(verdict: object) -> JudgedCondition:
    (judged,) = verdict.judgements  # type: ignore[attr-defined]  # a Verdict
    (condition,) = judged.conditions
    assert isinstance(condition, JudgedCondition)
    return condition


@pytest.mark.parametrize(
    ("bounds", "quantity", "expected"),
    [
        (">= 0.09 and <= 0.2", "put.response.p50", "supported"),
        (">= 5 and <= 20", "put.response.p50 of baseline", "supported"),
        (">= 9.9", "put.response.p50 of baseline", "inconclusive"),
        (">= 20 and <= 50", "put.response.p50 of baseline", "refuted"),
        (">= 1 and <= 5", "put.response.p50 of baseline", "refuted"),
        ("<= 0.1", "put.response.p50", "inconclusive"),
        # Outside by 5 %, which is of no interest, and by 15 %.
        (">= 10.4", "put.response.p50 of baseline", "inconclusive"),
        (">= 11.4", "put.response.p50 of baseline", "refuted"),
    ],
)
def test_the_whole_interval_decides(
    tmp_path: Path, bounds: str, quantity: str, expected: str
) -> None:
    judged = claim(ratio(bounds, quantity=quantity))

    assert verdict_on(tmp_path, TEN_TIMES, judged).outcome == expected


def test_a_ratio_is_that_of_the_blocks(tmp_path: Path) -> None:
    found = sole(verdict_on(tmp_path, TEN_TIMES, claim(ratio("<= 0.5"))))

    assert found.value == pytest.approx(0.1 * (1.01 * 1.02) ** (1 / 3), rel=1e-6)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.1 * 1.01 < found.high


def test_pairs_that_the_scenario_does_not_compare_are_compared(tmp_path: Path) -> None:
    text = scenario_text("base fast other", tables='[baseline]\nsubjects = ["other"]')

    assert verdict_on(tmp_path, TEN_TIMES, claim(ratio("<= 0.5")), text).outcome == "supported"


def test_what_aa_arms_show_widens_what_decides(tmp_path: Path) -> None:
    """The same interval decides, and does not where an A/A arm is 1.5 times off."""
    judged = claim(ratio("<= 0.8"))
    text = scenario_text("base fast again=base")
    calm = two_arms({"base": 10, "fast": 7, "again": 10})
    noisy = two_arms({"base": 10, "fast": 7, "again": 15})

    assert verdict_on(tmp_path / "calm", calm, judged, text).outcome == "supported"
    found = verdict_on(tmp_path / "noisy", noisy, judged, text)
    assert found.outcome == "inconclusive"
    assert "A/A arms differ by a factor of up to 1.51" in found.because
    assert sole(found).noise_factor == pytest.approx(1.515, rel=1e-2)


def test_one_block_decides_nothing(tmp_path: Path) -> None:
    text = scenario_text("base fast", repetitions=1)
    found = verdict_on(tmp_path, TEN_TIMES, claim(ratio("<= 0.5")), text)

    assert (found.outcome, sole(found).why) == (
        "inconclusive",
        "fewer than 3 blocks have no interval",
    )


@pytest.mark.parametrize("durability", [Durability.RELAXED, Durability.UNKNOWN])
def test_equal_durability_is_read_from_the_records(tmp_path: Path, durability: Durability) -> None:
    make = only_for("fast", changed(durability=durability), two_arms({"base": 10}))
    apart = claim(ratio("<= 0.5", "equal_durability = true"))
    anyhow = claim(ratio("<= 0.5"))

    refused = verdict_on(tmp_path / "apart", make, apart)
    assert refused.outcome == "inconclusive"
    assert f"not known to be equal: {durability} and fsync" in refused.because
    taken = verdict_on(tmp_path / "anyhow", make, anyhow)
    assert (taken.outcome, sole(taken).durability) == ("supported", f"{durability} ÷ fsync")


def test_equal_but_unknown_durability_is_not_equal(tmp_path: Path) -> None:
    judged = claim(ratio("<= 2", "equal_durability = true"))

    make = changed(durability=Durability.UNKNOWN)
    assert verdict_on(tmp_path, make, judged).outcome == "inconclusive"


def test_sums_are_divided_trial_by_trial(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        factor = 2.0 if trial.subject == "fast" else 1.0
        busy = (reading("cpu.a", 1.0 * factor, "ratio"), reading("cpu.b", 2.0 * factor, "ratio"))
        # Twice the CPU share for three times the work.
        put = MS if trial.subject == "fast" else 5 * MS
        return Left(Load(put=put, get_tuple=MS), {"readings": busy})

    judged = claim(ratio("<= 0.9", quantity="cpu.a + cpu.b per throughput"))
    found = verdict_on(tmp_path, make, judged)

    assert sole(found).metric == "(cpu.a + cpu.b) / throughput"
    assert sole(found).value == pytest.approx(2.0 / 3.0, rel=1e-3)
    assert found.outcome == "supported"


def test_a_metric_that_nothing_has_decides_nothing(tmp_path: Path) -> None:
    found = verdict_on(tmp_path, TEN_TIMES, claim(ratio("<= 1", quantity="no.such")))

    assert found.outcome == "inconclusive"
    assert "no block has a value of no.such for both sides" in found.because


def test_a_reading_that_some_trials_lack_decides_nothing(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        there = trial.repetition != 1 or trial.subject == "base"
        return Left(changes={"readings": (reading("r", 2.0),) if there else ()})

    run = run_of(tmp_path, make)
    base, fast = run.cells

    assert base.by_block("r") == {0: 2.0, 1: 2.0, 2: 2.0}
    assert fast.by_block("r") == {0: 2.0, 2: 2.0}
    (found,) = judge([claim(ratio("<= 1", quantity="r"))], {SCENARIO: run}).verdicts
    assert (found.outcome, sole(found).why) == ("inconclusive", "2 of 3 blocks have both sides")


@pytest.mark.parametrize(
    ("selector", "why"),
    [
        ('payloads = ["9k"]', "the run has no cell of fast with payload 9k"),
        ('loops = ["uvloop"]', "the run has no cell of fast with loop uvloop"),
    ],
)
def test_a_label_that_the_run_lacks_is_told(tmp_path: Path, selector: str, why: str) -> None:
    found = verdict_on(tmp_path, TEN_TIMES, claim(ratio("<= 1", selector)))

    assert found.outcome == "inconclusive"
    assert why in found.because


def test_a_subject_or_baseline_that_the_run_lacks_is_told(tmp_path: Path) -> None:
    for subjects, why in (("base", "no cell of fast"), ("fast", "no cell of base beside fast")):
        text = scenario_text(subjects)
        found = verdict_on(tmp_path / subjects, TEN_TIMES, claim(ratio("<= 1")), text)
        assert (found.outcome, why in found.because) == ("inconclusive", True)


def test_a_failed_subject_is_not_measured(tmp_path: Path) -> None:
    make = only_for("fast", changed(**failure()))
    found = verdict_on(tmp_path, make, claim(ratio("<= 1")))

    assert found.outcome == "inconclusive"
    assert "fast · selector · steps · 1k · some is failed: OSError: gone" in found.because


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (">= 9 ms", "supported"),
        ("<= 9 ms", "refuted"),
        ("<= 11 ms", "supported"),
    ],
)
def test_a_time_is_bounded(tmp_path: Path, bounds: str, expected: str) -> None:
    assert verdict_on(tmp_path, TEN_TIMES, claim(bound(bounds))).outcome == expected


def test_a_bound_needs_an_interval_and_every_trial(tmp_path: Path) -> None:
    single = verdict_on(
        tmp_path / "single",
        TEN_TIMES,
        claim(bound("<= 20 ms")),
        scenario_text("base fast", repetitions=1),
    )
    gone = verdict_on(
        tmp_path / "gone",
        lambda trial: None if trial.repetition == 2 else TEN_TIMES(trial),
        claim(bound("<= 20 ms")),
    )

    assert (single.outcome, gone.outcome) == ("inconclusive", "inconclusive")
    assert "no interval: one trial" in single.because
    assert "2 of 3 trials measured, 1 without a record" in gone.because


def test_limits_in_the_wrong_unit_are_an_input_error(tmp_path: Path) -> None:
    judged = claim('bounds]]\nsubjects = ["base"]\nrequire = ["stored.x <= 20 ms"]')
    make = changed(readings=(reading("stored.x", 2e6, "bytes"),))

    with pytest.raises(InputError, match=r"claims\.it: expected a size, as in 5 MB: stored\.x is"):
        verdict_on(tmp_path, make, judged)


def test_scaling_pairs_repetitions(tmp_path: Path) -> None:
    """With 8 clients for 4 that each take as long, twice as much is done."""

    def make(trial: Trial) -> Left:
        clients = 8 if trial.arrival == "other" else 4
        # What drifts from repetition to repetition hits both arrivals alike.
        return Left(Load(clients=clients, put=(1 + trial.repetition) * MS))

    text = scenario_text("base", arrivals="some other", tables=TWO_ARRIVALS)
    limit = "throughput of other >= 1.9 x some and <= 2.1 x some"
    judged = claim(f'scalings]]\nsubjects = ["base"]\nrequire = ["{limit}"]')
    found = verdict_on(tmp_path, make, judged, text)

    assert found.outcome == "supported"
    assert sole(found).value == pytest.approx(2.0, rel=1e-6)
    assert (sole(found).baseline, sole(found).arrival) == ("itself at some", "other")
    assert sole(found).method.endswith("; paired by repetition")


def test_scaling_without_the_other_arrival_is_told(tmp_path: Path) -> None:
    limit = "throughput of other >= 1 x some"
    judged = claim(f'scalings]]\nsubjects = ["base"]\nrequire = ["{limit}"]')
    found = verdict_on(tmp_path, TEN_TIMES, judged)

    assert found.outcome == "inconclusive"
    assert "differ only in their arrival, some and other" in found.because


def test_two_blocks_that_disagree_wildly_decide_nothing(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        slow = trial.subject == "fast" and trial.repetition == 1
        return Left(Load(put=10**13 if slow else 1, get_tuple=1))

    text = scenario_text("base fast", repetitions=2)
    found = verdict_on(tmp_path, make, claim(ratio(">= 1")), text)

    assert (found.outcome, sole(found).blocks) == ("inconclusive", 2)


def test_a_bound_of_errors_says_which_they_were(tmp_path: Path) -> None:
    judged = claim('bounds]]\nsubjects = ["base"]\nrequire = ["errors <= 1"]')
    make = changed(errors={"TooMany": 3}, error_texts={"TooMany": "no connection"})

    assert "9 × TooMany: no connection" in verdict_on(tmp_path, make, judged).because


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ("< 5 ms", "below 5 ms"),
        ("> 5 ms", "above 5 ms"),
        (">= 5 ms", "at least 5 ms"),
        (">= 5 ms and <= 9 ms", "5 ms to 9 ms"),
    ],
)
def test_an_open_bound_is_told_as_one(tmp_path: Path, bounds: str, told: str) -> None:
    found = verdict_on(tmp_path, two_arms({"base": 7}), claim(bound(bounds)))
    assert found.judgements[0].claimed == told


def test_what_is_claimed_has_the_unit_of_what_is_found(tmp_path: Path) -> None:
    judged = claim('bounds]]\nsubjects = ["base"]\nrequire = ["stored.x <= 100 kB"]')
    make = changed(readings=(reading("stored.x", 2e6, "bytes"),))
    found = verdict_on(tmp_path, make, judged)

    assert found.outcome == "refuted"
    assert found.judgements[0].claimed == "at most 100 kB"
    assert "claimed at most 100 kB" in found.because


@pytest.mark.parametrize(
    ("fast_ms", "bounds", "expected"),
    [
        (14, "<= 5 ms", "supported"),
        (14, "<= 3 ms", "refuted"),
        (6, "<= 0 ms", "supported"),
        (6, ">= 0 ms", "refuted"),
    ],
)
def test_a_bound_above_another_subject_is_of_the_difference(
    tmp_path: Path, fast_ms: float, bounds: str, expected: str
) -> None:
    judged = claim(bound(bounds, "fast", 'above = "base"'))
    make = two_arms({"base": 10, "fast": fast_ms}, wobble=0.001)
    found = verdict_on(tmp_path, make, judged)

    assert found.outcome == expected
    assert sole(found).value == pytest.approx((fast_ms * 1.001 - 10) * MS)
    assert "put.response.p50 above that of base" in found.because


def test_a_difference_needs_every_block_and_its_other_side(tmp_path: Path) -> None:
    judged = claim(bound("<= 5 ms", "fast", 'above = "base"'))
    make = two_arms({"base": 10, "fast": 11})
    lacking = verdict_on(
        tmp_path / "a",
        lambda t: None if (t.subject, t.repetition) == ("base", 1) else make(t),
        judged,
    )
    alone = verdict_on(tmp_path / "b", make, judged, scenario_text("fast"))

    assert (lacking.outcome, alone.outcome) == ("inconclusive", "inconclusive")
    assert "no cell of base beside" in alone.because


def test_what_drifted_in_the_window_decides_nothing(tmp_path: Path) -> None:
    def load(trial: Trial) -> Paced:
        return Paced(service=20 * MS, growing=100_000) if trial.subject == "fast" else Paced()

    metric = "cycle.response.p50"
    text = paced_text(subjects="base fast", top=f'primary_metrics = ["{metric}"]')
    run = analyse(paced_run(tmp_path, load, text))
    (found,) = judge([claim(ratio(">= 1.5", quantity=metric))], {SCENARIO: run}).verdicts

    assert sole(found).low is not None
    assert found.outcome == "inconclusive"
    assert "not steady during the window: fast: cycle.response rose by" in sole(found).why

    asked = bound("<= 1 s", "fast", 'above = "base"').replace("put.response.p50", metric)
    above = claim(asked)
    (found,) = judge([above], {SCENARIO: run}).verdicts
    assert (found.outcome, sole(found).outcome) == ("inconclusive", "undecided")
    assert "not steady during the window: cycle.response rose by" in sole(found).why
