"""``history``: the runs of a scenario on one machine, with the changes that stand out."""

from __future__ import annotations

import argparse

from bench.analysis.analyse import analyse
from bench.cli.places import add_results
from bench.cli.screen import add_form, show
from bench.errors import EXIT_PASS, InputError, suggestion
from bench.history.change import machine, points_of
from bench.history.page import history_blocks
from bench.records.run import RunRecord
from bench.records.store import Store

EXAMPLES = ("savers", "savers --metric throughput --last 10")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "scenario", nargs="?", metavar="SCENARIO", help="its name; default: that of the newest run"
    )
    parser.add_argument("--metric", metavar="NAME", help="default: the first primary metric")
    parser.add_argument(
        "--last", type=int, default=4, metavar="N", help="default: %(default)s runs"
    )
    add_form(parser)
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Print a column for each of the newest runs on the machine of the newest one.

    Raises:
        InputError: there is no run of the scenario, or it has no such primary metric.
    """
    store = Store(options.results)
    records = _records(store, options.scenario or store.read_record(store.newest()).scenario_name)
    here = machine(records[-1].environment)
    alike = [record for record in records if machine(record.environment) == here]
    runs = [analyse(store.read(record.run_id)) for record in alike[-max(1, options.last) :]]
    metrics = runs[-1].primary_metrics
    metric = options.metric or metrics[0]
    if metric not in metrics:
        raise InputError(f"{metric!r} is no primary metric.{suggestion(metric, metrics)}")
    points = points_of(runs, metric)
    show(history_blocks(runs, metric, points), options.form, "History", points)
    return EXIT_PASS


def _records(store: Store, scenario: str) -> list[RunRecord]:
    records = [store.read_record(run_id) for run_id in store.run_ids()]
    found = [record for record in records if record.scenario_name == scenario]
    if not found:
        hint = suggestion(scenario, {record.scenario_name for record in records})
        raise InputError(f"{store.directory} holds no run of {scenario!r}.{hint}")
    return found
