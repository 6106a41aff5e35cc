"""``trial``: show one trial of a run, as JSON; needs no database and no driver."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bench.analysis.trial_summary import summarise_trial
from bench.cli.places import add_results
from bench.errors import EXIT_PASS, InputError, nearest
from bench.records.files import to_json, write_file
from bench.records.hdr_log import hdr_log
from bench.records.sample import Samples, write_samples
from bench.records.store import Run, Store
from bench.records.trial import TrialRecord

EXAMPLES = ("RUN TRIAL", "RUN TRIAL --samples operations.npy", "RUN TRIAL --hdr times.hlog")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN")
    parser.add_argument("trial_id", metavar="TRIAL", help="its id, as a report names it")
    parser.add_argument(
        "--samples", type=Path, metavar="FILE", help="write its samples there, for numpy.load"
    )
    parser.add_argument(
        "--hdr", type=Path, metavar="FILE", help="write its response times there, as HdrHistogram"
    )
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Print the record, how often each operation was measured, and the value of every metric."""
    found = Store(options.results).read(options.run_id)
    record = _trial(found, options.trial_id)
    content: dict[str, Any] = {"run_id": options.run_id, "trial_id": record.trial.id}
    content["record"] = json.loads(to_json(record))
    if record.has_samples:
        summary = summarise_trial(found, record)
        content["operations"] = dict(summary.operations)
        content["values"] = dict(sorted(summary.values.items()))
        content["lower_bounds"] = sorted(summary.lower_bounds)
    if options.samples:
        write_samples(options.samples, _samples(found, record).rows)
    if options.hdr:
        write_file(options.hdr, hdr_log(record, _samples(found, record)))
    print(json.dumps(content, ensure_ascii=False, indent=1))
    return EXIT_PASS


def _trial(run: Run, trial_id: str) -> TrialRecord:
    trials = {record.trial.id: record for record in run.trials}
    if trial_id in run.damaged:
        raise InputError(f"{run.directory}: {run.damaged[trial_id]}")
    if trial_id not in trials:
        hint = nearest(trial_id, trials)
        raise InputError(f"{run.record.run_id} has no trial {trial_id!r}.{hint}")
    return trials[trial_id]


def _samples(run: Run, record: TrialRecord) -> Samples:
    if not record.has_samples:
        raise InputError(f"the trial {record.trial.id} is {record.status} and has no samples")
    return run.samples(record)
