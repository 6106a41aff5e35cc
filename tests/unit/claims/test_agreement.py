"""Verdicts measured new agree with the committed ones, or it is said what differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.analysis.result import Analysis
from bench.claims.agreement import Agreements, ClaimAgreement, compare_verdicts
from bench.claims.claim import Claim
from bench.claims.judge import judge
from bench.claims.result import JudgedCondition, Verdicts
from tests.unit.analysis.synthetic import (
    VERIFIED,
    Make,
    healthy,
    only_for,
    scenario_text,
    unsupported,
)
from tests.unit.analysis.synthetic import changed as record_changed
from tests.unit.claims.judged import SCENARIO, claim, ratio, run_of, two_arms

SLOWER = claim(ratio(">= 1.5"))


def compared(judged: Claim, first: Analysis | None, second: Analysis | None) -> Agreements:
    before, after = ({SCENARIO: run} if run else {} for run in (first, second))
    return compare_verdicts(judge([judged], before), judge([judged], after))


def agreement(tmp_path: Path, first: Make, second: Make) -> tuple[ClaimAgreement, int]:
    runs = [run_of(tmp_path / str(at), make) for at, make in enumerate((first, second))]
    found = compared(SLOWER, *runs)
    (only,) = found.claims
    return only, found.exit_code


def test_the_same_verdict_agrees(tmp_path: Path) -> None:
    found, exit_code = agreement(
        tmp_path, two_arms({"base": 1.0, "fast": 2.0}), two_arms({"base": 1.0, "fast": 2.0})
    )

    assert (found.agreement, found.committed, found.new) == ("agrees", "supported", "supported")
    assert (found.conditions, found.changes) == (1, ())
    assert found.committed_runs == found.new_runs == ("20260101T000000Z-made-up",)
    assert exit_code == 0


def test_another_verdict_differs_and_both_figures_are_told(tmp_path: Path) -> None:
    found, exit_code = agreement(
        tmp_path, two_arms({"base": 1.0, "fast": 2.0}), two_arms({"base": 1.0, "fast": 1.1})
    )

    assert (found.agreement, found.committed, found.new) == ("differs", "supported", "refuted")
    (change,) = found.changes
    assert change.committed is not None
    assert change.new is not None
    assert (change.committed.outcome, change.new.outcome) == ("holds", "fails")
    assert change.committed.value == pytest.approx(2.02, abs=0.01)
    assert change.new.value == pytest.approx(1.11, abs=0.01)
    assert change.overlap is False
    assert exit_code == 3


def test_figures_that_moved_are_told_also_where_the_verdict_stands(tmp_path: Path) -> None:
    found, exit_code = agreement(
        tmp_path, two_arms({"base": 1.0, "fast": 2.0}), two_arms({"base": 1.0, "fast": 3.0})
    )

    assert found.agreement == "agrees"
    (change,) = found.changes
    assert change.overlap is False
    assert exit_code == 0


def test_intervals_that_overlap_are_no_change(tmp_path: Path) -> None:
    found, _ = agreement(
        tmp_path,
        two_arms({"base": 1.0, "fast": 2.0}, wobble=0.02),
        two_arms({"base": 1.0, "fast": 2.02}, wobble=0.02),
    )

    assert (found.agreement, found.changes) == ("agrees", ())


def test_what_was_refused_anew_differs_without_a_figure(tmp_path: Path) -> None:
    refused = only_for("fast", record_changed(**unsupported()))

    found, exit_code = agreement(tmp_path, two_arms({"base": 1.0, "fast": 2.0}), refused)

    assert (found.agreement, found.new) == ("differs", "inconclusive")
    (change,) = found.changes
    assert change.new is not None
    assert (change.new.outcome, change.new.value, change.overlap) == ("not measured", None, None)
    assert exit_code == 3


def test_a_new_verdict_that_is_invalid_ends_as_an_invalid_measurement(tmp_path: Path) -> None:
    lost = record_changed(verification=replace(VERIFIED, lost=1))

    found, exit_code = agreement(tmp_path, healthy(), lost)

    assert (found.agreement, found.new) == ("differs", "invalid")
    assert exit_code == 4


@pytest.mark.parametrize(
    ("has_first", "has_second", "expected"),
    [(False, True, "no reference run of made-up"), (True, False, "no new run of made-up")],
)
def test_without_a_run_on_either_side_it_cannot_be_told(
    tmp_path: Path, has_first: bool, has_second: bool, expected: str
) -> None:
    run = run_of(tmp_path, two_arms({"base": 1.0, "fast": 2.0}))

    found = compared(SLOWER, run if has_first else None, run if has_second else None)

    (only,) = found.claims
    assert only.agreement == "not comparable"
    assert expected in only.why
    assert found.exit_code == 3


def test_a_claim_without_a_judgement_has_nothing_to_measure() -> None:
    found = compared(claim(), None, None)

    assert found.claims[0].agreement == "not comparable"
    assert "nothing to measure" in found.claims[0].why
    assert found.exit_code == 3


def test_conditions_that_one_side_lacks_are_told(tmp_path: Path) -> None:
    make = two_arms({"base": 1.0, "fast": 2.0})
    whole = scenario_text("base fast", loops="selector uvloop")
    first = run_of(tmp_path / "whole", make, whole)
    second = run_of(tmp_path / "part", make)

    (found,) = compared(SLOWER, first, second).claims

    assert (found.agreement, found.conditions) == ("agrees", 2)
    (change,) = found.changes
    assert change.new is None
    assert change.committed is not None
    assert change.committed.loop == "uvloop"


def test_what_two_faults_did_to_a_saver_are_two_conditions(tmp_path: Path) -> None:
    run = run_of(tmp_path, two_arms({"base": 1.0, "fast": 2.0}))
    (verdict,) = judge([SLOWER], {SCENARIO: run}).verdicts
    (judged,) = verdict.judgements
    conditions = tuple(JudgedCondition("holds", "fast", fault=name) for name in ("kill", "reset"))
    both = replace(verdict, judgements=(replace(judged, conditions=conditions),))

    (found,) = compare_verdicts(Verdicts((both,), 0), Verdicts((both,), 0)).claims

    assert (found.conditions, found.changes) == (2, ())


def test_verdicts_on_different_claims_are_not_compared() -> None:
    one, two = judge([SLOWER], {}), judge([SLOWER, SLOWER], {})

    with pytest.raises(ValueError, match=r"shorter|longer"):
        compare_verdicts(one, two)
