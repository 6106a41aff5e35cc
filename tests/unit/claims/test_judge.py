"""From conditions to a verdict: which outcome wins, what is said, what a process ends with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.claims.judge import GRAVITY, NOT_MEASURED_YET, gravest, judge, verdict_of
from bench.claims.result import ConditionOutcome, Dependence, JudgedCondition, VerdictOutcome
from bench.records.trial import Verification
from tests.unit.analysis.synthetic import Left, changed, only_for, scenario_text
from tests.unit.claims.judged import (
    SCENARIO,
    TWO_ARRIVALS,
    claim,
    ratio,
    run_of,
    two_arms,
    verdict_on,
)

OUTCOMES: list[ConditionOutcome] = ["holds", "fails", "undecided", "invalid", "not measured"]
LOST = Verification(4, 40, lost=1, corrupted=0, unexpected=0, problems=())


def conditions(*outcomes: ConditionOutcome) -> list[JudgedCondition]:
    return [
        JudgedCondition(each, "a", "", "m", "w", "p", "x", 1, "l", "fsync") for each in outcomes
    ]


@pytest.mark.parametrize(
    ("outcomes", "share", "expected"),
    [
        (["holds", "holds"], 1.0, "supported"),
        (["holds", "fails"], 1.0, "refuted"),
        (["fails", "invalid"], 1.0, "refuted"),
        (["holds", "invalid"], 1.0, "invalid"),
        (["holds", "undecided"], 1.0, "inconclusive"),
        (["holds", "not measured"], 1.0, "inconclusive"),
        ([], 1.0, "inconclusive"),
        (["holds", "fails"], 0.5, "supported"),
        (["holds", "fails", "fails"], 0.5, "refuted"),
        (["holds", "fails", "undecided"], 0.5, "inconclusive"),
        (["holds", "holds", "invalid"], 0.5, "invalid"),
    ],
)
def test_conditions_make_a_verdict(
    outcomes: list[ConditionOutcome], share: float, expected: VerdictOutcome
) -> None:
    assert verdict_of(conditions(*outcomes), share) == expected


@given(st.lists(st.sampled_from(OUTCOMES), min_size=1), st.floats(0.1, 1.0))
def test_one_more_failure_never_helps(outcomes: list[ConditionOutcome], share: float) -> None:
    order = list(GRAVITY)
    before = verdict_of(conditions(*outcomes), share)
    for at in range(len(outcomes)):
        changed_at = [*outcomes[:at], "fails", *outcomes[at + 1 :]]
        after = verdict_of(conditions(*changed_at), share)
        # What was invalid may become a plain lack of evidence: the invalid cell is gone.
        if outcomes[at] != "invalid":
            assert order.index(after) <= order.index(before)


def test_nothing_is_supported_without_support() -> None:
    for outcome in OUTCOMES[1:]:
        assert verdict_of(conditions(outcome)) != "supported"


def test_the_gravest_judgement_counts(tmp_path: Path) -> None:
    found = verdict_on(
        tmp_path,
        two_arms({"base": 10, "fast": 1}),
        claim(ratio("<= 0.5", 'label = "loose"'), ratio("<= 0.05", 'label = "strict"')),
    )

    assert [(each.label, each.outcome) for each in found.judgements] == [
        ("loose", "supported"),
        ("strict", "refuted"),
    ]
    assert found.outcome == "refuted"
    assert found.depends_on == (
        Dependence("judgement", (("loose", "supported"), ("strict", "refuted"))),
    )
    assert "loose (supported): candidate ÷ baseline of put.response.p50" in found.because


def test_a_claim_that_holds_only_somewhere_is_refuted_and_says_where(tmp_path: Path) -> None:
    found = verdict_on(
        tmp_path,
        two_arms({"base": 10, "fast@some": 1, "fast@other": 20}),
        claim(ratio("<= 1")),
        scenario_text("base fast", arrivals="some other", tables=TWO_ARRIVALS),
    )

    expected = Dependence("concurrency", (("4 (some)", "holds"), ("8 (other)", "fails")))
    assert (found.outcome, found.depends_on) == ("refuted", (expected,))
    assert "it depends on the concurrency (4 (some): holds, 8 (other): fails)" in found.because


def test_what_is_the_same_everywhere_depends_on_nothing(tmp_path: Path) -> None:
    found = verdict_on(
        tmp_path,
        two_arms({"base": 10, "fast": 1}),
        claim(ratio(">= 1")),
        scenario_text("base fast", arrivals="some other", tables=TWO_ARRIVALS),
    )

    assert (found.outcome, found.depends_on) == ("refuted", ())


def test_a_lost_write_makes_a_verdict_invalid(tmp_path: Path) -> None:
    lossy = only_for("fast", changed(verification=LOST))
    found = verdict_on(tmp_path, lossy, claim(ratio(">= 0.1 and <= 10")))

    assert found.outcome == "invalid"
    assert "3 acknowledged checkpoints were lost" in found.because


def test_a_claim_without_a_judgement_is_not_measured_yet() -> None:
    verdicts = judge([claim()], {})

    assert verdicts.verdicts[0].because == NOT_MEASURED_YET
    assert (verdicts.verdicts[0].outcome, verdicts.exit_code) == ("not measured", 3)


def test_a_claim_without_its_run_is_not_measured() -> None:
    (found,) = judge([claim(ratio("<= 1"))], {}).verdicts

    assert found.outcome == "not measured"
    assert f"there is no run of {SCENARIO}" in found.because


@pytest.mark.parametrize(
    ("judgement", "control", "expected"),
    [
        ("<= 0.5", ">= 0.01", "supported"),
        ("<= 0.05", ">= 0.01", "refuted"),
        ("<= 0.5", ">= 0.5", "inconclusive"),
        ("<= 0.05", ">= 0.5", "inconclusive"),
    ],
)
def test_a_control_that_does_not_hold_leaves_nothing_decided(
    tmp_path: Path, judgement: str, control: str, expected: str
) -> None:
    judged = claim(ratio(judgement), ratio(control, 'label = "known"\ncontrol = true'))
    found = verdict_on(tmp_path, two_arms({"base": 10, "fast": 1}), judged)

    assert found.outcome == expected
    told = "not as it must" if expected == "inconclusive" else "as it must"
    assert f"known ({told}): " in found.because
    assert found.figure == "0.101"
    assert found.depends_on == ()


def test_a_control_speaks_for_its_own_scenario(tmp_path: Path) -> None:
    judged = claim(ratio("<= 0.05"), ratio(">= 0.5", "control = true"))
    other = judged.judgements[1].model_copy(update={"scenario": "elsewhere"})
    moved = replace(judged, judgements=(judged.judgements[0], other))

    assert verdict_on(tmp_path, two_arms({"base": 10, "fast": 1}), moved).outcome == "refuted"


def test_a_control_that_is_invalid_makes_the_verdict_invalid(tmp_path: Path) -> None:
    control = ratio(">= 0.01", "control = true").replace('"fast"', '"again"')
    judged = claim(ratio("<= 0.5"), control)
    make = only_for("again", changed(verification=LOST), two_arms({"base": 10, "fast": 1}))

    assert verdict_on(tmp_path, make, judged, scenario_text("base fast again")).outcome == "invalid"


def test_what_is_decided_is_counted_where_the_gravest_has_no_figure(tmp_path: Path) -> None:
    judged = claim(ratio("<= 0.5"), ratio("<= 0.5", quantity="list.response.p50"))
    found = verdict_on(tmp_path, two_arms({"base": 10, "fast": 1}), judged)

    assert (found.outcome, found.figure) == ("inconclusive", "1 of 2 supported")


def test_no_claims_are_no_pass() -> None:
    assert judge([], {}).exit_code == 3


@pytest.mark.parametrize(("relation", "expected"), [("<= 0.5", 0), (">= 0.5", 1), ("<= 0.101", 3)])
def test_the_exit_code_is_that_of_the_gravest(tmp_path: Path, relation: str, expected: int) -> None:
    run = run_of(tmp_path, two_arms({"base": 10, "fast": 1}))

    assert judge([claim(ratio(relation))], {SCENARIO: run}).exit_code == expected


def test_an_invalid_claim_ends_with_4_and_a_refuted_one_beside_it_with_1(tmp_path: Path) -> None:
    lossy = run_of(tmp_path, only_for("fast", changed(verification=LOST)))
    wrong = claim('findings]]\nsubjects = ["base"]\ncode = "loop_blocked"\npresent = true')

    assert judge([claim(ratio("<= 1"))], {SCENARIO: lossy}).exit_code == 4
    assert judge([claim(ratio("<= 1")), wrong], {SCENARIO: lossy}).exit_code == 1


def test_gravity_is_in_the_documented_order() -> None:
    assert gravest(["supported", "inconclusive", "invalid", "refuted"]) == "refuted"
    assert gravest(["supported", "inconclusive", "invalid"]) == "invalid"
    assert gravest(["supported", "inconclusive"]) == "inconclusive"


def test_evidence_leads_to_every_trial(tmp_path: Path) -> None:
    make = two_arms({"base": 10, "fast": 1})
    found = verdict_on(tmp_path, make, claim(ratio("<= 0.5")))
    (condition,) = found.judgements[0].conditions
    stored = {path.stem for path in tmp_path.glob("*/trials/*.json")}

    assert set(condition.trials) == stored
    assert len(condition.trials) == 6
    assert (condition.blocks, condition.blocks_planned) == (3, 3)
    assert condition.cells == tuple(f"{s} · selector · steps · 1k · some" for s in ("fast", "base"))
    assert found.judgements[0].run_id == "20260101T000000Z-made-up"


def test_a_missing_trial_leaves_a_question_open(tmp_path: Path) -> None:
    whole = two_arms({"base": 10, "fast": 1})

    def make(trial: object) -> Left | None:
        gone = trial.subject == "fast" and trial.repetition == 1  # type: ignore[attr-defined]  # a Trial
        return None if gone else whole(trial)  # type: ignore[arg-type]  # a Trial

    found = verdict_on(tmp_path, make, claim(ratio("<= 0.5")))

    assert found.outcome == "inconclusive"
    assert "2 of 3 trials measured, 1 without a record" in found.because
