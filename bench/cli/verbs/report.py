"""``report``: tell a run from its records; needs no database and no driver."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.console import Console as Screen

from bench.analysis.analyse import analyse
from bench.discovery import load, names
from bench.records.files import make_directory, refuse_links, write_file
from bench.records.store import Store
from bench.report.report import Report
from bench.report.terminal import renderable
from bench.reporters.console import screen_content


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", nargs="?", help="default: the newest run")
    add_places(parser)


def add_places(parser: argparse.ArgumentParser) -> None:
    """Declare where records and reports live."""
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    parser.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR")


def run(options: argparse.Namespace) -> int:
    """Write and print the report of a run."""
    store = Store(options.results)
    return tell(store, options.run_id or store.newest(), options.reports)


def place(reports: Path, run_id: str) -> Path:
    """Return the directory of a run's reports; it may come from somebody else, as a run may.

    Raises:
        InputError: it is a link, or cannot be made.
    """
    directory = reports / run_id
    refuse_links(directory)
    return make_directory(directory)


def tell(store: Store, run_id: str, reports: Path) -> int:
    """Analyse a run, write every report, print the short one; return the exit code."""
    report = Report(analyse(store.read(run_id)))
    directory = place(reports, run_id)
    for name in names("reporter"):
        reporter: Any = load("reporter", name)
        for file_name, content in reporter().render(report).items():
            write_file(directory / file_name, content)
    if sys.stdout.isatty():
        screen = Screen()
        screen.print(renderable(screen_content(report, screen.width)))
    else:
        print((directory / "console.txt").read_text(encoding="utf-8"))
    print(f"report: {directory / 'report.html'} (also report.md, analysis.json)")
    print(f"records: {store.directory / run_id}")
    return report.analysis.exit_code
