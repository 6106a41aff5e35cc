"""The minimum detectable effect beside every verdict."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from bench.analysis.wording import figure
from bench.claims._detectable import detectable_of
from bench.claims.page import markdown
from bench.claims.result import Verdicts
from bench.claims.screen import screen
from bench.stats.effects import detectable_factor
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
    told = Console(width=200, file=io.StringIO(), record=True)
    told.print(screen(Verdicts((verdict,), 0)))

    assert FACTOR is not None
    assert detectable_of(verdict) == f"MDE {figure(FACTOR)}"
    assert f"MDE {figure(FACTOR)}" in told.export_text()
    text = markdown(Verdicts((verdict,), 0), {})
    assert f"| {figure(FACTOR)} |" in text
    assert f"MDE {figure(FACTOR)} ✓" in text


def test_what_is_no_sample_has_none(tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path, two_arms({}), claim(RUNS_ON, kind="fact"))

    assert verdict.outcome == "supported"
    assert detectable_of(verdict) == ""
