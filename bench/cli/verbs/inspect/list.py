"""``list``: scenarios, runs, and every plug-in with its options."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench.cli.loading import scenarios
from bench.cli.places import add_results
from bench.cli.screen import width
from bench.discovery import FOLDERS, load, names
from bench.errors import EXIT_PASS, BenchError, InputError, suggestion
from bench.records.reference_runs import reference_runs
from bench.records.store import Store
from bench.scenario.scenario_file import load_scenario

EXAMPLES = ("scenarios", "runs", "subjects")

_Entry = tuple[str, str]
"""A name, and what is to be said of it; a line of its own without a name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = ", ".join(("scenarios", "runs", *FOLDERS.values()))
    parser.add_argument("kind", nargs="?", help=f"{kinds}; default: all but runs")
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Print what there is of one kind, or of all."""
    listed: dict[str, Callable[[], Iterator[_Entry]]] = {
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
        for name, text in listed[kind]():
            print(_wrapped(f"  {name:22} ", text))
    return EXIT_PASS


def _wrapped(start: str, text: str) -> str:
    """Return ``text`` beside ``start``, in lines of the screen's width below each other."""
    hanging = len(start) + len(text) - len(text.lstrip())
    return textwrap.fill(
        start + text,
        width(),
        subsequent_indent=" " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _scenarios() -> Iterator[_Entry]:
    for name, path in scenarios().items():
        try:
            yield name, load_scenario(path).question
        except BenchError as error:
            yield name, f"({error})"


def _runs(store: Store) -> Iterator[_Entry]:
    references = reference_runs(store)
    run_ids = store.run_ids()
    longest = max(map(len, run_ids), default=0)
    for run_id in run_ids:
        try:
            record = store.read_record(run_id)
        except InputError as error:
            yield f"{run_id:{longest}}", f"({error})"
            continue
        mark = ", reference" if run_id in references else ""
        where = record.environment.machine
        yield f"{run_id:{longest}}", f"{record.trials_planned:4} trials{mark}, {where}"
    if not run_ids:
        yield "none", f"in {store.directory}; measure one with: checkpoint-bench run SCENARIO"


def _plugins(kind: str) -> Iterator[_Entry]:
    for name in names(kind):
        try:
            plugin: Any = load(kind, name)
        except BenchError as error:
            yield name, f"({error})"
            continue
        yield name, (plugin.__doc__ or "?").strip().splitlines()[0]
        fields = plugin.Options.model_fields if hasattr(plugin, "Options") else {}
        for key, field in fields.items():
            default = field.get_default(call_default_factory=True)
            told = "required" if field.is_required() else f"default {default!r}"
            yield "", f"  {key}: {_type_text(field.annotation)}, {told}"


def _type_text(annotation: Any) -> str:
    if isinstance(annotation, type):
        return annotation.__name__
    return str(annotation).replace("typing.", "")
