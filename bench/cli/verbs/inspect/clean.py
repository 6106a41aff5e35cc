"""``clean``: what runs that were killed have left on the user's servers."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from bench.contracts import Leftover
from bench.discovery import load, names
from bench.errors import EXIT_PASS, EXIT_UNAVAILABLE, BenchError, InputError
from bench.server_variables import own_server_variables

_TOLD = {"kept": "could not be removed", "in use": "in use by a run, spared"}


EXAMPLES = ("", "--remove")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--remove", action="store_true", help="remove what no run uses any more; else only list it"
    )


def run(options: argparse.Namespace) -> int:
    """List what runs have left, on every server that the environment names."""
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
