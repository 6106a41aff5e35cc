"""What a gate answers, on records whose truth is known; it fails closed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.gate.arms import Rule
from bench.gate.judge import decide, gravest, grown, needs_second_run
from bench.gate.result import GateResult
from bench.records.trial import Verification
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import Left, Make, failure, make_run, unsupported
from tests.unit.gate.gating import (
    BLOCKS,
    NOISE,
    PAIR,
    arms,
    count,
    gated,
    judged,
    outcomes,
    text,
)

ONCE = Rule(confirms=False)
TIMES = ("put.response.p50", "get_tuple.response.p50", "throughput")
LOST = Verification(threads=4, checkpoints=40, lost=1, corrupted=0, unexpected=0, problems=())


def all_are(outcome: str) -> dict[str, str]:
    return dict.fromkeys(TIMES, outcome)


def test_the_same_twice_passes(tmp_path: Path) -> None:
    assert outcomes(gated(tmp_path, arms())) == all_are("pass")


def test_a_slower_head_has_regressed_whichever_way_is_better(tmp_path: Path) -> None:
    found = gated(tmp_path, arms(1.5), ONCE)

    assert outcomes(found) == all_are("regression")
    ratios = [each.slowdown.ratio for each in found if each.slowdown is not None]
    assert ratios == pytest.approx([1.5, 1.5, 1.5], rel=0.03)


def test_a_faster_head_passes(tmp_path: Path) -> None:
    assert outcomes(gated(tmp_path, arms(0.5))) == all_are("pass")


def test_a_slow_down_that_is_shown_to_be_small_passes(tmp_path: Path) -> None:
    assert outcomes(gated(tmp_path, arms(1.04), Rule(smallest_effect=0.1))) == all_are("pass")


def test_an_interval_too_wide_cannot_tell(tmp_path: Path) -> None:
    found = gated(tmp_path, arms(1.02, noise=8.0))

    assert set(outcomes(found).values()) == {"inconclusive"}
    assert all("not shown to be below 1.05" in each.because for each in found)


@pytest.mark.parametrize(("blocks", "outcome"), [(5, "inconclusive"), (6, "pass")])
def test_too_few_blocks_cannot_tell(blocks: int, outcome: str, tmp_path: Path) -> None:
    """Of 6 blocks the smallest p is 1 ÷ 64: below 5 %, which Holm's first step divides by 3."""
    found = judged(make_run(tmp_path, arms(), text(blocks)), ONCE)

    assert outcomes(found) == all_are(outcome)
    said = [each.because.partition(":")[0] for each in found]
    assert (said == ["too few trials"] * 3) is (outcome == "inconclusive")


def test_more_metrics_need_more_blocks(tmp_path: Path) -> None:
    names = ", ".join(
        f'"{operation}.{time}.p50"'
        for operation in ("put", "get_tuple")
        for time in ("response", "service", "wait")
    )
    top = f"primary_metrics = [{names}]"
    found = judged(make_run(tmp_path, arms(1.5), text(6, top=top)), ONCE)

    assert {each.because for each in found} & {"too few trials: 6 blocks, an answer needs 7"}


def test_a_run_that_is_followed_by_another_needs_fewer(tmp_path: Path) -> None:
    assert outcomes(judged(make_run(tmp_path, arms(), text(6)))) == all_are("pass")
    few = judged(make_run(tmp_path / "few", arms(), text(5)))
    assert {each.because for each in few} == {"too few trials: 5 blocks, an answer needs 6"}


