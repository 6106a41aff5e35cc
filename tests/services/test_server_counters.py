"""What the servers themselves count agrees with what was acknowledged, over whole trials."""

from __future__ import annotations

import os
from typing import Any

import pytest

from bench.contracts import ALL_WRITES, CHECKPOINT_WRITES
from bench.discovery import load
from bench.measure.runner import TrialRun
from bench.scenario.plan import expand
from bench.scenario.scenario_file import parse_scenario
from tests.services._platforms import skip_without

pytestmark = pytest.mark.services

SCENARIO = """
schema_version = 2
question = "Do the servers count the same?"
seed = 5
repetitions = 1
warmup_s = 0.05
duration_s = 0.2
verify_s = 60.0
probes = []

[subjects.some]
use = "{use}"

[workloads.some]
use = "{workload}"

[payloads.small]
use = "nested"

[arrivals.two]
kind = "closed"
clients = 2

[sweeps.all]
subjects = ["some"]
workloads = ["some"]
payloads = ["small"]
arrivals = ["two"]
loops = ["selector"]
"""


@pytest.mark.parametrize("workload", ["append_steps", "run_graph"])
@pytest.mark.parametrize("use", ["postgres", "postgres_sync", "redis", "redis_shallow", "sqlite"])
def test_a_server_has_counted_every_acknowledged_write(use: str, workload: str) -> None:
    found: Any = load("subject", use)
    if found.server is not None:
        skip_without(found.server)
    scenario = parse_scenario(SCENARIO.format(use=use, workload=workload), "f.toml")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BENCH_")}

    record, _ = TrialRun(scenario, expand(scenario).trials[0], environment).run()

    verification = record.verification
    assert verification is not None, record.failure
    assert verification.passed, verification
    counters = dict(verification.server_counters)
    if found.server == "redis":
        assert counters[ALL_WRITES] >= verification.acknowledged > 0
    else:
        # Every checkpoint is one row, and nothing else was written.
        assert counters[CHECKPOINT_WRITES] == verification.checkpoints > 0
    if found.server == "postgres":
        assert counters["commits"] >= verification.acknowledged
    assert verification.steps == (verification.checkpoints if found.keeps_history else 0)
