"""How the comparison with the committed verdicts is told."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from bench.claims.agreement import Agreements, ClaimAgreement, ConditionChange
from bench.claims.agreement_page import (
    agreement_document,
    agreement_page,
    agreement_screen,
    agreement_suite,
    agreement_summary,
)
from bench.claims.result import JudgedCondition
from bench.report.markdown import markdown
from bench.report.terminal import screen_text


def condition(value: float | None, subject: str = "a", why: str = "") -> JudgedCondition:
    return JudgedCondition(
        outcome="not measured" if value is None else "holds",
        subject=subject,
        baseline="b|c",
        metric="put.response.p50",
        workload="steps",
        payload="1k",
        arrival="one",
        concurrency=1,
        loop="selector",
        durability="fsync",
        value=value,
        low=None if value is None else value / 2,
        high=None if value is None else value * 2,
        why=why,
    )


def agreements(changes: int) -> Agreements:
    made = [
        ConditionChange("as documented", condition(10.0, f"a{at}"), condition(1.0), False)
        for at in range(changes)
    ]
    lacking = ConditionChange("apart", condition(3.0), condition(None, why="no cell"), None)
    claim = ClaimAgreement(
        claim="fast",
        agreement="differs",
        committed="supported",
        new="refuted",
        committed_figure="10",
        new_figure="",
        committed_runs=("one",),
        new_runs=(),
        why="",
        conditions=20,
        changes=(*made, lacking),
    )
    return Agreements((claim,), 3)


def screen(found: Agreements) -> str:
    return screen_text(agreement_screen(found), 200)


def test_a_change_is_told_with_place_figures_and_intervals() -> None:
    page = markdown(agreement_page(agreements(1)))

    assert "- 2 of 20 conditions:" in page
    assert (
        "- as documented – a0 against b\\|c, put.response.p50, steps, 1k, one, selector: "
        "10 [5, 20] holds → 1 [0.5, 2] holds; the intervals do not overlap"
    ) in page
    assert "3 [1.5, 6] holds → not measured (no cell)\n" in page
    assert "Judged on: committed one; now no run." in page
    assert "| `fast` | supported (10) | refuted | **differs** |" in page


def test_a_screen_has_the_first_changes_and_counts_the_rest() -> None:
    told = screen(agreements(9))

    assert "a3 against" in told
    assert "a4 against" not in told
    assert "6 more" in told
    assert "more" not in screen(agreements(3))


def test_the_claims_are_counted_by_agreement() -> None:
    assert agreement_summary(agreements(1)) == "1 claim: 1 differ"
    assert agreement_summary(Agreements((), 3)) == "0 claims: none"


def test_a_claim_that_differs_is_a_failed_test() -> None:
    (case,) = ET.fromstring(agreement_suite(agreements(1)))  # noqa: S314 - our own

    assert case.get("name") == "fast"
    assert [(each.tag, each.get("type")) for each in case] == [("failure", "differs")]


def test_programs_get_everything() -> None:
    found = json.loads(agreement_document(agreements(1)))

    assert (found["schema_version"], found["exit_code"]) == (2, 3)
    assert found["claims"][0]["changes"][0]["committed"]["value"] == 10.0
    assert found["claims"][0]["changes"][1]["overlap"] is None
