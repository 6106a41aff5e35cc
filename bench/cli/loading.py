"""Reads a scenario and checks it against what is installed."""

from __future__ import annotations

from pathlib import Path

from bench.analysis.metrics import check_metrics
from bench.measure.preflight import check_plugins
from bench.spec.plan import Plan, expand
from bench.spec.scenario import Scenario, load_scenario


def load_checked(path: Path) -> tuple[Scenario, Plan]:
    """Return the scenario at ``path`` and its plan.

    Raises:
        InputError: anything in it is wrong.
        MissingPackageError: a plug-in that it names needs a package that is not installed.
    """
    scenario = load_scenario(path)
    check_plugins(scenario, str(path))
    check_metrics(scenario.primary_metrics, str(path))
    return scenario, expand(scenario)
