"""A new process reads back what a worker wrote: it finds each fault, and always ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import psutil
import pytest

from bench.analysis.analyse import analyse
from bench.measure import runner as runner_module
from bench.measure.preflight import check_plugins
from bench.measure.runner import TrialRun
from bench.records.store import Store
from bench.records.trial import TrialRecord, Verification
from bench.scenario.plan import expand
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import parse_scenario
from bench.verify.verifier_process import VerifierProcess
from tests.waiting import running, until

FAULTY = "tests.processes.faulty_savers"
# No read after the first of a client, so that what was lost is left for the verifier to find. Six
# reads make a load warm, hence six clients.
NO_READS = (
    f'use = "{FAULTY}:OneLongTurn"\noptions = {{ threads_per_client = 1, steps_per_turn = 1000 }}'
)
READS = 'use = "append_steps"\noptions = { threads_per_client = 1, steps_per_turn = 1 }'
GRAPH = 'use = "run_graph"\noptions = { nodes = 2, threads_per_client = 1, runs_per_thread = 9 }'


def text_of(saver: str, workload: str = NO_READS, options: str = "") -> str:
    return f"""
schema_version = 2
question = "Is it all there?"
seed = 5
repetitions = 1
warmup_s = 0.05
warmup_cycles = 8
duration_s = 0.1
verify_s = 60.0
probes = []
conformance = false
crash_check = false

[subjects.theirs]
use = "{FAULTY}:{saver}"
options = {{ {options} }}

[workloads.steps]
{workload}

[payloads.small]
use = "nested"
options = {{ state_bytes = 64 }}

[arrivals.some]
kind = "closed"
clients = {6 if workload == NO_READS else 2}
# All that is written is read back, step by step: a hundred show what thousands would.
think_s = 0.01

