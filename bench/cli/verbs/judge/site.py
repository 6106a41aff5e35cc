"""``site``: static pages of the reference runs and the documents, for any server of files."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.analysis.analyse import analyse
from bench.cli.places import add_places
from bench.errors import InputError
from bench.records.files import make_directory, write_file
from bench.records.reference_runs import reference_runs
from bench.records.store import Store
from bench.report.report import Report
from bench.site.site import VERDICTS, site

EXAMPLES = ("", "RUN --output pages")

_DOCUMENTS = ("*.md", "docs/*.md", "docs/plots/*.svg", "reports/*/plot_ratios.svg")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs", nargs="*", metavar="RUN", help="default: those that results/reference.txt names"
    )
    parser.add_argument("--output", type=Path, default=Path("site"), metavar="DIR")
    add_places(parser)


def run(options: argparse.Namespace) -> int:
    """Write the site."""
    store = Store(options.results)
    run_ids = options.runs or reference_runs(store)
    if not run_ids:
        raise InputError(f"no runs to show: name some, or list them in {store.directory}")
    reports = [Report(analyse(store.read(run_id))) for run_id in run_ids]
    paths = [path for pattern in _DOCUMENTS for path in sorted(Path().glob(pattern))]
    files = {path.as_posix(): path.read_bytes() for path in paths}
    verdicts = options.reports / "reference" / "verdicts.md"
    if verdicts.is_file():
        files[VERDICTS] = verdicts.read_bytes()
    for path, content in site(reports, files):
        place = options.output / path
        make_directory(place.parent)
        write_file(place, content)
    print(f"site: {options.output / 'index.html'}")
    return 0
