"""``baseline``: keep a run under a name, for ``gate --baseline``."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from bench.analysis.analyse import analyse
from bench.analysis.claim_run import claim_run
from bench.errors import EXIT_INCONCLUSIVE, EXIT_PASS, InputError
from bench.gate.baseline import baseline_of
from bench.records.baseline import machine_of, names_in, read_baseline, write_baseline
from bench.records.files import make_directory
from bench.records.store import Store

BASELINES = Path("baselines")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    save = actions.add_parser("save", help="keep a run under a name")
    save.add_argument("name", metavar="NAME")
    save.add_argument("run_id", nargs="?", metavar="RUN", help="default: the newest run")
    save.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    show = actions.add_parser("show", help="say what a baseline holds")
    show.add_argument("name", metavar="NAME")
    for action, function in ((save, _save), (show, _show), (actions.add_parser("list"), _list)):
        action.add_argument("--baselines", type=Path, default=BASELINES, metavar="DIR")
        action.set_defaults(action=function)


def run(options: argparse.Namespace) -> int:
    """Save, list or show."""
    return int(options.action(options))


def _save(options: argparse.Namespace) -> int:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}", options.name):
        raise InputError(
            f"{options.name!r} is no name for a baseline: expected letters, digits, '_', '.', '-'"
        )
    store = Store(options.results)
    found = store.read(options.run_id or store.newest())
    baseline = baseline_of(options.name, claim_run(found, analyse(found)))
    path = write_baseline(make_directory(options.baselines), baseline)
    print(f"{found.record.run_id} is kept as {path}")
    doubts = [f"{cell.name}: {cell.doubt}" for cell in baseline.cells if cell.doubt]
    for doubt in doubts:
        print(f"cannot be compared with: {doubt}")
    return EXIT_INCONCLUSIVE if len(doubts) == len(baseline.cells) else EXIT_PASS


def _list(options: argparse.Namespace) -> int:
    for name in names_in(options.baselines):
        run = read_baseline(options.baselines, name).run
        print(f"{name}  {run.run_id}  digest {run.scenario_digest}")
    return EXIT_PASS


def _show(options: argparse.Namespace) -> int:
    baseline = read_baseline(options.baselines, options.name)
    run = baseline.run
    print(f"{baseline.name}: {run.run_id}, digest {run.scenario_digest}, {run.started_at}")
    for key, value in machine_of(run.environment).items():
        print(f"  {key}: {value}")
    for cell in baseline.cells:
        trials = max((len(values) for values in cell.values.values()), default=0)
        print(f"  {cell.name}: {trials} trials{', ' if cell.doubt else ''}{cell.doubt}")
    return EXIT_PASS