[sweeps.all]
subjects = ["theirs"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["some"]
loops = ["selector"]
"""


def scenario_of(*given: str, **named: str) -> Scenario:
    scenario = parse_scenario(text_of(*given, **named), "f.toml")
    check_plugins(scenario, "f.toml")
    return scenario


@pytest.fixture(scope="module")
def verifier() -> Iterator[VerifierProcess]:
    with VerifierProcess(scenario_of("honest"), os.environ) as made:
        yield made


def measure(verifier: VerifierProcess, *given: str, **named: str) -> TrialRecord:
    scenario = scenario_of(*given, **named)
    record, _ = TrialRun(scenario, expand(scenario).trials[0], os.environ, verifier).run()
    assert record.status == "measured", record.failure
    return record


def verified(verifier: VerifierProcess, *given: str, **named: str) -> Verification:
    verification = measure(verifier, *given, **named).verification
    assert verification is not None
    return verification


def faults_of(found: Verification) -> dict[str, int]:
    kinds = ("lost", "corrupted", "unexpected", "duplicated", "stale", "broken_parents")
    counts = {kind: getattr(found, kind) for kind in (*kinds, "lost_writes")}
    return {kind: count for kind, count in counts.items() if count}


@pytest.mark.parametrize("workload", [NO_READS, READS, GRAPH])
def test_an_honest_saver_passes_and_every_checkpoint_was_compared(
    workload: str, verifier: VerifierProcess
) -> None:
    found = verified(verifier, "honest", workload)

    assert found.passed, found
    assert found.steps == found.checkpoints > 12
    assert found.acknowledged + found.indeterminate == found.attempted


@pytest.mark.parametrize(
    ("saver", "workload", "faults"),
    [
        ("dropping", NO_READS, {"lost": 1}),
        ("corrupting", NO_READS, {"corrupted": 1}),
        ("orphaning", NO_READS, {"broken_parents": 1}),
        ("repeating", NO_READS, {"duplicated": 1}),
        ("inventing", NO_READS, {"unexpected": 1}),
        ("careless", NO_READS, {"lost_writes": 2}),
        ("stale", READS, {"stale": 1}),
        ("stale", GRAPH, {"stale": 1}),
        ("careless", GRAPH, {"lost_writes": 3}),
        ("orphaning", GRAPH, {"broken_parents": 1}),
    ],
)
def test_one_fault_is_found_once(
    saver: str, workload: str, faults: dict[str, int], verifier: VerifierProcess
) -> None:
    found = verified(verifier, saver, workload)

    assert faults_of(found) == faults, found
    assert not found.passed


def test_a_saver_that_keeps_references_is_found(verifier: VerifierProcess) -> None:
    found = verified(verifier, "keeping", options="reopens = false")

    assert faults_of(found) == {"corrupted": 1}
    assert "keeps references to what it was given" in found.problems[0]


def test_the_verifier_is_another_process_and_is_told_no_secret(
    verifier: VerifierProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diary = tmp_path / "diary"
    monkeypatch.setenv("THEIR_DIARY", str(diary))
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    monkeypatch.setenv("BENCH_REDIS_URL", "redis://:hunter2@nowhere")
    scenario = scenario_of("telling")
    for _ in range(2):
        with VerifierProcess(scenario, os.environ) as fresh:
            record = measure(fresh, "telling")
        assert record.verification is not None
        assert record.verification.passed, record.verification

    told = [json.loads(line) for line in diary.read_text().splitlines()]
    assert [one["is_verifier"] for one in told] == [False, True] * 2
    assert len({one["process_id"] for one in told}) == 4
    for one in told:
        assert not [name for name in one["environment"] if name.startswith(("PG", "BENCH_"))]
        assert "hunter2" not in " ".join(one["command_line"])


def test_one_verifier_serves_trial_after_trial(verifier: VerifierProcess) -> None:
    serving = []
    for _ in range(2):
        assert verified(verifier, "honest").passed
        serving.append(verifier.process_id)

    assert serving[0] == serving[1]
    assert psutil.Process(serving[0]).children() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is left behind there")
def test_what_a_saver_leaves_running_is_not_waited_for(verifier: VerifierProcess) -> None:
    assert verified(verifier, "leaving").passed
    assert psutil.Process(verifier.process_id).children(recursive=True) == []


def test_reading_back_that_takes_too_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    before = verifiers_of(psutil.Process())
    # The saver hangs for ever, so any limit will do.
    monkeypatch.setattr(runner_module, "MARGIN_S", -59.0)
    with VerifierProcess(scenario_of("hanging"), os.environ) as hanging:
        found = verified(hanging, "hanging")

        assert found.problems == ("reading back was cut off after 1 s",)
        assert not found.passed
        assert hanging.process_id is None
    assert verifiers_of(psutil.Process()) == before


def test_a_process_that_dies_while_reading_back_is_told_of(verifier: VerifierProcess) -> None:
    found = verified(verifier, "dying")

    assert found.problems == ("reading back failed: its process ended with exit code 7",)
    # The next trial is none the worse for it.
    assert verified(verifier, "honest").passed


def verifiers_of(process: psutil.Process) -> list[psutil.Process]:
    found = []
    for child in process.children(recursive=True):
        try:
            if "bench.verify.verifier" in child.cmdline():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_runner_that_ends_while_a_store_is_read_back_leaves_nothing(
    number: signal.Signals, tmp_path: Path
) -> None:
    (tmp_path / "hangs.toml").write_text(text_of("hanging"), encoding="utf-8")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "bench", "run", str(tmp_path / "hangs.toml")]
    command += ["--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports")]
    with subprocess.Popen(  # noqa: S603 - our own program
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(temporary)},
    ) as runner:
        process = psutil.Process(runner.pid)
        # The one that serves the run, and its child that reads back.
        until(lambda: len(verifiers_of(process)) >= 2, process)
        # A worker that is starting beside it ends, and removes its directory, by itself.
        family = process.children(recursive=True)
        runner.send_signal(number)
        code = runner.wait(timeout=60)
        said = cast("IO[bytes]", runner.stderr).read().decode()

    assert running(family) == []
    assert list(temporary.iterdir()) == []
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    assert "Traceback" not in said


def run_of(saver: str, directory: Path, workload: str = NO_READS) -> tuple[int, Any]:
    path = directory / "faulty.toml"
    text = text_of(saver, workload).replace("warmup_cycles = 8", "warmup_cycles = 1")
    path.write_text(text, encoding="utf-8")
    places = ["--results", str(directory / "results"), "--reports", str(directory / "reports")]
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "bench", "run", str(path), *places],
        capture_output=True,
        check=False,
    )
    store = Store(directory / "results")
    return done.returncode, analyse(store.read(store.newest()))


@pytest.mark.parametrize(
    ("saver", "workload", "word"),
    [
        ("dropping", NO_READS, "1 acknowledged checkpoints were lost"),
        ("stale", READS, "1 reads were old"),
        # No cycle of the window succeeds, which must not hide why.
        ("outdated", READS, "reads were old in 1 of 1 trials"),
    ],
)
def test_a_fault_ends_the_run_with_exit_code_4(
    saver: str, workload: str, word: str, tmp_path: Path
) -> None:
    code, analysis = run_of(saver, tmp_path, workload)

    (finding,) = [one for one in analysis.findings if one.code == "verification_failed"]
    assert code == 4
    assert word in finding.message
