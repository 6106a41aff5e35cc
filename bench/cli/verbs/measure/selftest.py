"""``selftest``: measure subjects whose true behaviour is known, on every loop."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench.analysis.analyse import analyse
from bench.cli.durations import Durations
from bench.cli.progress import Detail, OnProgress, Pace, Shown, add_detail, displayed
from bench.cli.screen import show
from bench.errors import EXIT_INVALID, EXIT_PASS, InputError, UnavailableError, suggestion
from bench.measure.environment import read_environment
from bench.measure.preflight import packages_of
from bench.records.files import make_directory
from bench.records.run import Environment
from bench.records.store import Store
from bench.selftest.measuring import Planned, measure, planned
from bench.selftest.observation import Observed
from bench.selftest.page import screen
from bench.selftest.rows import LOOPS, ROWS, Result, judge, row_named

# A neighbour that takes the processor for some 50 ms spoils a row that is about time. That it does
# so in each of so many measurements is unlikely, while what measures wrong does so every time.
MOST_ATTEMPTS = 3


EXAMPLES = ("", "stalled --loop uvloop")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(row.name for row in ROWS)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"default: all of {names}")
    parser.add_argument(
        "--loop", action="append", default=[], metavar="LOOP", help=f"default: {', '.join(LOOPS)}"
    )
    parser.add_argument(
        "--results", type=Path, metavar="DIR", help="keep the records; default: a temporary place"
    )
    add_detail(parser)


def run(options: argparse.Namespace) -> int:
    """Measure the rows, print expected and measured, and tell whether all rows hold.

    Raises:
        InputError: there is no such row or loop.
        UnavailableError: none of the loops can be made here.
    """
    rows = [row_named(name) for name in dict.fromkeys(options.rows)] or list(ROWS)
    loops = tuple(dict.fromkeys(options.loop)) or LOOPS
    for loop in loops:
        if loop not in LOOPS:
            raise InputError(f"the self-test has no loop {loop!r}.{suggestion(loop, LOOPS)}")
    rows = [row for row in rows if set(row.loops) & set(loops)]
    rows = [row for row in rows if sys.platform in (row.systems or [sys.platform])]
    if not rows:
        raise InputError(f"none of these rows is measured on {', '.join(loops)} here")
    with ExitStack() as stack:
        directory = options.results and make_directory(options.results)
        if directory is None:
            temporary = tempfile.TemporaryDirectory(prefix="checkpoint-bench-selftest-")
            directory = Path(stack.enter_context(temporary))
        first = [planned(row, loops) for row in rows]
        packages = {name for row in first for name in packages_of(row.scenario)}
        store, environment = Store(directory), read_environment(packages, {})
        results = _measured(first, 1, store, environment, options.detail)
        for attempt in range(2, MOST_ATTEMPTS + 1):
            again = _again(results)
            if again:
                names = ", ".join(row.row.name for row in again)
                print(f"not as expected, and may have been disturbed; measuring again: {names}")
                measured = _measured(again, attempt, store, environment, options.detail)
                newer = {(r.row.name, r.loop): r for r in measured}
                results = [newer.get((r.row.name, r.loop), r) for r in results]
    show(screen(results))
    if all(result.unavailable for result in results):
        raise UnavailableError(f"nothing could be measured: {results[0].unavailable}")
    return EXIT_PASS if all(result.holds for result in results) else EXIT_INVALID


def _again(results: Sequence[Result]) -> list[Planned]:
    failed = [result for result in results if result.row.depends_on_time and not result.holds]
    names = dict.fromkeys(result.row.name for result in failed)
    return [
        planned(row_named(name), [result.loop for result in failed if result.row.name == name])
        for name in names
    ]


def _measured(
    what: Sequence[Planned], attempt: int, store: Store, environment: Environment, detail: Detail
) -> list[Result]:
    """Measure the rows one after the other and judge them, loop by loop."""
    results: list[Result] = []
    total = sum(len(row.plan.trials) for row in what)
    done = 0
    lengths_s: dict[str, float] = {}
    for row in what:
        lengths_s |= Durations().by_trial_s(row.scenario, row.plan)
    pace = Pace(lengths_s, {})
    with displayed(total, sys.stdout, detail) as display:
        shown = Shown(display, pace)
        for row in what:
            shown.begin(f"measuring {row.row.name}")
            on_row = _among(shown, done, total)
            run_of_row = measure(row, store, environment, os.environ, datetime.now(UTC), on_row)
            analysis = analyse(run_of_row)
            results += [
                judge(row.row, Observed(run_of_row, analysis, loop), attempt)
                for loop in analysis.loops
            ]
            done += len(row.plan.trials)
    return sorted(results, key=lambda result: LOOPS.index(result.loop))


def _among(on_progress: OnProgress, done: int, total: int) -> OnProgress:
    return lambda made: on_progress(replace(made, done=done + made.done, total=total))
