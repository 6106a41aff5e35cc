"""Analyses a run of ten million samples; prints what that took as JSON.

``python -m benchmarks.analysed make DIRECTORY`` writes the run, ``… analyse DIRECTORY`` reads it:
two processes, so that making it does not count.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np

from bench.records.outcome import COLUMNS
from bench.records.run import FORMAT_VERSION, Environment, RunRecord
from bench.records.sample import Integers
from bench.records.store import Store
from bench.records.trial import TrialRecord, Verification, Window
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial, expand
from bench.scenario.scenario_file import parse_scenario

RUN_ID = "20260101T000000Z-made-up"
OPERATIONS = ("put", "put_writes", "get_tuple", "list", "delete_thread", "cycle")
TRIALS = 10
SAMPLES_PER_TRIAL = 1_000_000
_CLIENTS = 8
_WINDOW_S = 60
_NS_PER_S = 1_000_000_000
_SCENARIO = f"""\
schema_version = 2
question = "How long does it take to analyse many samples?"
seed = 1
repetitions = {TRIALS // 2}
warmup_s = 1.0
duration_s = {_WINDOW_S}.0

[subjects.one]
use = "memory"

[subjects.other]
use = "null"

[workloads.steps]
use = "append_steps"

[payloads.small]
use = "messages"

[arrivals.some]
kind = "closed"
clients = {_CLIENTS}

[sweeps.all]
subjects = ["one", "other"]
loops = ["selector"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["some"]
"""


def rows_of_trial(seed: int) -> Integers:
    """Make clients that do cycles of a write, a put and a read; (samples, 8), in order of due."""
    draw = np.random.default_rng(seed)
    per_cycle = ("put_writes", "put", "get_tuple", "cycle")
    count = SAMPLES_PER_TRIAL
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


def make(directory: Path) -> dict[str, float]:
    """Write the run; its trials share two files of samples, since compressing takes long."""
    scenario = parse_scenario(_SCENARIO, "made up")
    plan = expand(scenario)
    described: dict[str, dict[str, str]] = {"host": {}, "packages": {}, "python": {}, "servers": {}}
    environment = Environment(**described, commit="", dirty=False)
    store = Store(directory)
    store.begin(
        RunRecord(
            format_version=FORMAT_VERSION,
            run_id=RUN_ID,
            scenario_name="made-up",
            scenario_text=_SCENARIO,
            scenario_digest=scenario.digest(),
            plan_digest=plan.digest,
            trials_planned=len(plan.trials),
            started_at="2026-01-01T00:00:00+00:00",
            environment=environment,
        )
    )
    samples = directory / RUN_ID / "samples"
    written: dict[str, Path] = {}
    for trial in plan.trials:
        record = record_of(trial)
        of_trial = samples / f"{trial.id}.npz"
        if trial.subject in written:
            shutil.copyfile(written[trial.subject], of_trial)
            store.add(RUN_ID, record, None)
        else:
            store.add(RUN_ID, record, rows_of_trial(len(written)))
            written[trial.subject] = of_trial
    return {"trials": len(plan.trials), "samples": len(plan.trials) * SAMPLES_PER_TRIAL}


def analyse(directory: Path) -> dict[str, float]:
    """Read and analyse the run; return the seconds from import to result, and the peak memory."""
    started = time.perf_counter()
    from bench.analysis.analyse import analyse as analyse_run  # noqa: PLC0415 - it counts

    found = analyse_run(Store(directory).read(RUN_ID))
    seconds = time.perf_counter() - started
    operations = sum(sum(cell.operations.values()) for cell in found.cells)
    return {"seconds": seconds, "peak_bytes": peak_memory_bytes(), "operations": operations}


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
    verb, directory = sys.argv[1:]
    json.dump({"make": make, "analyse": analyse}[verb](Path(directory)), sys.stdout)


if __name__ == "__main__":
    main()
