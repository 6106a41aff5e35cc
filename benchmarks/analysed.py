"""Analyses a run of ten million samples, or reports one of 200 cells; prints what it took as JSON.

``python -m benchmarks.analysed make_deep DIRECTORY`` writes the run of many samples and
``… analyse DIRECTORY`` reads it, ``… make_wide DIRECTORY`` that of many cells and
``… report DIRECTORY`` writes every report of it: two processes, so that making it does not count.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.records.outcome import COLUMNS
from bench.records.run import FORMAT_VERSION, Environment, RunRecord
from bench.records.sample import Integers, samples_content
from bench.records.store import Store
from bench.records.trial import TrialRecord, Verification, Window
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial, expand
from bench.scenario.scenario_file import parse_scenario

RUN_ID = "20260101T000000Z-made-up"
OPERATIONS = ("put", "put_writes", "get_tuple", "list", "delete_thread", "cycle")
_CLIENTS = 8
_WINDOW_S = 60
_NS_PER_S = 1_000_000_000
_SCENARIO = """\
schema_version = 2
question = "How long does it take to tell what was measured?"
seed = 1
repetitions = 5
warmup_s = 1.0
duration_s = {window_s}.0

[baseline]
subjects = ["s0"]
{subjects}
[workloads.steps]
use = "append_steps"

[payloads.small]
use = "messages"
{arrivals}
[sweeps.all]
subjects = {subject_names}
loops = ["selector"]
workloads = ["steps"]
payloads = ["small"]
arrivals = {arrival_names}
"""


@dataclass(frozen=True, slots=True)
class Size:
    """Of a run: cells are subjects × arrivals, each with five trials."""

    subjects: int
    arrivals: int
    samples_per_trial: int

    @property
    def scenario(self) -> str:
        """The scenario of such a run."""
        subjects = [f"s{at}" for at in range(self.subjects)]
        arrivals = [f"clients_{at}" for at in range(1, self.arrivals + 1)]
        return _SCENARIO.format(
            window_s=_WINDOW_S,
            subjects="".join(f'\n[subjects.{name}]\nuse = "memory"\n' for name in subjects),
            arrivals="".join(
                f'\n[arrivals.{name}]\nkind = "closed"\nclients = {clients}\n'
                for clients, name in enumerate(arrivals, start=1)
            ),
            subject_names=json.dumps(subjects),
            arrival_names=json.dumps(arrivals),
        )


DEEP = Size(subjects=2, arrivals=1, samples_per_trial=1_000_000)
WIDE = Size(subjects=20, arrivals=10, samples_per_trial=1_000)


def rows_of_trial(seed: int, count: int) -> Integers:
    """Make clients that do cycles of a write, a put and a read; (samples, 8), in order of due."""
    draw = np.random.default_rng(seed)
    per_cycle = ("put_writes", "put", "get_tuple", "cycle")
    rows = np.zeros((count, len(COLUMNS)), dtype=np.int64)
    column = {name: rows[:, index] for index, name in enumerate(COLUMNS)}
    codes = np.array([OPERATIONS.index(name) for name in per_cycle])
    column["operation"][:] = np.resize(codes, count)
    column["client"][:] = np.repeat(np.arange(count // len(codes) + 1), len(codes))[:count] % (
        _CLIENTS
    )
    column["due"][:] = np.sort(draw.integers(0, _WINDOW_S * _NS_PER_S, count))
    column["started"][:] = column["due"] + draw.integers(2_000, 50_000, count)
    service = draw.lognormal(np.log(500_000.0), 0.6, count).astype(np.int64)
    column["finished"][:] = column["started"] + service
    column["lock_wait"][:] = draw.integers(0, 20_000, count)
    column["pool_wait"][:] = draw.integers(0, 5_000, count)
    return rows


def record_of(trial: Trial) -> TrialRecord:
    """Make the record of a trial that went well."""
    return TrialRecord(
        trial=trial,
        status="measured",
        started_at="2026-01-01T00:00:00.000+00:00",
        loop_class="asyncio.unix_events._UnixSelectorEventLoop",
        loop_kind="native",
        interpreter="3.11.7",
        durability=Durability.VOLATILE,
        settings={},
        server="",
        operations=OPERATIONS,
        window=Window(0, _WINDOW_S * _NS_PER_S, (_WINDOW_S + 1) * _NS_PER_S),
        readings=(),
        errors={},
        error_texts={},
        verification=Verification(4, 40, 0, 0, 0, ()),
        failure=None,
        samples_file=f"{trial.id}.npz",
    )


def make(directory: Path, size: Size) -> dict[str, float]:
    """Write the run; the trials of a subject share their samples, since compressing takes long."""
    scenario = parse_scenario(size.scenario, "made up")
    plan = expand(scenario)
    described: dict[str, dict[str, str]] = {"host": {}, "packages": {}, "python": {}, "servers": {}}
    environment = Environment(**described, commit="", dirty=False)
    store = Store(directory)
    store.begin(
        RunRecord(
            format_version=FORMAT_VERSION,
            run_id=RUN_ID,
            scenario_name="made-up",
            scenario_text=size.scenario,
            scenario_digest=scenario.digest(),
            plan_digest=plan.digest,
            trials_planned=len(plan.trials),
            started_at="2026-01-01T00:00:00+00:00",
            environment=environment,
        )
    )
    samples = directory / RUN_ID / "samples"
    written: dict[str, bytes] = {}
    for trial in plan.trials:
        if trial.subject not in written:
            rows = rows_of_trial(len(written), size.samples_per_trial)
            written[trial.subject] = samples_content(rows)
        content = written[trial.subject]
        (samples / f"{trial.id}.npz").write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        record = replace(record_of(trial), samples_bytes=len(content), samples_sha256=digest)
        store.add(RUN_ID, record, None)
    trials = len(plan.trials)
    return {"trials": trials, "samples": trials * size.samples_per_trial}


def analyse(directory: Path) -> dict[str, float]:
    """Read and analyse the run; return the seconds from import to result, and the peak memory."""
    started = time.perf_counter()
    from bench.analysis.analyse import analyse as analyse_run  # noqa: PLC0415 - it counts

    found = analyse_run(Store(directory).read(RUN_ID))
    seconds = time.perf_counter() - started
    operations = sum(sum(cell.operations.values()) for cell in found.cells)
    return {"seconds": seconds, "peak_bytes": peak_memory_bytes(), "operations": operations}


def report(directory: Path) -> dict[str, float]:
    """Write every report of the run; return what took how long, and the peak memory."""
    started = time.perf_counter()
    from bench.cli.reporting import write_reports  # noqa: PLC0415 - it counts

    made = write_reports(Store(directory), RUN_ID, directory / "reports")
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time(),
        "peak_bytes": peak_memory_bytes(),
        "cells": len(made.analysis.cells),
        "page_bytes": (directory / "reports" / RUN_ID / "report.html").stat().st_size,
    }


def peak_memory_bytes() -> int:
    """Return the largest resident size that this process has had.

    Linux's own ``ru_maxrss`` of a new process begins with its parent's, so that is asked last.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    if sys.platform == "win32":
        import psutil  # noqa: PLC0415 - of use here only

        return int(psutil.Process().memory_info().peak_wset)
    import resource  # noqa: PLC0415 - not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


def main() -> None:
    """Do what the arguments ask for."""
    verb, directory = sys.argv[1], Path(sys.argv[2])
    sizes = {"make_deep": DEEP, "make_wide": WIDE}
    if size := sizes.get(verb):
        said = make(directory, size)
    else:
        said = {"analyse": analyse, "report": report}[verb](directory)
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
