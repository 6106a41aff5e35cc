"""Claims that a run's own report answers first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.analysis.result import Analysis
from bench.claims.answers import with_claims
from tests.unit.analysis.synthetic import scenario_text
from tests.unit.claims.judged import SCENARIO, claim, ratio, run_of, two_arms


def analysis_of(directory: Path, text: str | None = None) -> Analysis:
    found = run_of(directory, two_arms({"base": 10, "fast": 1}), text)
    return replace(found, run=replace(found.run, scenario_name=SCENARIO))


def test_the_claims_of_a_scenario_come_first_with_what_decides(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    own = analysis.answer.statements
    judged = claim(ratio("<= 0.5", 'label = "loose"'), ratio("<= 0.05", 'label = "strict"'))

    first, *rest = with_claims(analysis, [judged]).answer.statements

    assert first.about == "Refuted"
    assert first.text.startswith("It is (strict: 0.1")
    assert first.text.endswith("claimed: at most 0.05).")
    assert rest == [*own[:3]]


def test_a_claim_of_several_scenarios_is_judged_on_this_one_alone(tmp_path: Path) -> None:
    here = claim(ratio("<= 0.5"))
    elsewhere = here.judgements[0].model_copy(update={"scenario": "other"})
    judged = replace(here, judgements=(*here.judgements, elsewhere))

    first, *_ = with_claims(analysis_of(tmp_path), [judged]).answer.statements

    assert first.about == "Supported"
    assert first.text.endswith("Judged on other, too.")


def test_a_question_that_has_its_answer_keeps_it(tmp_path: Path) -> None:
    asks = '[ask]\nrequire = ["put.response.p50 <= 1 s"]'
    analysis = analysis_of(tmp_path, scenario_text("base fast", tables=asks))

    assert analysis.answer.headline
    assert with_claims(analysis, [claim(ratio("<= 0.5"))]) == analysis


def test_claims_of_other_scenarios_change_nothing(tmp_path: Path) -> None:
    analysis = run_of(tmp_path, two_arms({"base": 10, "fast": 1}), None)
    other = replace(analysis, run=replace(analysis.run, scenario_name="mine"))

    assert with_claims(other, [claim(ratio("<= 0.5"))]) == other
