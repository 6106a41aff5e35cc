"""``compact``: keep a complete run as one archive; loses nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.errors import EXIT_PASS
from bench.records.archive import ARCHIVE
from bench.records.compaction import compact
from bench.records.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")


def run(options: argparse.Namespace) -> int:
    """Make each run compact, and say by how much."""
    store = Store(options.results)
    for run_id in dict.fromkeys(options.runs):
        found = compact(store, run_id)
        before, after = (size / 1e6 for size in (found.bytes_before, found.bytes_after))
        told = f"{before:.1f} MB → {after:.1f} MB" if before != after else f"{after:.1f} MB already"
        print(f"{store.directory / run_id / ARCHIVE}: {told}")
    return EXIT_PASS
