"""How long measuring will take: the checks, and the trials."""

from __future__ import annotations

import pytest

from bench.cli.durations import expected_s, minutes_of
from bench.discovery import load
from bench.scenario.plan import expand
from bench.scenario.scenario_file import parse_scenario

TEXT = """
schema_version = 2
question = "Which?"
{checks}
[subjects]
memory = {{ use = "memory" }}
again = {{ same_as = "memory" }}
redis = {{ use = "redis" }}
[workloads.steps]
use = "append_steps"
"""


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        # 4 s in memory and 9 s with a server; the A/A arm is the same subject.
        ("", 13.0),
        ("conformance = false", 6.5),
        ("crash_check = false", 6.5),
        ("conformance = false\ncrash_check = false", 0.0),
    ],
)
def test_the_checks_of_each_distinct_subject_count(checks: str, expected: float) -> None:
    scenario = parse_scenario(TEXT.format(checks=checks), "text")
    plan = expand(scenario)

    least, most = minutes_of(scenario, plan)

    assert 60 * least - expected_s(scenario, plan.trials) == pytest.approx(expected)
    assert most == least


def test_a_server_says_what_a_trial_on_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load("server", "redis"), "beside_s", 60.0)
    scenario = parse_scenario(TEXT.format(checks=""), "text")
    trials = {trial.subject: trial for trial in expand(scenario).trials}

    taken_s = {
        label: expected_s(scenario, [trial]) - trial.warmup_s - trial.duration_s
        for label, trial in trials.items()
    }

    assert taken_s == pytest.approx({"memory": 1.5, "again": 1.5, "redis": 60.0})
