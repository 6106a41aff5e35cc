"""The result of the self-test as a table: per loop and row what was expected and measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.analysis.wording import counted
from bench.selftest.rows import Result

_TITLES = ("row", "what", "expected", "measured", "")
_SIGNS = {True: "✓", False: "✗"}


def table(results: Sequence[Result]) -> Iterator[str]:
    """Yield the lines, loop by loop; a last line sums up."""
    rows = [_TITLES, *(row for result in results for row in _rows(result))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLES))]
    for loop in dict.fromkeys(result.loop for result in results):
        yield f"\nloop {loop}"
        shown = [_TITLES, *(r for result in results if result.loop == loop for r in _rows(result))]
        for row in shown:
            yield "  ".join(
                text.ljust(width) for text, width in zip(row, widths, strict=True)
            ).rstrip()
    yield ""
    yield summary(results)


def summary(results: Sequence[Result]) -> str:
    """Say in a sentence how many rows hold."""
    judged = [result for result in results if not result.unavailable]
    failed = [result for result in judged if not result.holds]
    loops = len({result.loop for result in judged})
    if failed:
        names = ", ".join(f"{result.row.name} on {result.loop}" for result in failed)
        return f"{len(failed)} of {counted(len(judged), 'row')} not as expected: {names}"
    return f"{counted(len(judged), 'row')} measured on {counted(loops, 'loop')}: all as expected"


def _rows(result: Result) -> Iterator[tuple[str, str, str, str, str]]:
    if result.unavailable:
        yield (result.row.title, "not available here", "", result.unavailable, "–")
        return
    title = result.row.title + (f" (attempt {result.attempt})" if result.attempt > 1 else "")
    for check in result.checks:
        yield (title, check.what, check.expected, check.measured, _SIGNS[check.holds])
        title = ""
