"""``plan``: the expanded scenario; measures nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.cli.loading import load_checked
from bench.errors import EXIT_PASS

# What a trial takes beyond warm-up and window: start, import, server, reading back. For estimates.
_BESIDES_S = 1.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("scenario", type=Path)


def run(options: argparse.Namespace) -> int:
    """Print the trials in the order in which they would run."""
    scenario, plan = load_checked(options.scenario)
    print(f"{scenario.question}\n")
    print(f"{'block':52} {'subject':24} {'loop':10} trial")
    for trial in plan.trials:
        print(f"{trial.block:52} {trial.subject:24} {trial.loop:10} {trial.id}")
    minutes = sum(t.warmup_s + t.duration_s + _BESIDES_S for t in plan.trials) / 60
    print(
        f"\n{len(plan.trials)} trials, seed {scenario.seed}, plan {plan.digest}, "
        f"about {minutes:.1f} minutes"
    )
    return EXIT_PASS
