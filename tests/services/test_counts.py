"""What servers and drivers count, over whole trials: what was acknowledged, and always the same."""

from __future__ import annotations

import os
from typing import Any

import pytest

from bench.contracts import ALL_WRITES, CHECKPOINT_WRITES
from bench.discovery import load
from bench.measure.runner import TrialRun
from bench.records.trial import TrialRecord
from bench.scenario.plan import expand
from bench.scenario.scenario_file import parse_scenario
from bench.verify.verifier_process import VerifierProcess
from tests.services._platforms import skip_without

pytestmark = pytest.mark.services

SCENARIO = """
schema_version = 2
question = "Do the servers count the same?"
seed = 5
repetitions = 2
warmup_s = 0.05
duration_s = 0.1
verify_s = 60.0
probes = []

[subjects.some]
use = "{use}"

[workloads.steps]
use = "append_steps"

[workloads.graph]
use = "run_graph"

[payloads.small]
use = "nested"

[arrivals.two]
kind = "closed"
clients = 2

[sweeps.twice]
subjects = ["some"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["two"]
loops = ["selector"]

[sweeps.once]
subjects = ["some"]
workloads = ["graph"]
payloads = ["small"]
arrivals = ["two"]
loops = ["selector"]
repetitions = 1
"""
COUNTED = {
    "postgres": ("statements", "round_trips", "commits", "lock_acquisitions"),
    "postgres_sync": ("statements", "round_trips", "commits", "lock_acquisitions"),
    "sqlite": ("statements", "commits", "lock_acquisitions"),
    "redis": ("statements", "round_trips"),
    "redis_shallow": ("statements", "round_trips"),
}


@pytest.mark.parametrize("use", COUNTED)
def test_every_acknowledged_write_is_counted_and_two_trials_count_the_same(use: str) -> None:
    found: Any = load("subject", use)
    if found.server is not None:
        skip_without(found.server)
    records = measured(use)

    assert [record.trial.workload for record in records] == ["graph", "steps", "steps"]
    for record in records:
        check_what_the_server_counted(found, record)
    first, second = (
        {each.name: each.value for each in record.readings if each.name.startswith("put.")}
        for record in records[1:]
    )
    assert sorted(first) == sorted(f"put.{what}" for what in COUNTED[use])
    assert min(first.values()) > 0.0
    assert first == second


def measured(use: str) -> list[TrialRecord]:
    """Return the records of all trials, by workload."""
    scenario = parse_scenario(SCENARIO.format(use=use), "f.toml")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BENCH_")}
    with VerifierProcess(scenario, environment) as verifier:
        records = [
            TrialRun(scenario, trial, environment, verifier).run()[0]
            for trial in expand(scenario).trials
        ]
    return sorted(records, key=lambda record: record.trial.workload)


def check_what_the_server_counted(found: Any, record: TrialRecord) -> None:
    verification = record.verification
    assert verification is not None, record.failure
    assert verification.passed, verification
    counters = dict(verification.server_counters)
    if found.server == "redis":
        assert counters[ALL_WRITES] >= verification.acknowledged > 0
    elif found.server == "postgres":
        # Every checkpoint is one row, and nothing else was written.
        assert counters[CHECKPOINT_WRITES] == verification.checkpoints > 0
    if found.server == "postgres":
        assert counters["commits"] >= verification.acknowledged
    assert verification.steps == (verification.checkpoints if found.keeps_history else 0)
