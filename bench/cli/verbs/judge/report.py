"""``report``: tell a run from its records; needs no database and no driver."""

from __future__ import annotations

import argparse

from bench.cli.places import add_places
from bench.cli.reporting import tell
from bench.cli.screen import add_form
from bench.records.store import Store

EXAMPLES = ("", "20261121T130110Z-savers", "--format md")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", nargs="?", metavar="RUN", help="default: the newest run")
    add_form(parser)
    add_places(parser)


def run(options: argparse.Namespace) -> int:
    """Write and print the report of a run."""
    store = Store(options.results)
    return tell(store, options.run_id or store.newest(), options.reports, options.form)