def test_a_block_that_lacks_cannot_tell(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left | None:
        lacks = trial.subject == "b" and trial.repetition == 3
        return None if lacks else arms(1.5)(trial)

    found = gated(tmp_path, make)

    assert outcomes(found) == all_are("inconclusive")
    assert (
        found[0].because
        == f"b is partly: {BLOCKS - 1} of {BLOCKS} trials measured, 1 without a record"
    )


def test_a_cell_that_was_never_measured_cannot_tell(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left | None:
        return None if trial.subject == "a" else arms()(trial)

    assert outcomes(gated(tmp_path, make)) == all_are("inconclusive")


@pytest.mark.parametrize("left", [failure(), unsupported()])
def test_a_head_that_fails_or_refuses_cannot_tell(left: dict[str, Any], tmp_path: Path) -> None:
    assert outcomes(gated(tmp_path, arms(**left))) == all_are("inconclusive")


def test_another_promise_cannot_tell(tmp_path: Path) -> None:
    found = gated(tmp_path, arms(durability=Durability.RELAXED))

    assert {each.because for each in found} == {"relaxed against fsync: not the same promise"}
    assert outcomes(found) == all_are("inconclusive")


def test_a_lost_write_is_invalid_however_fast(tmp_path: Path) -> None:
    found = gated(tmp_path, arms(0.5, verification=LOST))

    assert outcomes(found) == all_are("invalid")


def test_nothing_to_judge_cannot_tell() -> None:
    assert gravest([]) == "inconclusive"
    assert decide([], None, Rule(), []).exit_code == 3


def with_counts(base: float, head: float) -> Make:
    def make(trial: Trial) -> Left:
        left = arms()(trial)
        value = head if trial.subject == "b" else base
        return replace(left, changes={"readings": count(value)})

    return make


@pytest.mark.parametrize(
    ("base", "head", "outcome"),
    [(5.0, 6.0, "regression"), (5.0, 5.0, "pass"), (5.0, 4.0, "pass"), (0.0, 1.0, "regression")],
)
def test_one_more_round_trip_is_a_regression_at_unchanged_times(
    base: float, head: float, outcome: str, tmp_path: Path
) -> None:
    found = gated(tmp_path, with_counts(base, head))

    assert outcomes(found) == {**all_are("pass"), "put.round_trips": outcome}


def test_a_count_that_varies_in_both_arms_alike_has_not_grown(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        value = 5.0 * NOISE[trial.subject][trial.repetition % 8]
        return replace(arms()(trial), changes={"readings": count(value)})

    assert outcomes(gated(tmp_path, make))["put.round_trips"] == "pass"


def test_a_count_that_one_arm_lacks_cannot_tell(tmp_path: Path) -> None:
    found = gated(tmp_path, arms(readings=count(5.0)))

    assert found[-1].because == "a has no such count"
    assert outcomes(found)["put.round_trips"] == "inconclusive"


@pytest.mark.parametrize(
    ("trials", "outcome"), [(4, "inconclusive"), (5, "regression")], ids=["70 ways", "252 ways"]
)
def test_a_count_that_varies_needs_as_many_trials_as_chance_rules_out(
    trials: int, outcome: str
) -> None:
    base, head = (tuple(at + 0.001 * k for k in range(trials)) for at in (1.9, 2.0))

    assert grown(base, head, Rule())[0] == outcome


def first_and(tmp_path: Path, first: Make, second: Make | None) -> GateResult:
    """Decide by two runs; ``None``: the second one has nothing."""
    before = gated(tmp_path / "first", first)
    again = gated(tmp_path / "second", second, first=before) if second else ()
    return decide(before, again, Rule(), [])


def test_a_first_run_alone_is_never_a_regression(tmp_path: Path) -> None:
    before = gated(tmp_path, arms(1.5))

    assert outcomes(before) == all_are("inconclusive")
    assert decide(before, None, Rule(), []).exit_code == 3


def test_a_slow_down_that_the_second_run_confirms_is_a_regression(tmp_path: Path) -> None:
    found = first_and(tmp_path, arms(1.5), arms(1.4))

    assert found.exit_code == 1
    assert outcomes(found.judgements) == all_are("regression")
    assert found.confirmation == (
        "a second run measured 3 of them again: 3 confirmed as worse, 0 passed"
    )


def test_what_passes_on_the_blocks_of_both_runs_passes(tmp_path: Path) -> None:
    found = first_and(tmp_path, arms(1.05), arms(0.96))

    assert found.exit_code == 0
    assert found.judgements[0].because.startswith("both runs together: 1.00 times as slow")
    assert len(found.judgements[0].block_ratios) == 2 * BLOCKS
    assert found.confirmation.endswith("0 confirmed as worse, 3 passed")


def test_a_slow_down_that_the_second_run_does_not_show_cannot_be_told(tmp_path: Path) -> None:
    """Both together show it, but the second run alone does not."""
    found = first_and(tmp_path, arms(1.5), arms(1.05))

    assert found.exit_code == 3
    assert "the second run does not confirm it" in found.because[0]


def test_what_the_second_run_alone_shows_cannot_be_told(tmp_path: Path) -> None:
    found = first_and(tmp_path, arms(0.9, noise=20.0), arms(1.12))

    assert {each.outcome for each in found.confirming} == {"regression"}
    assert found.exit_code == 3


def test_a_second_run_without_it_cannot_tell(tmp_path: Path) -> None:
    assert first_and(tmp_path, arms(1.5), None).exit_code == 3


def test_a_second_run_that_fails_cannot_tell(tmp_path: Path) -> None:
    found = first_and(tmp_path, arms(1.5), arms(1.5, **failure()))

    assert found.exit_code == 3
    assert "the second run is inconclusive: b is failed" in found.because[0]


def test_a_second_run_that_lost_a_write_is_invalid(tmp_path: Path) -> None:
    assert first_and(tmp_path, arms(1.5), arms(verification=LOST)).exit_code == 4


@pytest.mark.parametrize(
    ("left", "exit_code"),
    [({"verification": LOST}, 4), (failure(), 3), (unsupported(), 3), (None, 3)],
    ids=["lost", "failed", "unsupported", "missing"],
)
def test_a_second_run_is_not_passed_where_nothing_was_asked_and_something_is_wrong(
    left: dict[str, Any] | None, exit_code: int, tmp_path: Path
) -> None:
    two_places = text(
        arrivals="some other", tables='[arrivals.other]\nkind = "closed"\nclients = 1'
    )

    def first(trial: Trial) -> Left:
        return arms(1.03, noise=8.0 if trial.arrival == "some" else 1.0)(trial)

    def second(trial: Trial) -> Left | None:
        is_wrong = trial.arrival == "other" and trial.subject == "b"
        if is_wrong and left is None:
            return None
        return arms(**(left or {}) if is_wrong else {})(trial)

    before = judged(make_run(tmp_path / "first", first, two_places))
    again = judged(make_run(tmp_path / "second", second, two_places), first=before)
    asked = {each.place for each in before if each.outcome == "inconclusive"}

    assert {place.split(" · ")[3] for place in asked} == {"some"}
    assert decide(before, again, Rule(), []).exit_code == exit_code


def test_a_count_that_only_the_second_run_shows_to_grow_is_a_regression(tmp_path: Path) -> None:
    assert first_and(tmp_path, arms(1.06), with_counts(5.0, 6.0)).exit_code == 1


def test_all_times_of_the_first_run_count_in_the_adjustment_of_both(tmp_path: Path) -> None:
    first = gated(tmp_path / "first", arms(1.5))
    passed = [replace(each, outcome="pass") for each in first[1:]]
    alone, beside = (
        decide(before, gated(tmp_path / name, arms(1.5), first=first), Rule(), []).judgements[0]
        for name, before in (("alone", first[:1]), ("beside", (first[0], *passed)))
    )

    assert beside.p_value == pytest.approx(3.0 * (alone.p_value or 0.0))


def test_what_is_in_question_is_measured_again(tmp_path: Path) -> None:
    assert needs_second_run(gated(tmp_path / "slower", arms(1.5))) == (PAIR,)
    assert needs_second_run(gated(tmp_path / "wide", arms(1.0, noise=8.0))) == (PAIR,)
    assert needs_second_run(gated(tmp_path / "pass", arms())) == ()
    assert needs_second_run(gated(tmp_path / "failed", arms(**failure()))) == ()


def test_nothing_is_measured_again_where_the_answer_is_given(tmp_path: Path) -> None:
    slower = gated(tmp_path / "slower", arms(1.5))[0]
    grown = gated(tmp_path / "grown", with_counts(5.0, 6.0))[-1]

    assert needs_second_run([slower, grown]) == ()
    assert needs_second_run([slower]) == (PAIR,)


def test_without_a_second_run_the_first_one_decides_and_says_so(tmp_path: Path) -> None:
    found = decide(gated(tmp_path, arms(1.5), ONCE), None, ONCE, [])

    assert (found.exit_code, found.confirmation) == (1, "not confirmed: there was no second run")
