"""Runs whose numbers are known: real record files, made-up samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis.analyse import analyse
from bench.analysis.result import Analysis, Finding
from bench.measure.runner import TrialRun
from bench.records.check import (
    CapabilityCheck,
    CheckRecord,
    Conformance,
    CrashCheck,
    FailedTest,
)
from bench.records.outcome import COLUMNS, Outcome
from bench.records.run import FORMAT_VERSION, Environment, RunRecord
from bench.records.sample import Integers
from bench.records.store import Run, Store
from bench.records.trial import Failure, Reading, TrialRecord, Verification, Window
from bench.scenario.durability import Durability
from bench.scenario.metric import CYCLE
from bench.scenario.plan import Trial, expand
from bench.scenario.scenario_file import parse_scenario

OPERATIONS = ("put", "put_writes", "get_tuple", "list", "delete_thread", CYCLE, "last_event")
START_NS = 1_000_000_000
MS = 1_000_000
VERIFIED = Verification(threads=4, checkpoints=40, lost=0, corrupted=0, unexpected=0, problems=())


def row(
    operation: str,
    due: int,
    service: int,
    wait: int = 0,
    outcome: Outcome = Outcome.OK,
    *,
    client: int = 0,
    lock: int = 0,
    pool: int = 0,
) -> tuple[int, ...]:
    """One sample; ``due`` in ns after the window's start, the rest in ns."""
    due += START_NS
    started = due + wait
    code = OPERATIONS.index(operation)
    return (code, client, due, started, lock, pool, started + service, int(outcome))


@dataclass(frozen=True)
class Load:
    """Clients that do cycles of one put and one get_tuple, back to back; all times in ns."""

    clients: int = 4
    cycles: int = 10
    put: int = 2 * MS
    get_tuple: int = MS
    wait: int = 0
    lock: int = 0
    pool: int = 0
    idle: int = 0
    extra: tuple[tuple[int, ...], ...] = ()

    @property
    def period(self) -> int:
        return self.put + self.get_tuple + 2 * self.wait + self.idle

    def rows(self) -> Integers:
        saver = partial(row, lock=self.lock, pool=self.pool)
        cycle = (
            saver("put", 0, self.put, self.wait),
            saver("get_tuple", self.put + self.wait, self.get_tuple, self.wait),
            row(CYCLE, 0, self.period - self.idle - self.wait, self.wait),
        )
        rows = np.tile(np.array(cycle, dtype=np.int64), (self.clients, self.cycles, 1, 1))
        rows[..., COLUMNS.index("client")] = np.arange(self.clients)[:, None, None]
        for time in ("due", "started", "finished"):
            rows[..., COLUMNS.index(time)] += self.period * np.arange(self.cycles)[:, None]
        extra = np.array(self.extra, dtype=np.int64).reshape(-1, len(COLUMNS))
        return np.concatenate([rows.reshape(-1, len(COLUMNS)), extra])

    @property
    def window(self) -> Window:
        end = START_NS + self.cycles * self.period + 1
        return Window(START_NS, end, end + MS)


@dataclass(frozen=True)
class Left:
    """What a trial is to leave; the defaults are a healthy one."""

    load: Load = field(default_factory=Load)
    changes: Mapping[str, Any] = field(default_factory=dict)


Make = Callable[[Trial], Left | None]


def healthy(**load: Any) -> Make:
    """Every trial is measured alike, but for the given fields of :class:`Load`."""
    return lambda trial: Left(Load(**load))


def changed(**changes: Any) -> Make:
    """Every trial is measured alike, its record but for ``changes``."""
    return lambda trial: Left(changes=changes)


def only_for(subject: str, make: Make, other: Make | None = None) -> Make:
    """Give one subject what ``make`` leaves, the others what ``other`` does."""
    return lambda trial: (make if trial.subject == subject else other or healthy())(trial)


def reading(name: str, value: float, unit: Any = "ns") -> Reading:
    return Reading(name, value, unit, "lower", "made up")


def failure(
    error_class: str = "OSError", message: str = "gone", stage: str = "open"
) -> dict[str, Any]:
    return {
        "status": "failed",
        "window": None,
        "samples_file": None,
        "failure": Failure(error_class, message, stage),
        "verification": None,
    }


def unsupported(error_class: str = "NotImplementedError", message: str = "no") -> dict[str, Any]:
    return {**failure(error_class, message), "status": "unsupported"}


