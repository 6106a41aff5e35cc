"""What is aimed for, what was found, and the table that puts them side by side."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

HEADINGS = ("reach", "figure", "required", "met")


class Reach(NamedTuple):
    """One line of the table. ``met`` is empty where nothing is required."""

    name: str
    figure: str
    required: str
    met: str


def at_least(name: str, value: float, least: float, figure: str, required: str) -> Reach:
    """Make the line of a figure that must not be smaller than ``least``."""
    return Reach(name, figure, f"≥ {required}", "met" if value >= least else "missed")


def at_most(name: str, value: float, most: float, figure: str, required: str) -> Reach:
    """Make the line of a figure that must not be greater than ``most``."""
    return Reach(name, figure, f"≤ {required}", "met" if value <= most else "missed")


def beside(name: str, figure: str) -> Reach:
    """Make the line of a figure of which nothing is required."""
    return Reach(name, figure, "", "")


def spread(values: Sequence[float], form: str) -> str:
    """Say the median of several rounds, with the smallest and the largest."""
    least, most = min(values), max(values)
    return f"{statistics.median(values):{form}} ({least:{form}} to {most:{form}})"


def table(reaches: Sequence[Reach]) -> list[str]:
    """Return the lines of the table, columns aligned."""
    rows = [HEADINGS, *reaches]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
