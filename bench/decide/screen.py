"""A decision in a few lines of plain text."""

from __future__ import annotations

from collections.abc import Iterator

from bench.decide._sentences import because, solution
from bench.decide.result import Decision
from bench.report.format import one_line


def screen(decision: Decision) -> str:
    """Return the outcome, why, and where each option stands, a line each."""
    return "\n".join(_lines(decision))


def _lines(decision: Decision) -> Iterator[str]:
    yield one_line(f"{decision.asked.title}: {solution(decision)}")
    yield one_line(because(decision).replace("`", "").replace("\\", ""))
    width = max((len(option.subject) for option in decision.options), default=0)
    for option in decision.options:
        line: str = option.standing
        if option.score is not None:
            line += f", score {option.score:.3g}"
        if option.reasons:
            more = len(option.reasons) - 1
            line += f": {option.reasons[0].text}" + (f" (and {more} more)" if more else "")
        elif option.dominated_by:
            line += f" by {', '.join(option.dominated_by)}"
        yield f"  {option.subject:{width}}  {one_line(line)}"
