"""The tables of the screen: headline numbers, and which saver runs on which loop."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from bench.analysis.matrix import NOT_PLANNED
from bench.analysis.result import Analysis, Cell, MatrixEntry
from bench.report.cell_tables import metrics_of
from bench.report.format import (
    ABSENT,
    Scale,
    choose_scale,
    number,
    one_line,
    scaled,
    scales_of,
    shortened,
)
from bench.report.groups import Group, Pairs, failing_text, groups_of, loop_text
from bench.report.words import INVALID_SIGN, STATUS_SIGNS

_HEADLINES = {"put.response.p50": "put", "get_tuple.response.p50": "get", "throughput": "rate"}
_RATIO_DIGITS = 2


def answer_table(analysis: Analysis, width: int) -> tuple[Table, tuple[Group, ...]]:
    """Return the headline numbers, and the conditions whose numbers fitted into ``width``."""
    groups = _widest_apart(groups_of(analysis))
    for shown in (groups, groups[:1]):
        table = _headlines(analysis, shown)
        if table.columns and _natural_width(table) <= width:
            return table, tuple(shown)
    return _headlines(analysis, groups[:1]), tuple(groups[:1])


def _widest_apart(groups: Sequence[Group]) -> list[Group]:
    """Return first and last of the groups that have most subjects."""
    most = max((len(group.cells) for group in groups if group.measured), default=0)
    largest = [group for group in groups if group.measured and len(group.cells) == most]
    return largest if len(largest) < 3 else [largest[0], largest[-1]]


def condition_legend(shown: Sequence[Group], all_groups: int) -> list[RenderableType]:
    """Return a line that names the conditions of the table and how many others there are."""
    if not shown:
        return []
    names = "; ".join(f"{'AB'[at]} = {group.title}" for at, group in enumerate(shown))
    others = all_groups - len(shown)
    more = f"; {others} more in the report" if others else ""
    text = f"{names}{more}. Times: response p50; rate: cycles. MDE: detectable ratio; "
    text += "≈: equivalent; ≠: durability differs."
    return [Text(text, style="dim")]


def _headlines(analysis: Analysis, groups: Sequence[Group]) -> Table:
    pairs = Pairs(analysis)
    metrics = metrics_of(analysis.cells)
    names = [name for name in _HEADLINES if name in metrics]
    compared = {comparison.metric.name for comparison in analysis.comparisons}
    ratio = next((name for name in analysis.primary_metrics if name in compared), "")
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False, pad_edge=False)
    table.add_column("subject", no_wrap=True)
    table.add_column("dura-\nbility", no_wrap=True)
    scales: dict[tuple[tuple[str, ...], str], Scale] = {}
    for at, group in enumerate(groups):
        for name in names:
            values = [cell.value(name) for cell in group.cells]
            scale = choose_scale(values, scales_of(metrics[name]))
            scales[group.key, name] = scale
            table.add_column(_heading("AB"[at], name, scale), justify="right", no_wrap=True)
        if ratio:
            table.add_column(f"{'AB'[at]} ÷ baseline, MDE\n{ratio}", no_wrap=True)
    by_place = {(cell.subject, group.key): cell for group in groups for cell in group.cells}
    for subject in dict.fromkeys(cell.subject for group in groups for cell in group.cells):
        cells = [by_place.get((subject, group.key)) for group in groups]
        known = next(cell for cell in cells if cell)
        row: list[Text] = [_name(known), Text(known.durability.value)]
        for group, cell in zip(groups, cells, strict=True):
            numbers = [_number(cell, name, scales[group.key, name]) for name in names]
            if cell and cell.failing_because and numbers:
                absent = [Text(ABSENT)] * (len(numbers) - 1)
                numbers = [Text(failing_text(cell), style="red"), *absent]
            row += numbers
            row += [_ratio(pairs, cell, ratio)] if ratio else []
        table.add_row(*row)
    return table


def _name(cell: Cell) -> Text:
    mark = " A/A" if cell.aa_of else ""
    return Text(cell.subject + mark)


def _heading(letter: str, name: str, scale: Scale) -> str:
    return f"{letter} {_HEADLINES[name]}\n{scale.name}"


def _number(cell: Cell | None, name: str, scale: Scale) -> Text:
    if cell is None:
        return Text(ABSENT)
    if not cell.estimates:
        return Text(cell.status[:7], style="red")
    estimate, because = cell.told(name)
    text = scaled(estimate.value if estimate else None, scale)
    if because and text != ABSENT:
        return Text(f"~~{text}~~", style="strike")
    return Text(text)


def _ratio(pairs: Pairs, cell: Cell | None, name: str) -> Text:
    if cell is None:
        return Text(ABSENT)
    comparison = pairs.of(cell, name)
    if comparison is None:
        return Text("baseline" if pairs.is_baseline(cell) else ABSENT, style="dim")
    ends = [comparison.effect.ratio, comparison.effect.low, comparison.effect.high]
    ratio, *between = [number(end, _RATIO_DIGITS) for end in ends if end is not None]
    text = f"{ratio} [{','.join(between)}]" if len(between) == 2 else ratio
    factor = comparison.effect.detectable_factor
    text += f" {number(factor, _RATIO_DIGITS)}" if factor is not None else ""
    text += " ≈" if comparison.outcome == "equivalent" else ""
    text += "" if comparison.same_durability else " ≠"
    if pairs.invalid(comparison):
        return Text(f"~~{text}~~", style="strike")
    styles = {"better": "green", "worse": "yellow", "equivalent": "cyan", "unresolved": ""}
    return Text(text, style=styles[comparison.outcome])


def _natural_width(table: Table) -> int:
    widths = [
        max(
            (len(line) for line in str(column.header).split("\n")),
            default=0,
        )
        for column in table.columns
    ]
    for at, column in enumerate(table.columns):
        cells = [len(text.plain) for text in column.cells if isinstance(text, Text)]
        widths[at] = max([widths[at], *cells])
    return sum(widths) + len(widths) - 1


# ---------------------------------------------------------------------------------------- matrix


def matrix(analysis: Analysis, *, compact: bool) -> list[RenderableType]:
    """Return savers by loops: a line for each subject, or (``compact``) some for each loop."""
    kinds = {entry.loop: entry.loop_kind for entry in analysis.matrix if entry.loop_kind}
    if compact:
        return [line for loop in analysis.loops for line in _loop_lines(analysis, loop, kinds)]
    by_place = {(entry.subject, entry.loop): entry for entry in analysis.matrix}
    explained = (entry for entry in analysis.matrix if entry.reason not in ("", NOT_PLANNED))
    reasons = list(dict.fromkeys(one_line(entry.reason) for entry in explained))
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False, pad_edge=False)
    table.add_column("saver × loop", no_wrap=True)
    for loop in analysis.loops:
        table.add_column(loop_text(loop, kinds.get(loop, "")), no_wrap=True)
    for subject in analysis.subjects:
        row = [_sign(by_place.get((subject, loop)), reasons) for loop in analysis.loops]
        table.add_row(Text(subject), *row)
    notes = [
        Text(f"[{at}] {reason}", no_wrap=True, overflow="ellipsis")
        for at, reason in enumerate(reasons, start=1)
    ]
    return [table, *notes]


def _sign(entry: MatrixEntry | None, reasons: list[str]) -> Text:
    if entry is None or entry.reason == NOT_PLANNED:
        return Text(ABSENT, style="dim")
    sign = INVALID_SIGN if entry.is_invalid else STATUS_SIGNS[entry.status]
    note = f" [{reasons.index(one_line(entry.reason)) + 1}]" if entry.reason else ""
    colours = {"measured": "green", "partly": "yellow"}
    style = "red" if entry.is_invalid else colours.get(entry.status, "red")
    return Text(sign + note, style=style)


def _loop_lines(analysis: Analysis, loop: str, kinds: dict[str, str]) -> list[RenderableType]:
    entries = [
        entry for entry in analysis.matrix if entry.loop == loop and entry.reason != NOT_PLANNED
    ]
    by_outcome: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        sign = INVALID_SIGN if entry.is_invalid else STATUS_SIGNS[entry.status]
        reason = "" if sign == STATUS_SIGNS["measured"] else shortened(entry.reason, 60)
        by_outcome.setdefault((sign, reason), []).append(entry.subject)
    return [
        Text(
            f"{loop_text(loop, kinds.get(loop, ''))}: {sign} {', '.join(subjects)}"
            + (f" ({one_line(reason)})" if reason else "")
        )
        for (sign, reason), subjects in by_outcome.items()
    ]
