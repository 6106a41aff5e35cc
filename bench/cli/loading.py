"""Reads a scenario and checks it against what is installed."""

from __future__ import annotations

from pathlib import Path

from bench.discovery import load, search_last
from bench.measure.preflight import check_plugins
from bench.scenario.arrival import Search
from bench.scenario.metric import check_metrics
from bench.scenario.plan import Plan, expand
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import load_scenario


def load_checked(path: Path) -> tuple[Scenario, Plan]:
    """Return the scenario at ``path`` and its plan.

    From here on, modules are also looked for in the working directory, last of all: a scenario may
    name plug-ins that lie there.

    Raises:
        InputError: anything in it is wrong.
        MissingPackageError: a plug-in that it names needs a package that is not installed.
    """
    scenario = load_scenario(path)
    search_last([str(Path.cwd())])
    check_plugins(scenario, str(path))
    workloads = [load("workload", use.use) for use in scenario.workloads.values()]
    marks = sorted({mark for workload in workloads for mark in workload.marks})
    readings = [reading for name in scenario.probes for reading in load("probe", name).readings]
    check_metrics(scenario.primary_metrics, f"{path}: primary_metrics", marks, readings)
    for at, threshold in enumerate(scenario.thresholds):
        limited = [limit.metric for limit in threshold.require]
        check_metrics(limited, f"{path}: thresholds.{at}", marks, readings)
    for label, arrival in scenario.arrivals.items():
        if isinstance(arrival, Search):
            place = f"{path}: arrivals.{label}.objective"
            check_metrics([arrival.objective.metric], place, marks, readings)
    return scenario, expand(scenario)
