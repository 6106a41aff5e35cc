"""``gate``: compare two arms in one job, and tell by the exit code whether one got worse."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from bench.cli.gating import Question, measured, recorded
from bench.cli.loading import add_scenario, load_checked, scenario_path
from bench.cli.places import add_places, place
from bench.cli.progress import add_detail
from bench.cli.screen import show
from bench.errors import EXIT_INTERRUPTED, InputError
from bench.gate.arms import BASE, HEAD, Pair, Rule, pairs_of, two_interpreters, two_subjects
from bench.gate.page import document, page, screen, suite
from bench.gate.pytest_benchmark import pytest_benchmark
from bench.gate.result import GateResult
from bench.interpreters.environments import ENVIRONMENTS, PreparedEnvironment, prepare
from bench.records.files import make_directory, write_file
from bench.records.redaction import redact, secrets_within
from bench.records.store import Store
from bench.report.markdown import markdown
from bench.scenario.scenario import OwnInterpreter

EXAMPLES = (
    '--base "langgraph-checkpoint-postgres==3.1.0" --head "langgraph-checkpoint-postgres==3.2.0"',
    "my_scenario.toml --base-subject postgres --head-subject postgres-again",
    "--judge RUN",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scenario(parser, default="gate")
    arms = parser.add_argument_group("compare two subjects of the scenario")
    arms.add_argument("--base-subject", default="", metavar="LABEL")
    arms.add_argument("--head-subject", default="", metavar="LABEL")
    arms = parser.add_argument_group("or two environments, in which every subject runs")
    arms.add_argument("--base", default="", metavar="REQUIREMENT[,…]", help="as for pip, or a path")
    arms.add_argument("--head", default="", metavar="REQUIREMENT[,…]")
    arms.add_argument(
        "--environments",
        type=Path,
        default=ENVIRONMENTS,
        metavar="DIR",
        help="default: %(default)s",
    )
    how = parser.add_argument_group("how it is judged")
    how.add_argument(
        "--smallest-effect",
        type=float,
        default=Rule().smallest_effect,
        metavar="SHARE",
        help="smaller slow-downs do not count; default: %(default)s",
    )
    how.add_argument(
        "--no-confirm",
        action="store_true",
        help="no second run; a regression is then not confirmed",
    )
    how.add_argument(
        "--judge",
        action="append",
        default=[],
        metavar="RUN",
        help="judge this recorded run instead of measuring; a second one confirms it",
    )
    add_detail(parser)
    add_places(parser)


def run(options: argparse.Namespace) -> int:
    """Measure both arms block by block, judge, tell, and end by the answer."""
    rule = _rule(options)
    _check_arms(options)
    store = Store(make_directory(options.results))
    make_directory(options.reports)
    if options.judge:
        return _tell(_recorded(options, store, rule), options.reports)
    question = _question(options, rule)
    try:
        return _tell(measured(question, store), options.reports)
    except KeyboardInterrupt:
        print(f"interrupted: nothing is judged; records are in {options.results}", file=sys.stderr)
        return EXIT_INTERRUPTED


def _rule(options: argparse.Namespace) -> Rule:
    if not 0.0 < options.smallest_effect <= 1.0:
        raise InputError(
            f"--smallest-effect {options.smallest_effect:g}: expected a share in (0, 1], "
            "e.g. 0.05 for 5 %"
        )
    if options.no_confirm and len(options.judge) > 1:
        raise InputError("--no-confirm judges one run: name no second one with --judge")
    confirms = not options.no_confirm and len(options.judge) != 1
    return Rule(smallest_effect=options.smallest_effect, confirms=confirms)


def _check_arms(options: argparse.Namespace) -> None:
    subjects = [bool(options.base_subject), bool(options.head_subject)]
    environments = [bool(options.base), bool(options.head)]
    if any(subjects) and any(environments):
        raise InputError("the arms are two subjects or two environments, not one of each")
    is_recorded = bool(options.judge) and not any(subjects) and not any(environments)
    if not (all(subjects) or all(environments) or is_recorded):
        raise InputError(
            "name both arms: --base-subject LABEL and --head-subject LABEL, or --base REQUIREMENT "
            "and --head REQUIREMENT"
        )
    if options.judge and any(environments):
        raise InputError("--judge takes its environments from the run; leave out --base and --head")


def _question(options: argparse.Namespace, rule: Rule) -> Question:
    path = scenario_path(options.scenario)
    scenario, _ = load_checked(path)
    name = f"gate-{path.stem}"
    if options.base_subject:
        pair = Pair(options.base_subject, options.head_subject)
        derived = two_subjects(scenario, pair)
        return Question(derived, (pair,), rule, name, detail=options.detail)
    derived, pairs = two_interpreters(scenario)
    arms: dict[str, PreparedEnvironment] = {}
    for label, given in ((BASE, options.base), (HEAD, options.head)):
        print(f"{label}: {redact(given, secrets_within(given))}", flush=True)
        arms[label] = prepare(requirements_in(given), options.environments)
    base, head = arms[BASE], arms[HEAD]
    distinct: dict[str | OwnInterpreter, PreparedEnvironment] = {
        BASE: base.beside(head),
        HEAD: head.beside(base),
    }
    for arm, found in distinct.items():
        print(f"{arm}: {', '.join(' '.join(pair) for pair in found.versions.items())}", flush=True)
    return Question(derived, pairs, rule, name, distinct, options.detail)


def requirements_in(text: str) -> list[str]:
    """Split at commas, but not at those inside a version range or between extras."""
    parts = re.split(r",(?![^\[]*\])(?!\s*[<>=!~])", text)
    return [part.strip() for part in parts if part.strip()]


def _recorded(options: argparse.Namespace, store: Store, rule: Rule) -> GateResult:
    run_ids = _runs(options)
    pairs: tuple[Pair, ...] = (Pair(options.base_subject, options.head_subject),)
    if not options.base_subject:
        pairs = pairs_of(store.read(run_ids[0]).scenario)
        if not pairs:
            raise InputError(
                f"{run_ids[0]} is no run of two environments; name both arms: --base-subject "
                "LABEL and --head-subject LABEL"
            )
    return recorded(store, run_ids, pairs, rule)


def _runs(options: argparse.Namespace) -> list[str]:
    if len(set(options.judge)) < len(options.judge) or len(options.judge) > 2:
        raise InputError("--judge: expected one run, or two different ones of the same plan")
    runs: list[str] = options.judge
    return runs


def _tell(result: GateResult, reports: Path) -> int:
    """Write every form of the answer, print the short one, and return the exit code."""
    show(screen(result))
    directory = place(place(reports, result.runs[0].run_id), "gate")
    # The first line tells this comment from others, so that it can be updated.
    text = f"<!-- {result.runs[0].scenario_name} -->\n{markdown(page(result), level=2)}"
    pages = {
        "gate.md": text.encode(),
        "gate.xml": suite(result),
        "analysis.json": document(result),
        **pytest_benchmark(result),
    }
    for name, content in pages.items():
        write_file(directory / name, content)
    _append_summary(text)
    print(f"reports: {directory / 'gate.md'} (also {', '.join(list(pages)[1:])})")
    return result.exit_code


def _append_summary(text: str) -> None:
    """Append ``text`` to the summary of a job on GitHub; where it cannot be, the answer stands."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        print(f"GITHUB_STEP_SUMMARY: cannot write {path}: {error.strerror}", file=sys.stderr)
