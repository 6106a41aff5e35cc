"""``run``: measure a scenario, then tell the result."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench.cli.durations import extent
from bench.cli.loading import load_checked
from bench.cli.measuring import check_precision, expected_so_far, is_complete, measure_shown
from bench.cli.verbs.report import add_places, tell
from bench.errors import EXIT_INTERRUPTED, InputError
from bench.measure.environment import read_environment
from bench.measure.preflight import check_services
from bench.records.files import make_directory
from bench.records.run import RunRecord, new_run
from bench.records.store import Store
from bench.scenario.plan import Plan
from bench.scenario.toml_file import read_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", type=Path)
    parser.add_argument("--resume", action="store_true", help="complete the newest run of it")
    add_places(parser)


def run(options: argparse.Namespace) -> int:
    """Measure what has no record yet, then write and print the report."""
    scenario, plan = load_checked(options.scenario)
    check_precision(scenario, str(options.scenario))
    services = check_services(scenario, os.environ)
    environment = read_environment(services.packages, services.servers, services.programs)
    store = Store(make_directory(options.results))
    make_directory(options.reports)
    text = read_text(options.scenario, "the scenario")
    now = datetime.now(UTC)
    record = new_run(options.scenario.stem, text, scenario, plan, environment, now)
    if options.resume:
        record = _unfinished(store, record, plan)
        print(f"resuming {record.run_id}")
    else:
        store.begin(record)
        print(extent(scenario, plan), flush=True)
    try:
        measure_shown(scenario, plan, store, record.run_id)
    except KeyboardInterrupt:
        kept = len(store.finished(record.run_id))
        expected = len(expected_so_far(plan, store, record.run_id))
        print(
            f"interrupted: {kept} of {expected} trials are kept in "
            f"{options.results / record.run_id}; complete the run with --resume",
            file=sys.stderr,
        )
        return EXIT_INTERRUPTED
    return tell(store, record.run_id, options.reports)


def _unfinished(store: Store, wanted: RunRecord, plan: Plan) -> RunRecord:
    """Return the newest run of the same plan that lacks trials, or wants another block."""
    for run_id in reversed(store.run_ids()):
        found = _readable(store, run_id)
        if found is None or found.plan_digest != wanted.plan_digest:
            continue
        if is_complete(plan, store, run_id):
            raise InputError(f"{run_id} is complete; start a new run without --resume")
        store.refuse_compact(run_id)
        changed = (
            dict(found.environment.fingerprint()).items()
            ^ dict(wanted.environment.fingerprint()).items()
        )
        if changed:
            names = ", ".join(sorted({name for name, _ in changed}))
            raise InputError(
                f"cannot resume {run_id}: the environment has changed since ({names}); "
                "its trials could not be compared with new ones. Start a new run"
            )
        return found
    raise InputError(
        f"{store.directory} holds no unfinished run of this scenario; start one without --resume"
    )


def _readable(store: Store, run_id: str) -> RunRecord | None:
    """Return the record, or ``None`` where another version wrote it or it is damaged."""
    try:
        return store.read_record(run_id)
    except InputError:
        return None
