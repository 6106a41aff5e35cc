"""``list``: every plug-in with its options."""

from __future__ import annotations

import argparse
from typing import Any

from bench.discovery import FOLDERS, load, names
from bench.errors import EXIT_PASS, BenchError, InputError, suggestion


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", nargs="?", help=", ".join(FOLDERS))


def run(options: argparse.Namespace) -> int:
    """Print the plug-ins of one kind, or of all."""
    if options.kind is not None and options.kind not in FOLDERS:
        raise InputError(f"unknown kind {options.kind!r}.{suggestion(options.kind, FOLDERS)}")
    for kind in [options.kind] if options.kind else FOLDERS:
        print(f"\n{kind}s")
        for name in names(kind):
            try:
                plugin: Any = load(kind, name)
            except BenchError as error:
                print(f"  {name:22} ({error})")
                continue
            print(f"  {name:22} {(plugin.__doc__ or '?').strip().splitlines()[0]}")
            _print_options(plugin)
    return EXIT_PASS


def _print_options(plugin: Any) -> None:
    fields = plugin.Options.model_fields if hasattr(plugin, "Options") else {}
    for key, field in fields.items():
        default = field.get_default(call_default_factory=True)
        told = "required" if field.is_required() else f"default {default!r}"
        print(f"  {'':22}   {key}: {_type_text(field.annotation)}, {told}")


def _type_text(annotation: Any) -> str:
    if isinstance(annotation, type):
        return annotation.__name__
    return str(annotation).replace("typing.", "")
