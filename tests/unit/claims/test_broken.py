"""Judgements of trials that were broken on purpose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.claims.claim_scenario import scenario_for
from bench.claims.result import Verdict
from bench.errors import InputError
from bench.records.trial import FaultRecord
from bench.scenario.plan import Trial
from bench.scenario.scenario_file import parse_scenario
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    changed,
    failure,
    healthy,
    scenario_text,
    unsupported,
)
from tests.unit.analysis.test_faults import FAULTS, FELT, KEPT, lost
from tests.unit.claims.judged import claim, verdict_on

# Two trials: twenty faults, the fewest that support that nothing is lost.
OFTEN = replace(FELT, strikes=FELT.strikes * 5)
STALE = replace(KEPT, stale=1, problems=("old",))
TEXT = scenario_text("base fast", tables=FAULTS.replace('"a", "b"', '"base", "fast"'))


def judged(*limits: str, more: str = "") -> str:
    require = ", ".join(f'"{limit}"' for limit in limits)
    return f'faults]]\nsubjects = ["base"]\nfaults = ["kill"]\nrequire = [{require}]\n{more}'


def verdict(directory: Path, limit: str, more: str = "", **changes: Any) -> Verdict:
    def make(trial: Trial) -> Left | None:
        if not trial.fault:
            return healthy()(trial)
        kept = {"verification": KEPT, "broken": FELT, "errors": {"OutOfMemoryError": 4}}
        texts = {"error_texts": {"OutOfMemoryError": "OOM command not allowed"}}
        return changed(**{**kept, **texts, **changes})(trial)

    return verdict_on(directory, make, claim(judged(limit, more=more)), TEXT)


@pytest.mark.parametrize(
    ("limit", "changes", "outcome", "figure"),
    [
        ("lost == 0", {}, "inconclusive", "0"),
        ("lost == 0", {"broken": OFTEN}, "supported", "0"),
        ("lost == 0", {"broken": OFTEN, "verification": STALE}, "supported", "0"),
        ("lost == 0", {"verification": lost(3)}, "refuted", "6"),
        ("lost == 0", {"verification": replace(KEPT, corrupted=1)}, "refuted", "0 of 1"),
        ("lost == 0", {"verification": None}, "inconclusive", ""),
        ("lost == 0", {**unsupported(), "broken": None}, "inconclusive", ""),
        ("served >= 100 %", {}, "refuted", "0.95"),
        ("served >= 90 %", {}, "supported", "0.95"),
        ("served >= 90 %", {**failure(), "broken": None}, "inconclusive", ""),
        ("outage <= 120 ms", {}, "supported", "120 ms"),
        ("outage <= 119 ms", {}, "refuted", "120 ms"),
        ("outage <= 1 s", {"broken": replace(FELT, outages_ns=(MS, None))}, "refuted", "0 of 1"),
        ("outage <= 1 s", {"broken": replace(FELT, responses_ns=())}, "inconclusive", ""),
        ("response <= 150 ms", {}, "supported", "150 ms"),
        ("response <= 149 ms", {}, "refuted", "150 ms"),
        ("went_on per cycle >= 1", {}, "refuted", "0.126"),
        ("put per cycle == 1", {}, "supported", "1"),
        ("put per cycle == 1", {"broken": FaultRecord(FELT.strikes)}, "inconclusive", ""),
    ],
)
def test_a_figure_of_all_trials_is_put_to_its_limit(
    limit: str, changes: dict[str, Any], outcome: str, figure: str, tmp_path: Path
) -> None:
    found = verdict(tmp_path, limit, **changes)
    assert (found.outcome, found.figure) == (outcome, figure)


@pytest.mark.parametrize(
    ("because", "outcome"), [("OOM command", "supported"), ("refused", "inconclusive")]
)
def test_failures_count_only_for_the_reason_that_is_asked_for(
    because: str, outcome: str, tmp_path: Path
) -> None:
    found = verdict(tmp_path, "served < 100 %", f'because = ["{because}"]')
    assert found.outcome == outcome


def test_a_condition_leads_to_its_fault_and_its_trials(tmp_path: Path) -> None:
    (condition,) = verdict(tmp_path, "lost == 0").judgements[0].conditions

    assert (condition.subject, condition.fault, condition.concurrency) == ("base", "kill", 4)
    assert condition.cells == ("base with kill",)
    assert len(condition.trials) == condition.blocks == condition.blocks_planned == 2
    assert condition.method == (
        "all trials together: 4 faults, 200 acknowledged writes; if none of 4 faults of this "
        "subject lost anything, 52.7 % or less of all do (95 %)"
    )
    assert condition.why == "4 of the 20 faults that are needed"


def test_all_faults_of_a_subject_count_together(tmp_path: Path) -> None:
    twelve = replace(FELT, strikes=FELT.strikes * 3)
    restart = TEXT.replace('["kill"]', '["kill", "restart"]')
    text = f'{restart}\n[faults.restart]\nuse = "server_restart"'

    def make(trial: Trial) -> Left | None:
        return changed(verification=KEPT, broken=twelve)(trial) if trial.fault else Left()

    alone, both = (
        verdict_on(
            tmp_path / name, make, claim(judged("lost == 0").replace('"kill"', faults)), text
        )
        for name, faults in (("one", '"kill"'), ("two", '"kill", "restart"'))
    )

    assert (alone.outcome, both.outcome) == ("inconclusive", "supported")


def test_what_the_run_does_not_have_is_not_measured(tmp_path: Path) -> None:
    found = verdict(tmp_path, "lost == 0", 'workloads = ["other"]')
    assert "the run has no trials of base with the fault kill" in found.because


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (
            "loss == 0",
            "expected one of lost, served, outage, response, or what is marked per cycle",
        ),
        ("outage <= 3", "expected a time, as in 20 ms: outage is one"),
        ("lost <= 1 s", "expected a number: lost is one"),
    ],
)
def test_a_figure_that_there_is_not_is_an_error(limit: str, text: str) -> None:
    with pytest.raises(InputError, match=text):
        claim(judged(limit))


def test_only_what_is_broken_is_measured_for_it() -> None:
    scenario = parse_scenario(TEXT, "made up")
    broken = scenario_for(scenario, claim(judged("lost == 0")).judgements)
    (sweep,) = broken.sweeps.values()
    assert (sweep.subjects, sweep.faults) == (("base",), ("kill",))

    figures = 'bounds]]\nsubjects = ["base"]\nrequire = ["put.response.p50 <= 1 s"]'
    (sweep,) = scenario_for(scenario, claim(figures).judgements).sweeps.values()
    assert (sweep.subjects, sweep.faults) == (("base",), ())
