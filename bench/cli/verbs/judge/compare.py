"""``compare``: the same cells of two runs side by side."""

from __future__ import annotations

import argparse

from bench.analysis.analyse import analyse
from bench.cli.places import add_results
from bench.cli.screen import add_form, show
from bench.errors import EXIT_PASS, InputError
from bench.history.change import changes_between, machine
from bench.history.page import comparison_blocks
from bench.records.store import Store

EXAMPLES = ("RUN RUN", "RUN RUN --across-machines", "RUN RUN --format md")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="RUN")
    parser.add_argument("after", metavar="RUN")
    parser.add_argument(
        "--across-machines", action="store_true", help="though they ran on different machines"
    )
    add_form(parser)
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Print how each cell has changed.

    Raises:
        InputError: there is no such run, or they ran on different machines.
    """
    store = Store(options.results)
    records = [store.read_record(each) for each in (options.before, options.after)]
    before, after = (machine(record.environment) for record in records)
    if before != after and not options.across_machines:
        differing = [
            f"{key} {before[key]!r} and {after[key]!r}"
            for key in before
            if before[key] != after[key]
        ]
        raise InputError(
            f"the two runs are of different machines ({', '.join(differing)}), so their times "
            "cannot be compared; --across-machines shows them all the same"
        )
    found = changes_between(*(analyse(store.read(record.run_id)) for record in records))
    show(comparison_blocks(found, one_machine=before == after), options.form, "Two runs", found)
    return EXIT_PASS
