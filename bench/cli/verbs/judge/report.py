"""``report``: tell a run from its records; needs no database and no driver."""

from __future__ import annotations

import argparse

from bench.cli.places import add_places
from bench.cli.reporting import tell
from bench.cli.screen import add_form
from bench.errors import EXIT_PASS
from bench.records.store import Store
from bench.reporters.json_document import schema

EXAMPLES = ("", "20261121T130110Z-savers", "--format md", "--schema")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", nargs="?", metavar="RUN", help="default: the newest run")
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of analysis.json instead"
    )
    add_form(parser)
    add_places(parser)


def run(options: argparse.Namespace) -> int:
    """Write and print the report of a run."""
    if options.schema:
        print(schema().decode(), end="")
        return EXIT_PASS
    store = Store(options.results)
    return tell(store, options.run_id or store.newest(), options.reports, options.form)
