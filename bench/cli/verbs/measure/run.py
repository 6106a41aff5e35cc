"""``run``: measure a scenario or a part of it, then tell the result."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from bench.cli.loading import add_scenario, load_checked, scenario_path
from bench.cli.running import Wanted, add_running, measure_and_tell
from bench.scenario.derived_scenario import part_of
from bench.scenario.plan import expand
from bench.scenario.scenario import AXES
from bench.scenario.scenario_file import scenario_text
from bench.scenario.toml_file import read_text

EXAMPLES = (
    "savers",
    "my_scenario.toml",
    "savers --subject postgres --subject sqlite --loop selector --repetitions 3",
    "savers --resume",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_scenario(parser)
    part = parser.add_argument_group("a part of it, recorded as a scenario of its own")
    for axis in AXES:
        part.add_argument(
            f"--{axis.removesuffix('s')}", dest=axis, action="append", default=[], metavar="LABEL"
        )
    part.add_argument("--repetitions", type=int, metavar="N", help="of every block")
    add_running(parser)


def run(options: argparse.Namespace) -> int:
    """Measure what has no record yet, then write and print the report."""
    return measure_and_tell(_wanted(options), options)


def _wanted(options: argparse.Namespace) -> Wanted:
    path = scenario_path(options.scenario)
    scenario, plan = load_checked(path)
    chosen: Mapping[str, list[str]] = {axis: getattr(options, axis) for axis in AXES}
    if options.repetitions is None and not any(chosen.values()):
        return Wanted(scenario, plan, path.stem, read_text(path, "the scenario"))
    part = part_of(scenario, chosen, options.repetitions, path.stem)
    flags = [f"--{axis[:-1]} {label}" for axis, labels in chosen.items() for label in labels]
    if options.repetitions is not None:
        flags.append(f"--repetitions {options.repetitions}")
    comment = f"A part of {path.stem} (digest {scenario.digest()}): {' '.join(flags)}"
    return Wanted(part, expand(part), f"{path.stem}-part", scenario_text(part, comment))
