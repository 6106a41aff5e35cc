"""What a shell offers where the cursor is: scenarios, runs, else files."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from argcomplete import autocomplete
from argcomplete.completers import BaseCompleter, FilesCompleter

from bench.cli.loading import scenarios
from bench.records.store import Store


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell, and exit."""
    autocomplete(parser, default_completer=_Offered())


class _Offered(BaseCompleter):
    def __call__(
        self,
        *,
        prefix: str,
        action: argparse.Action,
        parser: argparse.ArgumentParser,
        parsed_args: argparse.Namespace,
    ) -> Iterable[str]:
        del parser
        if action.metavar == "RUN":
            return Store(parsed_args.results).run_ids()
        files: Iterable[str] = FilesCompleter()(prefix)
        return [*scenarios(), *files] if action.metavar == "SCENARIO" else files
