"""``plan``: the expanded scenario; measures nothing."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence

from bench.analysis.wording import listed
from bench.cli.durations import Durations
from bench.cli.loading import add_scenario, load_checked, scenario_path
from bench.cli.memory import warnings
from bench.cli.places import add_results
from bench.cli.screen import add_form, show
from bench.errors import EXIT_PASS
from bench.records.store import Store
from bench.report.page import Text
from bench.report.table import Column, Table, table
from bench.scenario.plan import Plan, blocks_of
from bench.scenario.scenario import OwnInterpreter, Scenario

EXAMPLES = ("savers", "savers --trials", "my_scenario.toml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scenario(parser)
    parser.add_argument("--trials", action="store_true", help="list them, in their order")
    add_form(parser)
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Print what would be measured, condition by condition or trial by trial."""
    scenario, plan = load_checked(scenario_path(options.scenario))
    shown = _trials(plan) if options.trials else _conditions(scenario, plan)
    extent = Durations.here(Store(options.results)).extent(scenario, plan)
    origin = f", seed {scenario.seed}, plan {plan.digest}" if options.trials else ""
    foot = (Text(f"{extent}{origin}"), *map(Text, warnings(scenario, plan)))
    arms = (*_arms(scenario), *_interpreters(scenario))
    show([Text(scenario.question), shown, *arms, *foot], options.form, "Plan")
    return EXIT_PASS


def _conditions(scenario: Scenario, plan: Plan) -> Table:
    trials = Counter(trial.condition for trial in plan.trials)
    rows = []
    for name, sweep in scenario.sweeps.items():
        for workload in sweep.workload_labels:
            for payload in sweep.payloads:
                for arrival in scenario.arrivals_of(sweep):
                    certain, most = blocks_of(scenario, sweep, arrival)
                    certain, most = (n * max(1, len(sweep.faults)) for n in (certain, most))
                    blocks = f"{certain}" if certain == most else f"{certain} to {most}"
                    count = trials[name, workload, payload, arrival]
                    rows.append((name, workload, payload, arrival, blocks, str(count)))
    heads = ("sweep", "workload", "payload", "arrival", Column("blocks"), Column("trials"))
    return table("", heads, rows)


def _arms(scenario: Scenario) -> Iterator[Text]:
    alike: dict[tuple[Sequence[str], Sequence[str]], list[str]] = {}
    for name, sweep in scenario.sweeps.items():
        alike.setdefault((sweep.subjects, sweep.loops), []).append(name)
    for (subjects, loops), names in alike.items():
        yield Text(f"{', '.join(names)}: {listed(subjects)} on {listed(loops)}")
    for name, sweep in scenario.sweeps.items():
        if sweep.faults:
            yield Text(f"{name} is broken on purpose, in a block for each: {listed(sweep.faults)}")


def _interpreters(scenario: Scenario) -> Iterator[Text]:
    for label in scenario.measured_subjects:
        asked = scenario.resolve(label).interpreter
        if isinstance(asked, OwnInterpreter):
            yield Text(f"{label}: on an interpreter with {asked}")


def _trials(plan: Plan) -> Table:
    rows = [
        (trial.block, trial.subject, trial.loop, trial.id)
        + (("optional",) if trial.block in plan.optional_blocks else ("",))
        for trial in plan.trials
    ]
    return table("", ("block", "subject", "loop", "trial", ""), rows)
