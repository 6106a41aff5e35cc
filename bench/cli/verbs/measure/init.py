"""``init``: write a commented scenario to start from."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.errors import EXIT_PASS, InputError
from bench.records.files import write_file

EXAMPLES = ("", "my_scenario.toml")

# Read as text: in it FILE stands for the name that it gets.
_TEMPLATE = Path(__file__).with_name("template.toml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, nargs="?", default=Path("scenario.toml"), help="default: scenario.toml"
    )


def run(options: argparse.Namespace) -> int:
    """Write the file unless something stands there.

    Raises:
        InputError: something does.
    """
    path: Path = options.file
    if path.exists():
        raise InputError(f"{path} is there already; name another file")
    text = _TEMPLATE.read_text(encoding="utf-8").replace("FILE", str(path))
    write_file(path, text.encode())
    print(f"wrote {path}; next: checkpoint-bench plan {path}")
    return EXIT_PASS
