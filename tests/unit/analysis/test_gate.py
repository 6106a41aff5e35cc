"""What a gate answers, on records whose truth is known; it fails closed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.gate import decide, gravest
from bench.analysis.gate_result import Judgement
from bench.records.trial import Verification
from bench.spec.durability import Durability
from bench.spec.gate import Rule
from bench.spec.plan import Trial
from tests.unit.analysis.gating import NOISE, arms, count, gated, judged, outcomes, text
from tests.unit.analysis.synthetic import Left, Make, failure, make_run, unsupported

TIMES = ("put.response.p50", "get_tuple.response.p50", "throughput")
LOST = Verification(threads=4, checkpoints=40, lost=1, corrupted=0, unexpected=0, problems=())


def all_are(outcome: str) -> dict[str, str]:
    return dict.fromkeys(TIMES, outcome)


def test_the_same_twice_passes(tmp_path: Path) -> None:
    assert outcomes(gated(tmp_path, arms())) == all_are("pass")


def test_a_slower_head_has_regressed_whichever_way_is_better(tmp_path: Path) -> None:
    found = gated(tmp_path, arms(1.5))

    assert outcomes(found) == all_are("regression")
    ratios = [each.slowdown.ratio for each in found if each.slowdown is not None]
    assert ratios == pytest.approx([1.5, 1.5, 1.5], rel=0.03)


def test_a_faster_head_passes(tmp_path: Path) -> None:
    assert outcomes(gated(tmp_path, arms(0.5))) == all_are("pass")


def test_a_slow_down_that_is_shown_to_be_small_passes(tmp_path: Path) -> None:
    assert outcomes(gated(tmp_path, arms(1.04), Rule(smallest_effect=0.1))) == all_are("pass")


def test_an_interval_too_wide_cannot_tell(tmp_path: Path) -> None:
    found = gated(tmp_path, arms(1.02, noise=8.0))

    assert set(outcomes(found).values()) == {"cannot tell"}
    assert all("too wide to exclude 1.05" in each.because for each in found)


@pytest.mark.parametrize(("blocks", "outcome"), [(5, "cannot tell"), (6, "pass")])
def test_too_few_blocks_cannot_tell(blocks: int, outcome: str, tmp_path: Path) -> None:
    """Of 6 blocks the smallest p is 1 ÷ 64, which Holm's first step takes for three metrics."""
    found = judged(make_run(tmp_path, arms(), text(blocks)))

    assert outcomes(found) == all_are(outcome)
    said = [each.because.partition(":")[0] for each in found]
    assert (said == ["too few trials"] * 3) is (outcome == "cannot tell")


def test_more_metrics_need_more_blocks(tmp_path: Path) -> None:
    names = ", ".join(
        f'"{operation}.{time}.p50"'
        for operation in ("put", "get_tuple")
        for time in ("response", "service")
    )
    top = f"primary_metrics = [{names}]"
    found = judged(make_run(tmp_path, arms(1.5), text(6, top=top)))

    assert {each.because for each in found} == {"too few trials: 6 blocks, an answer needs 7"}


def test_a_block_that_lacks_cannot_tell(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left | None:
        lacks = trial.subject == "b" and trial.repetition == 3
        return None if lacks else arms(1.5)(trial)

    found = gated(tmp_path, make)

    assert outcomes(found) == all_are("cannot tell")
    assert found[0].because == "b is partly: 7 of 8 trials measured, 1 without a record"


def test_a_cell_that_was_never_measured_cannot_tell(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left | None:
        return None if trial.subject == "a" else arms()(trial)

    assert outcomes(gated(tmp_path, make)) == all_are("cannot tell")


@pytest.mark.parametrize("left", [failure(), unsupported()])
def test_a_head_that_fails_or_refuses_cannot_tell(left: dict[str, Any], tmp_path: Path) -> None:
    assert outcomes(gated(tmp_path, arms(**left))) == all_are("cannot tell")


def test_another_promise_cannot_tell(tmp_path: Path) -> None:
    found = gated(tmp_path, arms(durability=Durability.RELAXED))

    assert {each.because for each in found} == {"relaxed against fsync: not the same promise"}
    assert outcomes(found) == all_are("cannot tell")


def test_a_lost_write_is_invalid_however_fast(tmp_path: Path) -> None:
    found = gated(tmp_path, arms(0.5, verification=LOST))

    assert outcomes(found) == all_are("invalid")


def test_nothing_to_judge_cannot_tell() -> None:
    assert gravest([]) == "cannot tell"
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
        value = 5.0 * NOISE[trial.subject][trial.repetition]
        return replace(arms()(trial), changes={"readings": count(value)})

    assert outcomes(gated(tmp_path, make))["put.round_trips"] == "pass"


def test_a_count_that_one_arm_lacks_cannot_tell(tmp_path: Path) -> None:
    found = gated(tmp_path, arms(readings=count(5.0)))

    assert found[-1].because == "base has no such count"
    assert outcomes(found)["put.round_trips"] == "cannot tell"


def test_a_lock_that_only_head_takes_is_a_regression(tmp_path: Path) -> None:
    found = gated(tmp_path, arms(readings=count(1.0, "put.lock_acquisitions")))

    assert outcomes(found)["put.lock_acquisitions"] == "regression"


def first_and(tmp_path: Path, second: tuple[Judgement, ...] | None) -> int:
    first = gated(tmp_path / "first", arms(1.5))
    return decide(first, second, Rule(), []).exit_code


def test_an_alarm_that_the_second_run_confirms_is_a_regression(tmp_path: Path) -> None:
    assert first_and(tmp_path, gated(tmp_path / "second", arms(1.4))) == 1


def test_an_alarm_that_the_second_run_refutes_is_none(tmp_path: Path) -> None:
    assert first_and(tmp_path, gated(tmp_path / "second", arms())) == 0


def test_an_alarm_that_stays_open_cannot_tell(tmp_path: Path) -> None:
    assert first_and(tmp_path, gated(tmp_path / "second", arms(1.02, noise=8.0))) == 3
    assert first_and(tmp_path / "again", ()) == 3


def test_a_second_run_that_lost_a_write_is_invalid(tmp_path: Path) -> None:
    assert first_and(tmp_path, gated(tmp_path / "second", arms(verification=LOST))) == 4


def test_without_a_second_run_an_alarm_says_so(tmp_path: Path) -> None:
    result = decide(gated(tmp_path, arms(1.5)), None, Rule(), [])

    assert (result.exit_code, result.confirmation) == (
        1,
        "not confirmed: there was no second run",
    )
