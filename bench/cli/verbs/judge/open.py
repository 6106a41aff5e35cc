"""``open``: show the report of a run in the browser."""

from __future__ import annotations

import argparse
import webbrowser

from bench.cli.places import add_places
from bench.cli.reporting import write_reports
from bench.errors import EXIT_PASS
from bench.records.store import Store

EXAMPLES = ("", "20261121T130110Z-savers")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", nargs="?", metavar="RUN", help="default: the newest run")
    add_places(parser)


def run(options: argparse.Namespace) -> int:
    """Open the report, which is written first where it is not there."""
    store = Store(options.results)
    run_id = store.read_record(options.run_id or store.newest()).run_id
    path = options.reports / run_id / "report.html"
    if not path.is_file():
        write_reports(store, run_id, options.reports)
    is_shown = webbrowser.open(path.resolve().as_uri())
    print(f"report: {path}" if is_shown else f"there is no browser here; open: {path}")
    return EXIT_PASS
