"""``plan``: the expanded scenario; measures nothing."""

from __future__ import annotations

import argparse

from bench.cli.durations import extent
from bench.cli.loading import add_scenario, load_checked, scenario_path
from bench.errors import EXIT_PASS

EXAMPLES = ("savers", "my_scenario.toml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scenario(parser)


def run(options: argparse.Namespace) -> int:
    """Print the trials in the order in which they would run."""
    scenario, plan = load_checked(scenario_path(options.scenario))
    print(f"{scenario.question}\n")
    print(f"{'block':52} {'subject':24} {'loop':10} trial")
    for trial in plan.trials:
        optional = " optional" if trial.block in plan.optional_blocks else ""
        print(f"{trial.block:52} {trial.subject:24} {trial.loop:10} {trial.id}{optional}")
    print(f"\n{extent(scenario, plan)}, seed {scenario.seed}, plan {plan.digest}")
    return EXIT_PASS
