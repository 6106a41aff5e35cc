"""Printing blocks of a page."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console

from bench.report.page import Block
from bench.report.terminal import renderable, screen_text

# Of a file, or a log of a job.
_WIDTH = 140


def show(blocks: Iterable[Block]) -> None:
    """Print ``blocks`` as wide as the screen; into a file without colours."""
    if sys.stdout.isatty():
        Console().print(renderable(blocks))
    else:
        print(screen_text(blocks, _WIDTH), flush=True)
