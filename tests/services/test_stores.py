"""Stores that are filled once and copied for each trial, on real savers and servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli import main
from bench.records.store import Run, Store
from bench.stores import templates
from tests.services._platforms import needs_redis

pytestmark = [pytest.mark.services, needs_redis]

_SCENARIO = """
schema_version = 2
question = "Is it all there, each time?"
repetitions = 1
warmup_s = 0.0
duration_s = 0.3
verify_s = 0.2
conformance = false
crash_check = false
probes = []
primary_metrics = ["cycle.response.p50"]

[subjects]
sqlite = { use = "sqlite" }
postgres = { use = "postgres" }
appended = { use = "redis" }
dumped = { use = "redis", options = { persistence = "none" } }

[workloads]
lists = { use = "walk_history", options = { read = "limit", limit = 2 } }
deletes = { use = "walk_history", options = { read = "delete" } }

[arrivals.few]
kind = "constant"
rate_per_s = 20.0

[stores.old]
preload = { threads = 20, checkpoints_per_thread = 6, payload = "1k" }

[sweeps.all]
stores = ["old"]
"""


def test_each_trial_begins_with_all_that_was_filled_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "old.toml"
    path.write_text(_SCENARIO, encoding="utf-8")

    def measured() -> Run:
        results = tmp_path / "results"
        places = ["--results", str(results), "--reports", str(tmp_path / "reports")]
        # What the code says of a busy machine is not asked here.
        main(["run", str(path), *places])
        store = Store(results)
        return store.read(store.newest())

    for _ in range(2):
        run = measured()
        assert len(run.trials) == 8
        for record in run.trials:
            assert record.status == "measured", record.failure
            assert record.verification is not None
            assert record.verification.passed, record.verification
            codes = run.samples(record).column("operation").tolist()
            names = ("cycle", "right", "cold", "warm")
            count = {name: codes.count(record.operations.index(name)) for name in names}
            assert count["cycle"] == count["right"] == 6, record.trial
            is_read = not record.trial.workload.startswith("deletes")
            assert (count["cold"], count["warm"]) == (6 * is_read, 0)
    kept = list(templates.stores_directory().iterdir())
    # Each was filled by the first run, and none by the second.
    assert capsys.readouterr().out.count("filling the store of") == len(kept) == 4
