"""What a shell offers where the cursor is: scenarios, runs, else files."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from argcomplete import autocomplete
from argcomplete.completers import FilesCompleter

from bench.cli.loading import scenarios
from bench.records.store import Store


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell through ``argcomplete``, and exit."""
    autocomplete(parser, default_completer=_offered)


def _offered(
    *, prefix: str, action: argparse.Action, parsed_args: argparse.Namespace, **others: Any
) -> Iterable[str]:
    files: Iterable[str] = FilesCompleter()(prefix, action=action, **others)
    if action.metavar == "SCENARIO":
        return [*scenarios(), *files]
    if action.metavar == "RUN":
        return Store(parsed_args.results).run_ids()
    return files
