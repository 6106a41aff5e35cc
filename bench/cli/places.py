"""Where records and reports lie, and how a verb is told."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.records.files import make_directory, refuse_links

CLAIMS = Path("claims")


def add_results(parser: argparse.ArgumentParser) -> None:
    """Declare where records lie."""
    parser.add_argument(
        "--results", type=Path, default=Path("results"), metavar="DIR", help="default: results"
    )


def add_places(parser: argparse.ArgumentParser) -> None:
    """Declare where records and reports lie."""
    add_results(parser)
    parser.add_argument(
        "--reports", type=Path, default=Path("reports"), metavar="DIR", help="default: reports"
    )


def place(reports: Path, run_id: str) -> Path:
    """Return the directory of a run's reports; it may come from somebody else, as a run may.

    Raises:
        InputError: it is a link, or cannot be made.
    """
    directory = reports / run_id
    refuse_links(directory)
    return make_directory(directory)
