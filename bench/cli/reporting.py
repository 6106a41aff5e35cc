"""Writes every report of a run and prints the short one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from bench.analysis.analyse import analyse
from bench.claims.answers import with_claims
from bench.claims.claim import Claim, load_claims
from bench.cli.places import CLAIMS, place
from bench.cli.screen import Form, show
from bench.discovery import load, names
from bench.errors import InputError
from bench.records.files import write_file
from bench.records.store import Store
from bench.report.first_screen import screen_blocks
from bench.report.report import Report

_FILES: dict[Form, str] = {"md": "report.md", "json": "analysis.json"}


def write_reports(store: Store, run_id: str, reports: Path) -> Report:
    """Analyse a run and write every report of it."""
    report = Report(with_claims(analyse(store.read(run_id)), _published()))
    directory = place(reports, run_id)
    for name in names("reporter"):
        reporter: Any = load("reporter", name)
        for file_name, content in reporter().render(report).items():
            write_file(directory / file_name, content)
    return report


def _published() -> tuple[Claim, ...]:
    """Return the claims that lie where the program runs, if there are any.

    What is wrong with them is no reason to lose a report.
    """
    if not CLAIMS.is_dir():
        return ()
    try:
        return load_claims(CLAIMS)
    except InputError as error:
        print(f"claims are left out: {error}", file=sys.stderr)
        return ()


def tell(store: Store, run_id: str, reports: Path, form: Form = "text") -> int:
    """Analyse a run, write every report, print the short one; return the exit code.

    Or print one of the others, in the ``form`` asked for, and nothing else.
    """
    report = write_reports(store, run_id, reports)
    directory = reports / run_id
    if form != "text":
        print((directory / _FILES[form]).read_text(encoding="utf-8"), end="")
    elif sys.stdout.isatty():
        show(screen_blocks(report.analysis, report.groups))
    else:
        print((directory / "console.txt").read_text(encoding="utf-8"))
    if form == "text":
        shown = (directory / "report.html").absolute()
        print(f"report  {shown} (also report.md, analysis.json)")
        print(f"records {(store.directory / run_id).absolute()}")
    return report.analysis.exit_code
