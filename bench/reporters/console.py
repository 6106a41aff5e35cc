"""``console.txt``: the answer on one screen."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console as Screen
from rich.console import Group as Stack
from rich.console import RenderableType
from rich.text import Text

from bench.analysis.checks import lost_in_words
from bench.analysis.result import Analysis
from bench.contracts import Reporter
from bench.records.check import CheckRecord
from bench.report import words as _words
from bench.report.comparison_tables import false_alarms_in_words
from bench.report.console_tables import answer_table, condition_legend, matrix
from bench.report.format import one_line
from bench.report.groups import groups_of
from bench.report.threshold_tables import (
    SIGNS,
    counted,
    figure_name,
    figure_text,
    gravest_first,
    required,
)

WIDTH = 120
LINES = 50
_ANSWER_LINES = 11
_FEWEST_FINDINGS = 6
_MOST_THRESHOLDS = 5
_STYLES = {"invalid": "bold red", "warning": "yellow", "note": "dim"}


class Console(Reporter):
    """Sets answer, headline numbers, compatibility matrix and findings on about one screen."""

    def render(self, analysis: Analysis) -> Mapping[str, bytes]:
        """Return ``console.txt``: plain text of at most :data:`WIDTH` columns."""
        screen = _plain_screen(WIDTH)
        screen.print(screen_content(analysis, WIDTH))
        lines = [line.rstrip() for line in _written(screen).splitlines()]
        return {"console.txt": ("\n".join(lines) + "\n").encode()}


def screen_content(analysis: Analysis, width: int) -> RenderableType:
    """Return what is shown on a screen of ``width`` columns.

    The matrix takes one line for each subject where there is room for it, else one for each loop.
    """
    top = [*_top(analysis, width), *_thresholds(analysis)]
    table, shown = answer_table(analysis, width)
    legend = [*condition_legend(shown, len(groups_of(analysis))), *_checks(analysis)]
    used = _height([*top, table, *legend], width)
    full = matrix(analysis, compact=False)
    compact = used + _height(full, width) + _FEWEST_FINDINGS + 1 > LINES
    middle = matrix(analysis, compact=True) if compact else full
    left = LINES - used - _height(middle, width) - 1
    findings = _findings(analysis, max(_FEWEST_FINDINGS, left))
    return Stack(*top, table, *legend, *middle, *findings)


def _top(analysis: Analysis, width: int) -> list[RenderableType]:
    record = analysis.run
    trials = f"{analysis.trials_recorded} of {analysis.trials_planned} trials"
    if alarms := false_alarms_in_words(analysis.false_alarms):
        trials += f" · A/A ratios called different: {alarms}"
    lines: list[RenderableType] = [
        Text(f"{record.run_id} · {trials}", style="dim"),
        Text(one_line(analysis.question), style="bold"),
    ]
    sentences = analysis.answer or (_words.NO_ANSWER,)
    used = 0
    for at, sentence in enumerate(sentences):
        line = Text(f"→ {one_line(sentence)}")
        used += _height([line], width)
        if used > _ANSWER_LINES and at:
            lines.append(Text(f"→ … and {len(sentences) - at} more: see the report", style="dim"))
            break
        lines.append(line)
    return lines


def _thresholds(analysis: Analysis) -> list[RenderableType]:
    """Count the outcomes, and show what is not met in a table."""
    if not analysis.thresholds:
        return []
    unmet = [each for each in gravest_first(analysis.thresholds) if each.outcome != "met"]
    style = "bold red" if unmet else "green"
    lines: list[RenderableType] = [Text(f"Thresholds: {counted(analysis.thresholds)}", style=style)]
    for each in unmet[:_MOST_THRESHOLDS]:
        figure = " ".join(part for part in figure_text(each) if part)
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(SIGNS[each.outcome], style="yellow" if each.outcome == "not shown" else style)
        why = "" if each.outcome == "broken" else f" ({one_line(each.reason)})"
        line.append(f" {required(each)}: {figure_name(each)} is {figure}, {each.cell}{why}")
        lines.append(line)
    if len(unmet) > _MOST_THRESHOLDS:
        lines.append(Text(f"… and {len(unmet) - _MOST_THRESHOLDS} more: see the report"))
    return lines


def _checks(analysis: Analysis) -> list[RenderableType]:
    """Return a line for each thing that the checks say, with the subjects of which it is true."""
    by_text: dict[tuple[str, str], list[str]] = {}
    for subject, check in analysis.checks.items():
        for told in _of_check(check):
            by_text.setdefault(told, []).append(subject)
    lines: list[RenderableType] = []
    for (said, reason), subjects in sorted(by_text.items(), key=lambda each: each[0][0][0] != "✗"):
        who = "all subjects" if len(subjects) == len(analysis.subjects) else ", ".join(subjects)
        text = f"{said}: {who}" + (f" ({one_line(reason)})" if reason else "")
        style = "red" if said.startswith("✗") else "dim"
        lines.append(Text(text, style=style, no_wrap=True, overflow="ellipsis"))
    return lines


def _of_check(check: CheckRecord) -> Iterator[tuple[str, str]]:
    """Yield what is said, and why."""
    conformance, crash = check.conformance, check.crash
    if conformance.failed:
        names = ", ".join(each.capability for each in conformance.failed)
        yield f"✗ {names} not as LangGraph asks", conformance.failed[0].failed[0].reason
    elif conformance.not_checked:
        yield "conformance not checked", conformance.not_checked
    else:
        yield "✓ conformance", ""
    if reason := lost_in_words(crash):
        what = "lost" if crash.lost else "did not keep"
        yield f"✗ {what} acknowledged writes when killed", reason
    elif crash.not_checked:
        yield "crash not checked", crash.not_checked
    else:
        yield ("crash: volatile" if crash.is_volatile else "✓ crash: nothing was lost"), ""


def _findings(analysis: Analysis, most: int) -> list[RenderableType]:
    found = sorted(analysis.findings, key=lambda each: _words.SEVERITIES.index(each.severity))
    if not found:
        return [Text(_words.no_findings(analysis), style="dim")]
    shown = found if len(found) <= most else found[: most - 1]
    lines: list[RenderableType] = []
    for each in shown:
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{each.severity}: ", style=_STYLES[each.severity])
        text.append(one_line(each.message))
        lines.append(text)
    if len(shown) < len(found):
        lines.append(Text(f"… and {len(found) - len(shown)} more findings: see the report"))
    return lines


def _height(content: Sequence[RenderableType], width: int) -> int:
    screen = _plain_screen(width)
    screen.print(Stack(*content))
    return len(_written(screen).splitlines())


def _plain_screen(width: int) -> Screen:
    return Screen(
        file=io.StringIO(),
        width=width,
        color_system=None,
        force_terminal=False,
        legacy_windows=False,
    )


def _written(screen: Screen) -> str:
    assert isinstance(screen.file, io.StringIO)  # noqa: S101 - narrows: made so just above
    return screen.file.getvalue()
