"""``verify``: judge published claims on recorded runs; needs no database and no driver."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.claims.claim import chosen, load_claims
from bench.claims.judge import judge
from bench.claims.page import document, page, schema, screen, suite
from bench.cli.judging import chosen_references, newest_runs, read_runs, scenarios_of, told_runs
from bench.cli.places import CLAIMS, add_places
from bench.cli.screen import show
from bench.errors import EXIT_PASS, InputError
from bench.records.files import make_directory, write_file
from bench.records.store import Store
from bench.report.markdown import markdown

EXAMPLES = ("", "--claim redis-write-10-100x", "--reference")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs",
        nargs="*",
        metavar="RUN",
        help="default: the newest complete run of each scenario needed",
    )
    parser.add_argument(
        "--reference", action="store_true", help="judge the runs that results/reference.txt names"
    )
    parser.add_argument("--claims", type=Path, default=CLAIMS, metavar="DIR")
    parser.add_argument(
        "--claim", action="append", default=[], metavar="ID", help="judge this claim; repeatable"
    )
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of verdicts.json instead"
    )
    add_places(parser)


def run(options: argparse.Namespace) -> int:
    """Judge, print the table, write the pages, and end by the gravest verdict."""
    if options.schema:
        print(schema().decode(), end="")
        return EXIT_PASS
    if options.runs and options.reference:
        raise InputError("--reference says which runs are judged: name no others beside it")
    claims = chosen(load_claims(options.claims), options.claim)
    store = Store(options.results)
    scenarios = scenarios_of(claims)
    choose = chosen_references if options.reference else newest_runs
    runs = read_runs(store, options.runs or choose(store, scenarios), scenarios)
    verdicts = judge(claims, runs)
    directory, stem = _place(options)
    records = {scenario: found.run for scenario, found in runs.items()}
    make_directory(directory)
    write_file(directory / f"{stem}.md", markdown(page(verdicts, records)).encode())
    write_file(directory / f"{stem}.json", document(verdicts))
    write_file(directory / f"{stem}.xml", suite(verdicts))
    show(screen(verdicts))
    print(told_runs(store, runs))
    print(f"verdicts: {directory / stem}.md (also {stem}.json, {stem}.xml)")
    return verdicts.exit_code


def _place(options: argparse.Namespace) -> tuple[Path, str]:
    """Return where the pages are written: a part of the claims must not replace all of them."""
    if options.runs or options.claim:
        return options.reports, "verdicts-selected"
    return (options.reports / "reference" if options.reference else options.reports), "verdicts"
