"""Measures one scenario as a run of its own, or completes one, and tells the result."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass

from bench.checks.opening import check_opening
from bench.cli.durations import Durations
from bench.cli.measuring import (
    described,
    expected_so_far,
    interpreters_in,
    is_complete,
    measure_shown,
    saying,
)
from bench.cli.memory import warnings
from bench.cli.places import add_places
from bench.cli.progress import Detail, add_detail
from bench.cli.reporting import tell
from bench.cli.screen import add_form
from bench.errors import EXIT_INTERRUPTED, InputError
from bench.interpreters.of_subjects import prepare_own
from bench.records.files import make_directory
from bench.records.run import RunRecord
from bench.records.store import Store
from bench.scenario.plan import Plan
from bench.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Wanted:
    """A scenario to be measured: its plan, the name that its runs have, the text of its file."""

    scenario: Scenario
    plan: Plan
    name: str
    text: str


def add_running(parser: argparse.ArgumentParser) -> None:
    """Declare what :func:`measure_and_tell` takes."""
    parser.add_argument("--resume", action="store_true", help="complete the newest run of it")
    add_detail(parser)
    add_form(parser)
    add_places(parser)


def measure_and_tell(wanted: Wanted, options: argparse.Namespace) -> int:
    """Measure what has no record yet, then write and print the report; return the exit code."""
    plan = wanted.plan
    # Who reads JSON or Markdown wants nothing else.
    detail: Detail = options.detail if options.form == "text" else "quiet"
    environments = prepare_own(wanted.scenario, saying(detail))
    interpreters = interpreters_in(environments)
    record = described(wanted.scenario, plan, wanted.name, wanted.text, environments)
    store = Store(make_directory(options.results))
    make_directory(options.reports)
    if options.resume:
        record = _unfinished(store, record, plan)
    durations = Durations.here(store)
    check_opening(wanted.scenario, os.environ, interpreters, saying(detail))
    if not options.resume:
        store.begin(record)
    page = options.reports / record.run_id / "report.html"
    if detail != "quiet":
        told = durations.extent(wanted.scenario, plan)
        begun = f"resuming {record.run_id}" if options.resume else told
        print(f"{begun}; report: {page}", flush=True)
        for warning in warnings(wanted.scenario, plan):
            print(warning, flush=True)
    try:
        measure_shown(wanted.scenario, plan, store, record.run_id, interpreters, detail, durations)
    except KeyboardInterrupt:
        kept = len(store.finished(record.run_id))
        expected = len(expected_so_far(plan, store, record.run_id))
        print(
            f"interrupted: {kept} of {expected} trials are kept in "
            f"{options.results / record.run_id}; repeat the command with --resume",
            file=sys.stderr,
        )
        return EXIT_INTERRUPTED
    if detail != "quiet":
        print("writing the report …", flush=True)
    return tell(store, record.run_id, options.reports, options.form)


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
