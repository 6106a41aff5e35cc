"""``clean``: what killed runs have left on the user's servers, environments and stores kept."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.contracts import Leftover
from bench.discovery import load, names
from bench.errors import EXIT_PASS, EXIT_UNAVAILABLE, BenchError, InputError
from bench.interpreters.environments import ENVIRONMENTS
from bench.interpreters.kept import clean
from bench.interpreters.of_subjects import cache_directory
from bench.server_variables import own_server_variables
from bench.stores.templates import clean as clean_stores

_TOLD = {
    "kept": "could not be removed",
    "in use": "in use by a run, spared",
    "recent": "used of late, spared",
}
_UNUSED_DAYS = 30.0

EXAMPLES = ("", "--remove", "--remove --unused-days 0")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--remove", action="store_true", help="remove what no run uses any more; else only list it"
    )
    parser.add_argument(
        "--unused-days",
        type=float,
        default=_UNUSED_DAYS,
        metavar="DAYS",
        help="for how long nobody has used what is removed of them; default: %(default)g",
    )
    parser.add_argument(
        "--environments", type=Path, default=ENVIRONMENTS, metavar="DIR", help="as of the gate"
    )


def run(options: argparse.Namespace) -> int:
    """List what runs have left, on every server that the environment names and on this disk."""
    if not options.unused_days >= 0.0:
        raise InputError(f"--unused-days {options.unused_days:g}: expected 0 or more")
    code, found = EXIT_PASS, dict[str, Sequence[Leftover]]()
    named = False
    for name in names("server"):
        try:
            plugin: Any = load("server", name)
            cleaned = plugin(os.environ).clean(remove=options.remove)
        # The other server is looked at all the same.
        except BenchError as error:
            named, code = True, EXIT_UNAVAILABLE
            print(f"error: {name}: {error}", file=sys.stderr)
            continue
        if cleaned is not None:
            named, found[name] = True, cleaned
            _tell(name, cleaned)
    kept = {"store": clean_stores(time.time(), options.unused_days, remove=options.remove)}
    kept["interpreter"] = [
        leftover
        for directory in (cache_directory(), options.environments)
        for leftover in clean(directory, time.time(), options.unused_days, remove=options.remove)
    ]
    for what, leftovers in kept.items():
        if leftovers:
            named, found[what] = True, leftovers
            _tell(what, leftovers)
    if not named:
        raise InputError(
            f"no server of yours is named: set {' or '.join(own_server_variables())}; an embedded "
            "server takes with it what was made there"
        )
    states = [leftover.state for cleaned in found.values() for leftover in cleaned]
    if "left over" in states:
        print("nothing was removed; clean --remove removes what is left over")
    return EXIT_UNAVAILABLE if "kept" in states else code


def _tell(server: str, cleaned: Sequence[Leftover]) -> None:
    if not cleaned:
        print(f"{server}: no run has left anything")
    for leftover in cleaned:
        state = _TOLD.get(leftover.state, leftover.state)
        reason = f": {leftover.reason}" if leftover.reason else ""
        print(f"{server}: {leftover.name} ({leftover.content}): {state}{reason}")
