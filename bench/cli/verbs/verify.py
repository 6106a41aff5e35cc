"""``verify``: judge published claims on recorded runs; needs no database and no driver."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console as Screen

from bench.analysis.analyse import analyse
from bench.analysis.claim_run import ClaimRun, claim_run
from bench.analysis.verdict import judge
from bench.cli.verbs.report import add_places, make_directory
from bench.errors import InputError, suggestion
from bench.records.store import Store
from bench.reporters.verdicts.document import document
from bench.reporters.verdicts.markdown import markdown
from bench.reporters.verdicts.screen import screen
from bench.spec.claim import Claim
from bench.spec.claims_file import chosen, load_claims

_WIDTH = 140


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "runs", nargs="*", metavar="RUN", help="default: the newest run of each scenario needed"
    )
    parser.add_argument("--claims", type=Path, default=Path("claims"), metavar="DIR")
    parser.add_argument(
        "--claim", action="append", default=[], metavar="ID", help="judge this claim; repeatable"
    )
    add_places(parser)


def run(options: argparse.Namespace) -> int:
    """Judge, print the table, write the pages, and end by the gravest verdict."""
    claims = chosen(load_claims(options.claims), options.claim)
    store = Store(options.results)
    runs = _runs(store, options.runs or _newest(store, claims))
    wanted = {scenario for claim in claims for scenario in claim.scenarios}
    if unused := sorted(set(runs) - wanted):
        raise InputError(
            f"no claim is judged on a run of {unused[0]!r}.{suggestion(unused[0], wanted)}"
        )
    verdicts = judge(claims, runs)
    directory = make_directory(options.reports)
    pages = {"verdicts.md": markdown(verdicts).encode(), "verdicts.json": document(verdicts)}
    for name, content in pages.items():
        (directory / name).write_bytes(content)
    (Screen() if sys.stdout.isatty() else Screen(width=_WIDTH)).print(screen(verdicts))
    print(f"verdicts: {directory / 'verdicts.md'} (also verdicts.json, with maps and evidence)")
    return verdicts.exit_code


def _newest(store: Store, claims: Sequence[Claim]) -> list[str]:
    """Return the id of the newest run of each scenario that ``claims`` name, where there is one."""
    wanted = {scenario for claim in claims for scenario in claim.scenarios}
    newest: dict[str, str] = {}
    for run_id in store.run_ids():
        try:
            scenario = store.read_record(run_id).scenario_name
        except InputError as error:
            # It may be of a scenario that nobody asks for; if not, the claim is not measured.
            print(f"left out: {error}", file=sys.stderr)
            continue
        if scenario in wanted:
            newest[scenario] = run_id
    return list(newest.values())


def _runs(store: Store, run_ids: Sequence[str]) -> dict[str, ClaimRun]:
    """Read and analyse the runs, keyed by their scenario.

    Raises:
        InputError: there is no such run, or two of them are of the same scenario.
    """
    runs: dict[str, ClaimRun] = {}
    for run_id in dict.fromkeys(run_ids):
        found = store.read(run_id)
        scenario = found.record.scenario_name
        if scenario in runs:
            raise InputError(
                f"{runs[scenario].run_id} and {run_id} are both runs of {scenario}; "
                "give one run for each scenario"
            )
        runs[scenario] = claim_run(found, analyse(found))
    return runs
