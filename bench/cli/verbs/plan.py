"""``plan``: the expanded scenario; measures nothing."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from bench.cli.loading import load_checked
from bench.cli.measuring import check_precision
from bench.errors import EXIT_PASS
from bench.spec.plan import Plan, Trial
from bench.spec.precision import Precision

# What a trial takes beyond warm-up and window: start, import, server, reading back. For estimates.
_BESIDES_S = 1.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
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
    trials, minutes = f"{len(plan.trials)} trials", f"{expected_minutes(plan.trials):.1f} minutes"
    if scenario.precision:
        trials, minutes = _ranges(plan, scenario.precision)
    print(f"\n{trials}, seed {scenario.seed}, plan {plan.digest}, about {minutes}")
    return EXIT_PASS


def _ranges(plan: Plan, precision: Precision) -> tuple[str, str]:
    """Say how many trials there are for certain and at most, and how long they take.

    The certain ones are measured whatever they take.
    """
    certain = plan.expected()
    least, most = minutes_of(plan, precision)
    return (
        f"{len(certain)} trials for certain and {len(plan.trials) - len(certain)} optional",
        f"{least:.1f} to {most:.1f} minutes",
    )


def minutes_of(plan: Plan, precision: Precision | None) -> tuple[float, float]:
    """Return about how long measuring ``plan`` takes at least, and at most."""
    least = expected_minutes(plan.expected())
    if precision is None:
        return least, least
    return least, min(expected_minutes(plan.trials), max(least, precision.budget_s / 60))


def expected_minutes(trials: Iterable[Trial]) -> float:
    """Return about how long measuring ``trials`` takes."""
    return sum(trial.warmup_s + trial.duration_s + _BESIDES_S for trial in trials) / 60
