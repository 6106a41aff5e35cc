"""Printing blocks of a page."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterable
from typing import Literal

from rich.console import Console

from bench.records.files import to_json
from bench.report.markdown import markdown
from bench.report.page import Block, Page
from bench.report.table import Table
from bench.report.terminal import renderable, screen_text
from bench.report.text import plain

Form = Literal["text", "md", "json"]
# Of a file, or a log of a job, where COLUMNS does not say it.
_WIDTH = 140


def add_form(parser: argparse.ArgumentParser) -> None:
    """Declare in which form the answer is printed."""
    parser.add_argument(
        "--format",
        dest="form",
        choices=("text", "md", "json"),
        default="text",
        help="default: text",
    )


def width() -> int:
    """Return how many columns what is printed may have."""
    if sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    given = os.environ.get("COLUMNS", "")
    return int(given) if given.isdecimal() and int(given) else _WIDTH


def show(
    blocks: Iterable[Block], form: Form = "text", title: str = "", result: object = None
) -> None:
    """Print ``blocks`` as wide as :func:`width`; into a file without colours.

    As Markdown below a ``title``; as JSON the ``result``, or the rows of their tables without one.
    """
    if form == "md":
        print(markdown(Page(title, tuple(blocks))), end="")
    elif form == "json":
        rows = [row for each in blocks for row in _rows(each)]
        content = rows if result is None else result
        print(to_json(content, indent=1).decode())
    elif sys.stdout.isatty():
        Console().print(renderable(blocks))
    else:
        print(screen_text(blocks, width()), flush=True)


def _rows(block: Block) -> list[dict[str, str]]:
    if not isinstance(block, Table):
        return []
    heads = [column.full_name for column in block.columns]
    texts = [[plain(entry.text) for entry in row.entries] for row in block.rows]
    return [dict(zip(heads, row, strict=False)) for row in texts]
