"""The result of the self-test on a screen: per loop and row what was expected and measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.analysis.wording import counted
from bench.report.page import Block, Text
from bench.report.table import table
from bench.selftest.rows import Result


def screen(results: Sequence[Result]) -> Iterator[Block]:
    """Yield a table for each loop; a last sentence sums up."""
    columns = ("row", "what", "expected", "measured", "")
    for loop in dict.fromkeys(result.loop for result in results):
        rows = [row for result in results if result.loop == loop for row in _rows(result)]
        yield table(f"loop {loop}", columns, rows)
    yield Text(summary(results), "lead")


def summary(results: Sequence[Result]) -> str:
    """Say in a sentence how many rows hold."""
    judged = [result for result in results if not result.unavailable]
    failed = [f"{each.row.name} on {each.loop}" for each in judged if not each.holds]
    rows = counted(len(judged), "row")
    if failed:
        return f"{len(failed)} of {rows} not as expected: {', '.join(failed)}"
    loops = counted(len({result.loop for result in judged}), "loop")
    return f"{rows} measured on {loops}: all as expected"


def _rows(result: Result) -> Iterator[tuple[str, str, str, str, str]]:
    if result.unavailable:
        yield (result.row.title, "not available here", "", result.unavailable, "–")
    title = result.row.title + (f" (attempt {result.attempt})" if result.attempt > 1 else "")
    for check in result.checks:
        yield (title, check.what, check.expected, check.measured, "✓" if check.holds else "✗")
        title = ""
