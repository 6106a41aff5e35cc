"""Finds a scenario, reads it and checks it against what is installed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import bench
from bench.discovery import load, search_last
from bench.errors import InputError, suggestion
from bench.measure.preflight import check_plugins
from bench.scenario.arrival import Search
from bench.scenario.family import compares
from bench.scenario.metric import check_metrics
from bench.scenario.plan import Plan, expand
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import load_scenario


def add_scenario(parser: argparse.ArgumentParser, default: str = "") -> None:
    """Declare the argument that names a scenario."""
    parser.add_argument(
        "scenario",
        nargs="?" if default else None,
        default=default,
        metavar="SCENARIO",
        help="a file, or a name from: checkpoint-bench list scenarios"
        + (f"; default: {default}" if default else ""),
    )


def scenarios() -> Mapping[str, Path]:
    """Return by name the scenarios that come with the program, and those in ``scenarios/`` here.

    Of two with one name that from here stands for it.
    """
    package = Path(bench.__file__).parent
    # A wheel has them inside the package, a checkout beside it.
    inside = package / "scenarios"
    folders = (inside if inside.is_dir() else package.with_name("scenarios"), Path("scenarios"))
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def scenario_path(given: str) -> Path:
    """Return the file that ``given`` names, by its path or by the name of a scenario.

    Raises:
        InputError: it is no path, and no scenario has that name.
    """
    path = Path(given)
    if path.suffix == ".toml" or len(path.parts) > 1:
        return path
    if (here := path.with_suffix(".toml")).is_file():
        return here
    known = scenarios()
    if given not in known:
        raise InputError(f"there is no scenario {given!r}.{suggestion(given, known)}")
    return known[given]


def load_checked(path: Path) -> tuple[Scenario, Plan]:
    """Return the scenario at ``path`` and its plan.

    From here on, modules are also looked for beside the scenario and in the working directory, last
    of all: it may name plug-ins that lie there.

    Raises:
        InputError: anything in it is wrong.
        MissingPackageError: a plug-in that it names needs a package that is not installed.
    """
    scenario = load_scenario(path)
    search_last([str(path.resolve().parent)])
    check_scenario(scenario, str(path))
    return scenario, expand(scenario)


def check_scenario(scenario: Scenario, origin: str) -> None:
    """Check ``scenario`` against what is installed; ``origin`` names it in errors.

    Raises:
        InputError, MissingPackageError: as :func:`load_checked`.
    """
    search_last([str(Path.cwd())])
    check_plugins(scenario, origin)
    workloads = [load("workload", use.use) for use in scenario.workloads.values()]
    marks = sorted({mark for workload in workloads for mark in workload.marks})
    readings = [reading for name in scenario.probes for reading in load("probe", name).readings]
    check_metrics(scenario.primary_metrics, f"{origin}: primary_metrics", marks, readings)
    asked = scenario.ask.require if scenario.ask else ()
    parts = [part for limit in asked for part in limit.parts]
    check_metrics(parts, f"{origin}: ask", marks, readings)
    for at, threshold in enumerate(scenario.thresholds):
        limited = [limit.metric for limit in threshold.require]
        check_metrics(limited, f"{origin}: thresholds.{at}", marks, readings)
    for label, arrival in scenario.arrivals.items():
        if isinstance(arrival, Search):
            place = f"{origin}: arrivals.{label}.objective"
            check_metrics([arrival.objective.metric], place, marks, readings)
    _check_precision(scenario, origin)


def _check_precision(scenario: Scenario, origin: str) -> None:
    if scenario.precision and not compares(scenario):
        raise InputError(
            f"{origin}: precision is about ratios, and nothing is compared here: add [families], a "
            "[baseline] or an A/A arm"
        )
