"""The minimum detectable effect beside every verdict."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.claims.page import detectable_of, page, screen, suite
from bench.claims.result import Verdicts
from bench.report.markdown import markdown
from bench.report.terminal import screen_text
from bench.scenario.quantity import number
from bench.stats.effects import detectable_factor
from tests.unit.analysis.synthetic import scenario_text
from tests.unit.claims.judged import claim, ratio, two_arms, verdict_on

BOUND = 'bounds]]\nsubjects = ["fast"]\nrequire = ["put.response.p50 <= 20 ms"]'
RUNS_ON = 'runs]]\nsubjects = ["fast"]\nloops = ["selector"]\nexpected = "measured"'
# Repetition by repetition fast takes 1, 1.05 and 1.1 ms.
FACTOR = detectable_factor([1.0, 1.05, 1.1])


@pytest.mark.parametrize("judgement", [ratio("<= 0.5"), BOUND])
def test_it_stands_beside_a_verdict_with_figures(tmp_path: Path, judgement: str) -> None:
    kind = "ratio" if judgement.startswith("ratios") else "bound"
    verdict = verdict_on(
        tmp_path, two_arms({"base": 10, "fast": 1}, 0.05), claim(judgement, kind=kind)
    )
    told = screen_text(screen(Verdicts((verdict,), 0)), 200)

    assert FACTOR is not None
    assert detectable_of(verdict) == f"MDE {number(FACTOR)}"
    assert f"MDE {number(FACTOR)}" in told
    text = markdown(page(Verdicts((verdict,), 0), {}))
    assert f"MDE {number(FACTOR)} ✓" in text


def test_what_is_no_sample_has_none(tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path, two_arms({}), claim(RUNS_ON, kind="fact"))

    assert verdict.outcome == "supported"
    assert detectable_of(verdict) == ""


@pytest.mark.parametrize(
    ("limit", "result"), [("<= 0.5", []), (">= 0.5", ["failure"]), ("<= 0.1", ["error"])]
)
def test_a_verdict_is_a_test(tmp_path: Path, limit: str, result: list[str]) -> None:
    arms = two_arms({"base": 10, "fast": 1}, 0.05)
    verdict = verdict_on(tmp_path, arms, claim(ratio(limit), kind="ratio"))
    found = ET.fromstring(suite(Verdicts((verdict,), 0)))  # noqa: S314 - our own

    (case,) = found
    assert [each.tag for each in case] == result
    assert verdict.statement in (case.get("name") or "")


def test_two_arrivals_of_as_many_clients_are_two_columns_of_a_map(tmp_path: Path) -> None:
    other = '[arrivals.paused]\nkind = "closed"\nclients = 4\nthink_s = 0.001\n'
    text = scenario_text("fast", tables=other, arrivals="some paused")
    verdict = verdict_on(tmp_path, two_arms({"fast": 1}, 0.05), claim(BOUND, kind="bound"), text)
    told = markdown(page(Verdicts((verdict,), 0), {}))

    assert len(verdict.judgements[0].conditions) == 2
    assert "1k, some" in told
    assert "1k, paused" in told
    assert "clients" not in told
