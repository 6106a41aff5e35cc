"""``doctor``: what is here to measure with."""

from __future__ import annotations

import argparse
import contextlib
import os
from typing import Any

from bench.discovery import load, names
from bench.errors import EXIT_PASS, BenchError
from bench.measure.environment import read_environment

EXAMPLES = ("",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments: none."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Print host, versions, servers and loops."""
    del options

    environment = read_environment(_packages(), {})
    for title in ("host", "python", "packages"):
        print(f"\n{title}")
        for key, value in sorted(getattr(environment, title).items()):
            print(f"  {key:32} {value}")
    for kind in ("server", "loop"):
        print(f"\n{kind}s")
        for name in names(kind):
            print(f"  {name:32} {_state_of(kind, name)}")
    print("\nembedded programs")
    for file, text in sorted(_programs().items()):
        print(f"  {file:32} {text}")
    return EXIT_PASS


def _packages() -> set[str]:
    found: set[str] = set()
    for kind in ("subject", "server", "loop"):
        for name in names(kind):
            with contextlib.suppress(BenchError):
                plugin: Any = load(kind, name)
                found |= {*getattr(plugin, "packages", ())}
    return found


def _programs() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names("server"):
        # What is not there has been told beside the server's name.
        with contextlib.suppress(BenchError):
            plugin: Any = load("server", name)
            found |= plugin(os.environ).programs()
    return found


def _state_of(kind: str, name: str) -> str:
    try:
        plugin: Any = load(kind, name)
        if kind == "server":
            return str(plugin(os.environ).check())
        loop = plugin()
        return loop.unavailable() or f"available ({loop.kind})"
    except BenchError as error:
        return f"not available: {error}"
