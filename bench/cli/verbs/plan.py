"""``plan``: the expanded scenario; measures nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.cli.durations import extent
from bench.cli.loading import load_checked
from bench.cli.measuring import check_precision
from bench.errors import EXIT_PASS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", type=Path)


def run(options: argparse.Namespace) -> int:
    """Print the trials in the order in which they would run."""
    scenario, plan = load_checked(options.scenario)
    check_precision(scenario, str(options.scenario))
    print(f"{scenario.question}\n")
    print(f"{'block':52} {'subject':24} {'loop':10} trial")
    for trial in plan.trials:
        optional = " optional" if trial.block in plan.optional_blocks else ""
        print(f"{trial.block:52} {trial.subject:24} {trial.loop:10} {trial.id}{optional}")
    print(f"\n{extent(scenario, plan)}, seed {scenario.seed}, plan {plan.digest}")
    return EXIT_PASS