def scenario_text(
    subjects: str = "a",
    *,
    loops: str = "selector",
    repetitions: int = 3,
    clients: int = 4,
    tables: str = "",
    top: str = "",
    arrival: str = "",
    arrivals: str = "some",
) -> str:
    """Return a scenario; ``subjects`` and ``loops`` are labels separated by blanks,
    and so are ``arrivals``.

    A subject ``x=y`` is an A/A arm of y; ``tables`` and ``top`` are more TOML.
    """
    labels, described = [], []
    for subject in subjects.split():
        label, _, same_as = subject.partition("=")
        labels.append(label)
        use = f'same_as = "{same_as}"' if same_as else 'use = "memory"'
        described.append(f"[subjects.{label}]\n{use}")
    quoted = ", ".join(f'"{label}"' for label in labels)
    loop_names = ", ".join(f'"{loop}"' for loop in loops.split())
    of_sweep = ", ".join(f'"{label}"' for label in arrivals.split())
    arrival = arrival or f'kind = "closed"\nclients = {clients}'
    return "\n".join(
        (
            "schema_version = 2",
            'question = "Which is faster?"',
            f"seed = 1\nrepetitions = {repetitions}\nwarmup_s = 0.1\nduration_s = 0.2",
            top,
            *described,
            '[workloads.steps]\nuse = "append_steps"',
            '[payloads.1k]\nuse = "messages"\noptions = { state_bytes = 1000 }',
            f"[arrivals.some]\n{arrival}",
            f"[sweeps.all]\nsubjects = [{quoted}]\nloops = [{loop_names}]",
            f'workloads = ["steps"]\npayloads = ["1k"]\narrivals = [{of_sweep}]',
            tables,
        )
    )


def trial_record(trial: Trial, outcome: Left) -> TrialRecord:
    record = TrialRecord(
        trial=trial,
        status="measured",
        started_at="2026-01-01T00:00:00.000+00:00",
        loop_class="asyncio.unix_events._UnixSelectorEventLoop",
        loop_kind="native",
        interpreter="3.11.7",
        durability=Durability.FSYNC,
        settings={"fsync": "on"},
        server="",
        operations=OPERATIONS,
        window=outcome.load.window,
        readings=(),
        errors={},
        error_texts={},
        verification=VERIFIED,
        failure=None,
        samples_file=f"{trial.id}.npz",
    )
    return replace(record, **outcome.changes)


def check_record(
    subject: str, *failing: str, lost: int = 0, reason: str = "it does not"
) -> CheckRecord:
    """Return checks that pass but for the ``failing`` capabilities, and what was ``lost``."""
    capabilities = (
        CapabilityCheck(name, "failed", 9, (FailedTest(f"test_{name}_right", reason),))
        if name in failing
        else CapabilityCheck(name, "passed", 9)
        for name in ("put", "put_writes", "get_tuple", "list", "delete_thread", "prune")
    )
    crash = CrashCheck(kills=2, acknowledged=400, lost=lost, oldest_lost_ns=80 * MS if lost else 0)
    return CheckRecord(subject, Conformance(tuple(capabilities)), crash, "2026-01-01", 1.0)


def make_run(
    directory: Path,
    make: Make | None = None,
    text: str | None = None,
    run_id: str = "20260101T000000Z-made-up",
    checks: Iterable[CheckRecord] | None = None,
    **environment: Any,
) -> Run:
    """Store and read back a run of the scenario ``text``; ``make`` says what each trial leaves.

    ``checks`` are those of all subjects; by default every one of them passes.
    """
    text = text or scenario_text()
    make = make or healthy()
    scenario = parse_scenario(text, "made up")
    plan = expand(scenario)
    described: dict[str, Any] = {
        "host": {"cores": "2"},
        "packages": {},
        "python": {"version": "3.11.7"},
        "servers": {},
        "commit": "0123456789abcdef",
        "dirty": False,
        **environment,
    }
    record = RunRecord(
        format_version=FORMAT_VERSION,
        run_id=run_id,
        scenario_name="made-up",
        scenario_text=text,
        scenario_digest=scenario.digest(),
        plan_digest=plan.digest,
        trials_planned=len(plan.trials),
        started_at="2026-01-01T00:00:00+00:00",
        environment=Environment(**described),
    )
    store = Store(directory)
    store.begin(record)
    for trial in plan.trials:
        outcome = make(trial)
        if outcome is not None:
            of_trial = trial_record(trial, outcome)
            rows = outcome.load.rows() if of_trial.samples_file else None
            store.add(record.run_id, of_trial, rows)
    passing = (check_record(label) for label in scenario.subjects)
    for check in passing if checks is None else checks:
        store.add_check(record.run_id, check)
    return store.read(record.run_id)


def measure_nothing(monkeypatch: pytest.MonkeyPatch, make: Make) -> None:
    """Let each trial of a run leave at once what ``make`` says, without a worker."""

    def run(trial_run: TrialRun, *_: object) -> tuple[TrialRecord, Integers | None]:
        outcome = make(trial_run._trial)
        assert outcome is not None
        return trial_record(trial_run._trial, outcome), outcome.load.rows()

    monkeypatch.setattr(TrialRun, "run", run)
    monkeypatch.setattr(TrialRun, "start_ahead", lambda _: None)
    monkeypatch.setattr(TrialRun, "prepare", lambda _: None)


def analysed(directory: Path, make: Make | None = None, text: str | None = None) -> Analysis:
    return analyse(make_run(directory, make, text))


def found(analysis: Analysis, code: str) -> Finding | None:
    """Return the finding of that code, or ``None``."""
    return next((finding for finding in analysis.findings if finding.code == code), None)


def the(analysis: Analysis, code: str) -> Finding:
    """Return the finding of that code, which must be there."""
    finding = found(analysis, code)
    assert finding is not None, f"no {code} among {[f.code for f in analysis.findings]}"
    return finding
