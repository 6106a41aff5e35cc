"""Trials in real worker processes, with savers from outside the package."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench.child_process import ChildProcess
from bench.contracts import FaultTarget
from bench.errors import InputError, UnavailableError
from bench.faults.worker_kill import WorkerKill
from bench.handover.job import Job
from bench.measure.lifecycle import log_bytes
from bench.measure.preflight import check_plugins
from bench.measure.runner import Progress, TrialRun, run
from bench.measure.site import Site
from bench.measure.worker_process import WorkerProcess
from bench.records.outcome import Outcome
from bench.records.run import FORMAT_VERSION, Environment, RunRecord
from bench.records.sample import Samples
from bench.records.store import Store
from bench.records.trial import TrialRecord
from bench.scenario.metric import WARM_UP
from bench.scenario.plan import Plan, expand
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import parse_scenario
from tests.waiting import running, until

THEIRS = "tests.processes.their_savers"
RUN_ID = "20260101T000000Z-s"


def text_of(
    use: str,
    *,
    options: str = "",
    repetitions: int = 1,
    duration_s: float = 0.1,
    verify_s: float = 2.0,
) -> str:
    return f"""
schema_version = 2
question = "Does it hold?"
seed = 5
repetitions = {repetitions}
warmup_s = 0.05
duration_s = {duration_s}
verify_s = {verify_s}
probes = []
conformance = false
crash_check = false

[subjects.theirs]
use = "{use}"
options = {{ {options} }}

[workloads.steps]
use = "append_steps"

[payloads.small]
use = "nested"

[arrivals.two]
kind = "closed"
clients = 2
think_s = 0.001

