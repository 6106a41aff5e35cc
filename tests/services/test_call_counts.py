"""What the drivers are asked for is counted exactly: two trials of one saver agree."""

from __future__ import annotations

import pytest

from bench.measure.runner import TrialRun
from bench.scenario.plan import expand
from bench.scenario.scenario_file import parse_scenario
from tests.unit.analysis.synthetic import scenario_text

pytestmark = pytest.mark.services

COUNTED = {
    "postgres": ("statements", "round_trips", "commits", "lock_acquisitions"),
    "postgres_sync": ("statements", "round_trips", "commits", "lock_acquisitions"),
    "sqlite": ("statements", "commits", "lock_acquisitions"),
    "redis": ("statements", "round_trips"),
}


@pytest.mark.parametrize("name", COUNTED)
def test_two_trials_count_the_same(name: str) -> None:
    text = scenario_text("a", repetitions=2, top="probes = []\nverify_s = 0.05")
    scenario = parse_scenario(text.replace('use = "memory"', f'use = "{name}"'), "made up")
    first, second = (TrialRun(scenario, trial, {}).run()[0] for trial in expand(scenario).trials)

    counts = [
        {r.name: r.value for r in record.readings if r.name.startswith("put.")}
        for record in (first, second)
    ]
    assert sorted(counts[0]) == sorted(f"put.{what}" for what in COUNTED[name])
    assert min(counts[0].values()) > 0.0
    assert counts[0] == counts[1]
