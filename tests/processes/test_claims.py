"""The verb ``claims`` measures just what a claim needs, in real worker processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli import main
from bench.records.store import Store

SCENARIO = """
schema_version = 2
question = "Is nothing faster than memory?"
seed = 3
repetitions = 2
warmup_s = 0.02
duration_s = 0.1
verify_s = 0.1
probes = []
conformance = false
crash_check = false

[subjects.memory]
use = "memory"
[subjects.memory-again]
same_as = "memory"
[subjects.nothing]
use = "null"

[workloads.steps]
use = "append_steps"
[payloads.small]
use = "nested"

[arrivals.one]
kind = "closed"
clients = 1
[arrivals.two]
kind = "closed"
clients = 2

[sweeps.all]
subjects = ["memory", "memory-again", "nothing"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["one", "two"]
loops = ["selector"]
"""
CLAIMS = """
schema_version = 2
document = "S9"
file = "nine.txt"
system = "A saver"

[claims.memory-runs]
kind = "fact"
statement = "Memory runs."
why = "It must be measured."

[[claims.memory-runs.runs]]
scenario = "tiny"
subjects = ["memory"]
arrivals = ["one"]
loops = ["selector"]
expected = "measured"

[claims.nothing-runs]
kind = "fact"
statement = "Nothing runs."
why = "It must be measured."

[[claims.nothing-runs.runs]]
scenario = "tiny"
subjects = ["nothing"]
loops = ["selector"]
expected = "measured"
"""


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    for name, text in (("claims", CLAIMS), ("scenarios", SCENARIO)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tiny.toml").write_text(text, encoding="utf-8")
    flags = ("claims", "scenarios", "results", "reports")
    return [word for flag in flags for word in (f"--{flag}", str(tmp_path / flag))]


def test_just_what_a_claim_needs_is_measured_reported_and_compared(
    places: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    store = Store(tmp_path / "results")
    assert main(["claims", "memory-runs", *places]) == 3
    assert "there is no reference run of tiny" in capsys.readouterr().out

    (run_id,) = store.run_ids()
    run = store.read(run_id)
    assert run_id.endswith("-tiny-claims")
    assert run.record.scenario_name == "tiny-claims"
    assert {(t.trial.subject, t.trial.arrival) for t in run.trials} == {
        ("memory", "one"),
        ("memory-again", "one"),
    }
    assert [t.status for t in run.trials] == ["measured"] * 4
    assert (tmp_path / "reports" / run_id / "report.html").is_file()

    (tmp_path / "results" / "reference.txt").write_text(run_id, encoding="utf-8")
    assert main(["claims", "memory-runs", "--judge", run_id, *places]) == 0
    found = json.loads((tmp_path / "reports" / "claims.json").read_bytes())
    (claim,) = found["claims"]
    assert (claim["agreement"], claim["committed"], claim["new"]) == (
        "agrees",
        "supported",
        "supported",
    )


@pytest.mark.skipif(os.name == "nt", reason="sends a signal of POSIX")
def test_what_was_measured_before_an_interruption_is_kept(
    places: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "scenarios" / "tiny.toml"
    path.write_text(SCENARIO.replace("repetitions = 2", "repetitions = 20"), encoding="utf-8")
    command = [sys.executable, "-m", "bench", "claims", "nothing-runs", *places]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if " trial 1/" in line:
                break
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)

    assert process.returncode == 130
    store = Store(tmp_path / "results")
    (run_id,) = store.run_ids()
    kept = len(store.finished(run_id))
    assert 1 <= kept < 120
    assert f"interrupted: nothing is compared; kept: {run_id} ({kept} trials)" in told
