"""``claims``: measure what claims are judged on, and compare with the committed verdicts."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.analysis.analyse import analyse
from bench.analysis.result import Analysis
from bench.claims.agreement import Agreements, compare_verdicts
from bench.claims.agreement_page import (
    agreement_document,
    agreement_page,
    agreement_screen,
    agreement_suite,
)
from bench.claims.claim import Claim, chosen, load_claims
from bench.claims.claim_scenario import run_name, scenario_for
from bench.claims.judge import judge
from bench.cli.durations import Durations, in_words
from bench.cli.judging import chosen_references, read_runs, scenarios_of, told_runs
from bench.cli.loading import load_checked
from bench.cli.measuring import measure_run
from bench.cli.places import CLAIMS, add_places
from bench.cli.progress import add_detail
from bench.cli.reporting import tell
from bench.cli.screen import show
from bench.errors import EXIT_INTERRUPTED, EXIT_PASS, InputError, suggestion
from bench.measure.preflight import check_services
from bench.records.files import make_directory, write_file
from bench.records.store import Store
from bench.report.markdown import markdown
from bench.scenario.plan import Plan, expand
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import scenario_text

EXAMPLES = ("redis-write-10-100x", "--plan", "redis-write-10-100x --judge RUN")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "claim", nargs="*", metavar="ID", help="default: every claim that can be judged"
    )
    parser.add_argument("--claims", type=Path, default=CLAIMS, metavar="DIR")
    parser.add_argument("--scenarios", type=Path, default=Path("scenarios"), metavar="DIR")
    parser.add_argument(
        "--plan", action="store_true", help="say what would be measured; measure nothing"
    )
    parser.add_argument(
        "--judge",
        action="append",
        default=[],
        metavar="RUN",
        help="compare this recorded run instead of measuring; repeatable",
    )
    add_detail(parser)
    add_places(parser)


@dataclass(frozen=True, slots=True)
class Need:
    """What has to be measured of the scenario ``name``: ``scenario``, of so many trials in all.

    ``minutes`` is how long that takes, at least and at most.
    """

    name: str
    scenario: Scenario
    plan: Plan
    trials_in_all: int
    minutes: tuple[float, float]


def run(options: argparse.Namespace) -> int:
    """Measure, judge, compare with what the reference runs say, and end by whether that agrees."""
    claims = [
        claim
        for claim in chosen(load_claims(options.claims), options.claim)
        if options.claim or claim.judgements
    ]
    scenarios = scenarios_of(claims)
    durations = Durations.here(Store(options.results))
    needs = [] if options.judge else needs_of(claims, options.scenarios, durations)
    unjudged = [claim.id for claim in claims if not claim.judgements]
    if needs or unjudged:
        print(told_needs(needs, unjudged), flush=True)
    if options.plan:
        return EXIT_PASS
    store = Store(make_directory(options.results))
    references = read_runs(store, chosen_references(store, scenarios), scenarios)
    print(told_runs(store, references, "the committed verdicts rest on"), flush=True)
    if options.judge:
        new = read_runs(store, options.judge, scenarios)
    else:
        for need in needs:
            check_services(need.scenario, os.environ)
        new = {}
        before = set(store.run_ids())
        try:
            for need in needs:
                new[need.name] = _measured(need, store, options)
        except KeyboardInterrupt:
            _tell_interrupted(store, [name for name in store.run_ids() if name not in before])
            return EXIT_INTERRUPTED
    found = compare_verdicts(judge(claims, references), judge(claims, new))
    _tell(found, options.reports)
    print(told_runs(store, new, "measured now"))
    if new:
        told = [
            *(each.run.run_id for each in new.values()),
            *(f"--claim {one}" for one in options.claim),
        ]
        print(f"maps and trials of the new runs: checkpoint-bench verify {' '.join(told)}")
    return found.exit_code


def needs_of(claims: Sequence[Claim], directory: Path, durations: Durations) -> list[Need]:
    """Derive what ``claims`` need of each scenario in ``directory`` that they name.

    Raises:
        InputError: there is no such scenario, it is not right, or it holds nothing that is judged.
    """
    needs = []
    for name in scenarios_of(claims):
        path = directory / f"{name}.toml"
        if not path.is_file():
            hint = suggestion(name, (found.stem for found in directory.glob("*.toml")))
            raise InputError(f"{directory} has no scenario {name!r}, which a claim names.{hint}")
        whole, plan = load_checked(path)
        judgements = [
            judgement
            for claim in claims
            for judgement in claim.judgements
            if judgement.scenario == name
        ]
        derived = scenario_for(whole, judgements, str(path))
        needed = expand(derived)
        minutes = durations.minutes_of(derived, needed)
        needs.append(Need(name, derived, needed, len(plan.expected()), minutes))
    return needs


def told_needs(needs: Sequence[Need], unjudged: Sequence[str]) -> str:
    """Say what will be measured, how long that takes, and which claims need nothing measured."""
    lines = []
    for need in needs:
        certain, optional = len(need.plan.expected()), len(need.plan.optional_blocks)
        more = f" and up to {optional} more blocks" if optional else ""
        lines.append(
            f"{need.name}: {certain} of {need.trials_in_all} trials{more}, "
            f"about {_sum_of([need.minutes])}"
        )
        lines.append(f"  of {', '.join(need.scenario.subjects)}")
    if len(needs) > 1:
        lines.append(f"about {_sum_of([need.minutes for need in needs])} in all")
    lines += [
        f"{claim}: it has no judgement yet, so there is nothing to measure" for claim in unjudged
    ]
    return "\n".join(lines)


def _sum_of(ranges: Sequence[tuple[float, float]]) -> str:
    least, most = (sum(ends) for ends in zip(*ranges, strict=True))
    return in_words(least, most)


def _measured(need: Need, store: Store, options: argparse.Namespace) -> Analysis:
    print(f"measuring {need.name}", flush=True)
    text = scenario_text(need.scenario, "Derived by checkpoint-bench claims.")
    found = measure_run(need.scenario, run_name(need.name), store, text, detail=options.detail)
    tell(store, found.record.run_id, options.reports)
    return analyse(found)


def _tell_interrupted(store: Store, kept: Sequence[str]) -> None:
    told = ", ".join(f"{run_id} ({len(store.finished(run_id))} trials)" for run_id in kept)
    print(f"interrupted: nothing is compared; kept: {told or 'nothing'}", file=sys.stderr)
    if kept:
        print("compare what was kept with: checkpoint-bench claims --judge RUN", file=sys.stderr)


def _tell(found: Agreements, reports: Path) -> None:
    directory = make_directory(reports)
    write_file(directory / "claims.md", markdown(agreement_page(found)).encode())
    write_file(directory / "claims.json", agreement_document(found))
    write_file(directory / "claims.xml", agreement_suite(found))
    show(agreement_screen(found))
    print(f"compared: {directory / 'claims.md'} (also claims.json, claims.xml)")