[sweeps.all]
subjects = ["theirs"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["two"]
loops = ["selector"]
"""


def scenario_of(use: str, **given: Any) -> Scenario:
    scenario = parse_scenario(text_of(use, **given), "f.toml")
    check_plugins(scenario, "f.toml")
    return scenario


def measure(use: str, **given: Any) -> tuple[TrialRecord, Samples | None]:
    scenario = scenario_of(use, **given)
    record, rows = TrialRun(scenario, expand(scenario).trials[0], os.environ).run()
    return record, None if rows is None else Samples(rows)


def warmth_of(record: TrialRecord) -> tuple[float, str]:
    (found,) = (reading for reading in record.readings if reading.name == WARM_UP)
    return found.value, found.detail


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory for everything temporary, so that what stays behind is seen."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    monkeypatch.setenv("TMPDIR", str(directory))
    return directory


def test_a_saver_from_a_factory_outside_the_package_is_measured(temporary: Path) -> None:
    options = 'durability = "volatile", reopens = false'
    record, samples = measure(f"{THEIRS}:factory", options=options)

    assert record.status == "measured", record.failure
    assert record.durability == "volatile"
    assert record.loop_class.endswith("SelectorEventLoop")
    assert record.verification is not None
    assert record.verification.passed, record.verification
    assert record.verification.threads >= 8
    assert record.verification.steps > 3
    assert record.window is not None
    assert samples is not None
    measured = samples.due_within(record.window.start_ns, record.window.end_ns)
    puts = measured.of(record.operations.index("put"))
    assert len(puts) > 10
    assert (puts.column("outcome") == Outcome.OK).all()
    assert (puts.column("wait") >= 0).all()
    assert (puts.column("service") > 0).all()
    assert set(puts.column("client").tolist()) == {0, 1}
    assert list(temporary.iterdir()) == []


def test_a_subject_class_outside_the_package_is_measured() -> None:
    record, _ = measure(f"{THEIRS}:TheirSubject")

    assert record.status == "measured", record.failure


def test_the_window_opens_when_each_connection_did_every_operation_often_enough() -> None:
    record, samples = measure(f"{THEIRS}:TheirSubject", options="connections_made = 40")

    assert warmth_of(record) == (1.0, "")
    assert record.verification is not None
    assert samples is not None
    # What was done beside the trial before left no samples.
    sampled = sum(len(samples.of(record.operations.index(name))) for name in ("put", "put_writes"))
    assert record.verification.acknowledged - sampled >= 2 * 6 * 40


def test_the_window_opens_when_each_client_has_finished_a_cycle_of_the_running_load() -> None:
    text = text_of(f"{THEIRS}:Slow", options="reopens = false")
    text = text.replace(
        'use = "append_steps"', 'use = "append_steps"\noptions = { threads_per_client = 1 }'
    )
    scenario = parse_scenario(text, "f.toml")
    record, rows = TrialRun(scenario, expand(scenario).trials[0], os.environ).run()

    assert warmth_of(record) == (1.0, "")
    assert record.window is not None
    assert rows is not None
    samples = Samples(rows)
    cycles = samples.of(record.operations.index("cycle"))
    before = cycles.column("finished") <= record.window.start_ns
    assert set(cycles.column("client")[before].tolist()) == {0, 1}


def test_an_open_load_that_is_not_warm_says_so() -> None:
    text = text_of(f"{THEIRS}:TheirSubject", options="connections_made = 40")
    text = text.replace('"closed"', '"constant"').replace("clients = 2", "rate_per_s = 100.0")
    text = text.replace("think_s = 0.001", "")
    scenario = parse_scenario(text, "f.toml")
    record, _ = TrialRun(scenario, expand(scenario).trials[0], os.environ).run()

    share, detail = warmth_of(record)
    assert share < 1.0
    assert detail.endswith(" of 240")


def pinned() -> TrialRecord:
    text = text_of(f"{THEIRS}:factory", options="reopens = false")
    text = text.replace("clients = 2", 'clients = 2\nplacement = "pinned"')
    scenario = parse_scenario(text, "f.toml")
    return TrialRun(scenario, expand(scenario).trials[0], os.environ).run()[0]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs Linux")
def test_a_pinned_worker_has_a_core_of_its_own_and_the_runner_keeps_its_cores() -> None:
    before = os.sched_getaffinity(0)
    record = pinned()

    if len(before) > 1:
        assert record.settings["worker_cores"] == str(min(before))
    else:
        assert record.status == "unsupported"
    assert os.sched_getaffinity(0) == before


def test_placing_where_it_is_not_possible_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    record = pinned()

    assert record.status == "unsupported"
    assert record.failure is not None
    assert record.failure.message.startswith("placement = 'pinned' needs")


def test_a_saver_that_refuses_the_loop_is_a_result() -> None:
    record, samples = measure(f"{THEIRS}:TheirSubject", options="refuses = true")

    assert record.status == "unsupported"
    assert record.failure is not None
    assert (record.failure.error_class, record.failure.message, record.failure.stage) == (
        "NotImplementedError",
        "not on this loop",
        "open",
    )
    assert samples is None


@pytest.mark.parametrize(("saver", "kind"), [("forgetful", "lost"), ("careless", "lost_writes")])
def test_an_acknowledged_write_that_is_gone_is_found(saver: str, kind: str) -> None:
    record, _ = measure(f"{THEIRS}:{saver}", options="reopens = false")

    assert record.verification is not None
    assert getattr(record.verification, kind) > 0
    assert not record.verification.passed


def test_a_worker_that_dies_leaves_a_record_that_says_how(temporary: Path) -> None:
    record, samples = measure(f"{THEIRS}:suicidal", options="reopens = false")

    assert record.status == "failed"
    assert record.failure is not None
    assert record.failure.error_class == "WorkerDied"
    assert not record.has_no_success
    assert f"signal {int(signal.SIGTERM)}" in record.failure.message
    assert samples is None
    assert list(temporary.iterdir()) == []


def test_a_saver_that_only_fails_is_not_measured_but_its_errors_are_counted() -> None:
    record, samples = measure(f"{THEIRS}:failing", options="reopens = false", duration_s=0.3)

    # The client that reads first never gets beyond its first turn, the other fails at its second.
    assert record.status == "failed"
    assert record.failure is not None
    assert (record.failure.error_class, record.failure.stage) == ("ConnectionResetError", "window")
    assert "no cycle of the window succeeded" in record.failure.message
    assert record.has_no_success
    assert record.errors["ConnectionResetError"] >= 2
    assert samples is not None
    cycles = samples.of(record.operations.index("cycle"))
    assert (cycles.column("outcome") == Outcome.FAILED).any()


@pytest.mark.parametrize("comes_back", [True, False])
def test_what_was_read_of_a_server_outlives_the_worker_and_only_a_store_that_is_back_is_read(
    monkeypatch: pytest.MonkeyPatch, *, comes_back: bool
) -> None:
    def undo(fault: WorkerKill, target: FaultTarget) -> None:
        del fault, target
        if not comes_back:
            raise UnavailableError("it stays away")

    monkeypatch.setattr(WorkerKill, "undo", undo)
    text = text_of("sqlite", duration_s=60.0).replace(
        "[sweeps.all]", "[faults.it]\nuse = 'worker_kill'\n[sweeps.all]\nfaults = ['it']"
    )
    scenario = parse_scenario(text, "f.toml")
    record, _ = TrialRun(scenario, expand(scenario).trials[0], os.environ).run()

    assert record.settings["journal_mode"]
    assert (record.verification is not None) == comes_back
    assert record.status == ("measured" if comes_back else "failed")
    assert (record.failure and record.failure.message) == (None if comes_back else "it stays away")


def test_a_log_has_room_for_more_writes_than_any_load_makes() -> None:
    row_bytes = 88
    for load_s in (0.0, 600.0):
        assert log_bytes(load_s) >= (100_000 + load_s * 40_000) * row_bytes


def test_an_option_that_does_not_exist_is_named() -> None:
    with pytest.raises(InputError) as caught:
        scenario_of(f"{THEIRS}:TheirSubject", options="refusing = true")

    assert "f.toml: subjects.theirs.options: unknown key 'refusing'" in str(caught.value)
    assert "Did you mean 'refuses'?" in str(caught.value)


def test_a_module_that_does_not_exist_is_named() -> None:
    with pytest.raises(InputError, match=r"subjects.theirs.use: cannot import the subject 'no_su"):
        scenario_of("no_such_package.module:thing")


def begun(directory: Path) -> tuple[Scenario, Plan, Store]:
    """A run of three trials of which none is measured."""
    given: dict[str, Any] = {"repetitions": 3, "options": "reopens = false"}
    scenario = scenario_of(f"{THEIRS}:factory", **given)
    plan = expand(scenario)
    store = Store(directory)
    environment = Environment({}, {}, {}, {}, "", dirty=False)
    store.begin(
        RunRecord(
            FORMAT_VERSION,
            RUN_ID,
            "s",
            text_of(f"{THEIRS}:factory", **given),
            scenario.digest(),
            plan.digest,
            3,
            "",
            environment,
        )
    )
    return scenario, plan, store


def test_an_interrupted_run_is_completed_without_measuring_twice(
    tmp_path: Path, temporary: Path
) -> None:
    # Servers that several tests share are children, too.
    before = psutil.Process().children()
    scenario, plan, store = begun(tmp_path / "results")
    seen: list[Progress] = []

    def stop_after_the_first(progress: Progress) -> None:
        seen.append(progress)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(scenario, plan, store, RUN_ID, stop_after_the_first, os.environ)
    assert store.finished(RUN_ID) == {plan.trials[0].id}
    # The second trial was prepared, and never begun.
    assert list(temporary.iterdir()) == []
    assert psutil.Process().children() == before

    run(scenario, plan, store, RUN_ID, seen.append, os.environ)

    assert [progress.done for progress in seen] == [1, 2, 3]
    assert [trial.trial.id for trial in store.read(RUN_ID).trials] == [t.id for t in plan.trials]


def test_a_trial_begins_when_the_last_one_is_gone_and_the_next_one_but_one_is_at_rest(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    begin, prepare, stages = Site.begin, Site.prepare, WorkerProcess.stages

    def noted_prepare(site: Site) -> None:
        events.append("the next one")
        prepare(site)

    def noted_begin(site: Site) -> None:
        events.append(f"begin among {len(list(temporary.iterdir()))} directories")
        begin(site)

    def noted_stages(worker: WorkerProcess, limit_s: float) -> Iterator[str]:
        for stage in stages(worker, limit_s):
            events.append(stage)
            yield stage

    monkeypatch.setattr(Site, "prepare", noted_prepare)
    monkeypatch.setattr(Site, "begin", noted_begin)
    monkeypatch.setattr(WorkerProcess, "stages", noted_stages)
    scenario, plan, store = begun(tmp_path / "results")
    run(scenario, plan, store, RUN_ID, lambda _: None, os.environ)

    told = [event for event in events if event in {"window", "done"} or " " in event]
    assert told == [
        *("begin among 1 directories", "window", "the next one", "done"),
        *("begin among 2 directories", "window", "the next one", "done"),
        *("begin among 1 directories", "window", "done"),
    ]
    records = store.read(RUN_ID).trials
    at_work = ["spawn", "import", "open", "prepare", "rehearsal", "warm-up", "opening", "window"]
    for record in records:
        assert [stage.name for stage in record.stages][: len(at_work)] == at_work
    for record in records:
        loaded_ns = next(each.start_ns for each in record.stages if each.name == "warm-up")
        assert record.window is not None
        beside = [
            stage
            for other in records
            for stage in other.stages
            if other is not record
            and stage.start_ns < record.window.drained_ns
            and stage.end_ns > loaded_ns
        ]
        assert beside == []


@pytest.mark.skipif(sys.platform != "linux", reason="a hidden process is found there alone")
def test_a_killed_runner_leaves_no_process_of_a_saver_and_no_directory(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, diary = tmp_path / "long.toml", tmp_path / "diary"
    monkeypatch.setenv("THEIR_DIARY", str(diary))
    diary.touch()
    path.write_text(text_of("tests.processes.crashing_savers:with_children", duration_s=600))
    runner = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "bench", "run", str(path), "--results", str(tmp_path / "results")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    process = psutil.Process(runner.pid)

    def both() -> list[str]:
        started = diary.read_text(encoding="utf-8").split()
        return started if len(started) >= 2 else []

    started = until(both, process)
    family = [*process.children(recursive=True), *(psutil.Process(int(one)) for one in started)]
    runner.kill()
    runner.wait()

    assert running(family) == []
    assert list(temporary.iterdir()) == []


def test_the_limit_of_memory_is_that_of_the_run_and_not_of_what_is_free_at_each_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the first trial still held all memory while the second one's worker starts."""
    asked: list[Scenario] = []

    def shrinking(scenario: Scenario) -> int:
        asked.append(scenario)
        return scenario.worker_memory_bytes or (1_000_000_000 if len(asked) == 1 else 1_000_000)

    for module in ("runner", "worker_process"):
        monkeypatch.setattr(f"bench.measure.{module}.most_memory_bytes", shrinking)
    scenario, plan, store = begun(tmp_path)
    records: list[TrialRecord] = []

    run(scenario, plan, store, RUN_ID, lambda made: records.append(made.record), os.environ)

    assert [(record.status, record.failure) for record in records] == [("measured", None)] * 3


def test_a_worker_whose_plug_in_hangs_as_it_is_imported_ends_with_its_runner(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "hangs.py").write_text(
        "import threading\nprint('hanging', flush=True)\nthreading.Event().wait()\n"
    )
    directory = temporary / "trial"
    directory.mkdir()
    scenario = parse_scenario(text_of("hangs:Saver"), "f.toml")
    job = Job(scenario, expand(scenario).trials[0], str(directory))
    with WorkerProcess(job, directory, os.environ) as worker:
        worker.begin_import()
        process = psutil.Process(worker.process_id)
        log = directory / "worker.log"
        until(lambda: b"hanging" in log.read_bytes(), process)

        # As a runner that is killed does.
        worker.give_up()

        assert running([process]) == []
    assert list(temporary.iterdir()) == []


def test_a_worker_that_is_late_to_start_aborts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_: object, *given: Any) -> ChildProcess:
        return ChildProcess([sys.executable, "-c", "input()"], *given)

    monkeypatch.setattr("bench.measure.worker_process._STARTING_S", 0.0)
    monkeypatch.setattr("bench.measure.worker_process.ChildProcess", silent)
    scenario = scenario_of(f"{THEIRS}:TheirSubject")
    job = Job(scenario, expand(scenario).trials[0], str(tmp_path))

    with WorkerProcess(job, tmp_path, os.environ) as worker:
        worker.wait_until_started()

        with pytest.raises(TimeoutError, match="said nothing for 0"):
            list(worker.stages(0.0))
