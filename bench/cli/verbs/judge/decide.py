"""``decide``: turn a run into an architecture decision record; needs no database and no driver."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

from bench.analysis.analyse import analyse
from bench.cli.places import add_places, place
from bench.cli.screen import show
from bench.decide.decision import decide
from bench.decide.drivers import Drivers
from bench.decide.page import page, screen
from bench.errors import InputError
from bench.records.files import write_file
from bench.records.store import Store
from bench.report.markdown import markdown
from bench.scenario.toml_file import read_model

EXAMPLES = ("--drivers drivers.toml", "20261121T130110Z-savers --drivers drivers.toml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", nargs="?", metavar="RUN", help="default: the newest run")
    parser.add_argument(
        "--drivers", type=Path, required=True, metavar="FILE", help="what matters for your system"
    )
    parser.add_argument(
        "--date", default="", metavar="YYYY-MM-DD", help="of the record; default: that of the run"
    )
    add_places(parser)


def run(options: argparse.Namespace) -> int:
    """Decide, write the record, say in short what it says, and end by its outcome."""
    asked = read_model(options.drivers, "the drivers", Drivers)
    date = _date(options.date)
    store = Store(options.results)
    found = store.read(options.run_id or store.newest())
    told = [name for name, sweep in found.scenario.sweeps.items() if not sweep.aside]
    try:
        decision = decide(asked, analyse(found), told)
    except InputError as error:
        lines = str(error).splitlines()
        raise InputError("\n".join(f"{options.drivers}: {line}" for line in lines)) from error
    directory = place(options.reports, found.record.run_id)
    path = directory / "decision.md"
    write_file(path, markdown(page(decision, date)).encode())
    show(screen(decision))
    print(f"record: {path}")
    return decision.exit_code


def _date(given: str) -> str:
    if not given:
        return ""
    try:
        return dt.date.fromisoformat(given).isoformat()
    except ValueError as error:
        raise InputError(f"--date {given!r}: expected a date, YYYY-MM-DD") from error
