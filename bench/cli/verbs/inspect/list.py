"""``list``: scenarios, runs, and every plug-in with its options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench.cli.loading import scenarios
from bench.cli.places import add_results
from bench.discovery import FOLDERS, load, names
from bench.errors import EXIT_PASS, BenchError, InputError, suggestion
from bench.records.reference_runs import reference_runs
from bench.records.store import Store
from bench.scenario.scenario_file import load_scenario

EXAMPLES = ("scenarios", "runs", "subjects")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = ", ".join(("scenarios", "runs", *FOLDERS.values()))
    parser.add_argument("kind", nargs="?", help=f"{kinds}; default: all but runs")
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Print what there is of one kind, or of all."""
    listed: dict[str, Callable[[], Iterator[str]]] = {
        "scenarios": _scenarios,
        "runs": partial(_runs, Store(options.results)),
        **{folder: partial(_plugins, kind) for kind, folder in FOLDERS.items()},
    }
    if options.kind is None:
        kinds = [kind for kind in listed if kind != "runs"]
    else:
        kinds = [f"{options.kind.removesuffix('s')}s"]
    for kind in kinds:
        if kind not in listed:
            raise InputError(f"unknown kind {options.kind!r}.{suggestion(kind, listed)}")
        print(f"\n{kind}" if options.kind is None else kind)
        for line in listed[kind]():
            print(f"  {line}")
    return EXIT_PASS


def _scenarios() -> Iterator[str]:
    for name, path in scenarios().items():
        try:
            yield f"{name:22} {load_scenario(path).question}"
        except BenchError as error:
            yield f"{name:22} ({error})"


def _runs(store: Store) -> Iterator[str]:
    references = reference_runs(store)
    run_ids = store.run_ids()
    width = max(map(len, run_ids), default=0)
    for run_id in run_ids:
        try:
            record = store.read_record(run_id)
        except InputError as error:
            yield f"{run_id:{width}}  ({error})"
            continue
        mark = ", reference" if run_id in references else ""
        where = record.environment.machine
        yield f"{run_id:{width}}  {record.trials_planned:4} trials{mark}, {where}"
    if not run_ids:
        yield f"none in {store.directory}; measure one with: checkpoint-bench run SCENARIO"


def _plugins(kind: str) -> Iterator[str]:
    for name in names(kind):
        try:
            plugin: Any = load(kind, name)
        except BenchError as error:
            yield f"{name:22} ({error})"
            continue
        yield f"{name:22} {(plugin.__doc__ or '?').strip().splitlines()[0]}"
        fields = plugin.Options.model_fields if hasattr(plugin, "Options") else {}
        for key, field in fields.items():
            default = field.get_default(call_default_factory=True)
            told = "required" if field.is_required() else f"default {default!r}"
            yield f"{'':22}   {key}: {_type_text(field.annotation)}, {told}"


def _type_text(annotation: Any) -> str:
    if isinstance(annotation, type):
        return annotation.__name__
    return str(annotation).replace("typing.", "")
