"""What is read first, on a page and on a screen: the answer, what to doubt, the ratios as a map."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from bench.analysis.answer.statements import RUNS
from bench.analysis.result import Analysis
from bench.analysis.wording import Statement, counted, listed
from bench.report import words
from bench.report.groups import Group
from bench.report.page import Block, Box, Bullets, Details, Look, Text
from bench.report.ratios import ratio_maps, title_of
from bench.report.table import Entry, Row, Table
from bench.report.tables.cells import glance_tables, metrics_of
from bench.report.tables.outcomes import (
    THRESHOLD_SIGNS,
    capacity_tables,
    gravest_first,
    required,
    threshold_figure,
    thresholds_in_words,
)
from bench.report.text import code, link, one_line, shortened, strong

# So many conditions stand side by side on a screen.
_COLUMNS_ON_SCREEN = 4
_MOST_ON_SCREEN = 5
# Of a map: saver, against, durability.
_HEADS = 3
# Of so many clients the most are waiting.
_MANY = 16
_WIDEST_NAME = 22
_OPTION = re.compile(r"--[a-z]+ \d+")


def about(analysis: Analysis) -> str:
    """Say in a line what was measured, when and on what."""
    environment = analysis.run.environment
    # A plug-in is named by its package, what it adds behind it: redis_shallow.
    measured = {cell.plugin.partition("_")[0] for cell in analysis.cells if cell.estimates}
    savers = [
        f"{saver} {version}"
        for name, version in environment.packages.items()
        if (saver := name.removeprefix("langgraph-checkpoint-")) != name and saver in measured
    ]
    host = environment.host
    cores = host.get("cores_usable") or host.get("cores", "")
    parts = (
        analysis.run.scenario_name,
        analysis.run.started_at[:10],
        host.get("cpu_model", ""),
        f"{cores} cores" if cores else "",
        f"savers {', '.join(savers)}" if savers else "",
    )
    return " · ".join(filter(None, parts))


def first_blocks(analysis: Analysis, groups: tuple[Group, ...]) -> Iterator[Block]:
    """Yield the first screen of a page."""
    yield Text(about(analysis), "about")
    yield from boxes(analysis)
    maps, beside = ratio_maps(analysis)
    yield from maps
    if maps:
        many = any(c.concurrency >= _MANY and not c.blocks.is_open for c in analysis.cells)
        closed = f" {words.CLOSED_LOAD}" if many else ""
        yield Text(f"{words.MAP} {words.DURABILITY}{closed}", "about")
    else:
        yield from (*capacity_tables(analysis), *glance_tables(analysis, groups))
    if beside:
        yield Details("Pairs with other promises", (Text(words.OTHER_PROMISES), *beside))
    yield Text(" · ".join(chips(analysis)), "about")


def boxes(analysis: Analysis) -> Iterator[Box]:
    """Yield the answer, and what to doubt in it."""
    told = analysis.answer
    headline = told.headline or ("" if told.statements else words.NO_ANSWER)
    yield Box(headline, tuple(map(_sentence, told.statements)), "answer")
    if told.doubts:
        first, *others = told.doubts
        rest = tuple(_sentence(each) for each in others)
        yield Box(f"{first.about}.", (with_options(first.text), *rest), "doubt")


def _sentence(statement: Statement) -> str:
    about = statement.sentence.removesuffix(statement.text).strip()
    text = with_options(statement.text)
    return f"{strong(about)} {text}" if about else text


def with_options(text: str) -> str:
    """Mark options of the command line as code, which stays on one line."""
    return _OPTION.sub(lambda option: code(option[0]), text)


def chips(analysis: Analysis) -> Iterator[str]:
    """Yield what was looked for and whether it is in order, then how many findings there are.

    Of the warnings the one of most cells is named; what is invalid is the first doubt.
    """
    yield from (one_line(check.signed) for check in analysis.answer.checks)
    counts = Counter(finding.severity for finding in analysis.findings)
    if counts["invalid"]:
        yield f"✗ {counts['invalid']} invalid"
    if warned := [each for each in analysis.findings if each.severity == "warning"]:
        # One that names no cell is about all of them.
        widest = max(warned, key=lambda each: len(each.cells) or len(analysis.cells))
        concerned = "most cells have" if widest.cells else "of the whole run"
        among = "" if len(warned) == 1 else f", {concerned}"
        named = link(words.effect_of(widest), f"finding-{widest.code}")
        yield f"⚠ {counted(len(warned), 'warning')}{among}: {named}"
    if counts["note"]:
        yield counted(counts["note"], "note")


# ------------------------------------------------------------------------------------- a screen


def screen_blocks(analysis: Analysis, groups: tuple[Group, ...]) -> Iterator[Block]:
    """Yield the same for a screen: what the map shows is not told again in sentences."""
    maps, _ = ratio_maps(analysis)
    yield Text(one_line(analysis.question), "about")
    answer, *doubts = boxes(analysis)
    kept = [
        each for each in analysis.answer.statements if not maps or " against " not in each.about
    ]
    runs = [each for each in kept if maps and each.about == RUNS]
    yield replace(answer, items=tuple(_sentence(each) for each in kept if each not in runs))
    for each in maps:
        yield from _in_columns(each)
    if maps:
        baselines = dict.fromkeys(
            f"{row.entries[1].text} ({row.entries[2].text})" for each in maps for row in each.rows
        )
        yield Text(f"{words.MAP_ON_SCREEN} Against {listed(baselines)}.", "about")
    else:
        yield from capacity_tables(analysis)
        yield from _glance(analysis, groups)
    yield Bullets(tuple(map(_sentence, runs)))
    yield from _thresholds(analysis)
    yield Text(" · ".join(chips(analysis)), "about")
    yield from doubts


def _in_columns(table: Table) -> Iterator[Table]:
    """Yield ``table`` in parts that are narrow enough; what is compared with what stands above."""
    savers = [row.entries[0].text for row in table.rows]
    is_clear = len(savers) == len(set(savers))
    for at in range(_HEADS, len(table.columns), _COLUMNS_ON_SCREEN):
        kept = slice(at, at + _COLUMNS_ON_SCREEN)
        heads = (replace(each, name=each.name.replace(" · ", "\n")) for each in table.columns[kept])
        rows = tuple(Row((_who(row, is_clear=is_clear), *row.entries[kept])) for row in table.rows)
        yield replace(table, columns=(table.columns[0], *heads), rows=rows)


def _who(row: Row, *, is_clear: bool) -> Entry:
    saver, baseline = (entry.text for entry in row.entries[:2])
    return Entry(shortened(saver if is_clear else f"{saver} ÷ {baseline}", _WIDEST_NAME))


def _glance(analysis: Analysis, groups: tuple[Group, ...]) -> Iterator[Table]:
    """Yield every metric with its intervals of one condition; of several the first metric alone."""
    metrics = metrics_of(analysis.cells)
    is_one = len(groups) == 1
    for each in glance_tables(analysis, groups)[: None if is_one else 1]:
        kept = (0, 1, 2) if is_one else (0, *range(2, len(each.columns))[:_COLUMNS_ON_SCREEN])
        rows = (
            Row(
                tuple(
                    replace(entry, note="", detail=entry.detail if is_one else "")
                    for entry in (row.entries[at] for at in kept)
                )
            )
            for row in each.rows
        )
        yield replace(
            each,
            title=title_of(metrics[each.title]),
            columns=tuple(each.columns[at] for at in kept),
            rows=tuple(rows),
        )


def _thresholds(analysis: Analysis) -> Iterator[Block]:
    if not analysis.thresholds:
        return
    unmet = [each for each in gravest_first(analysis.thresholds) if each.outcome != "met"]
    look: Look = "bad" if unmet else "good"
    yield Text(f"Thresholds: {thresholds_in_words(analysis.thresholds)}", look)
    for each in unmet[:_MOST_ON_SCREEN]:
        figure = " ".join(filter(None, threshold_figure(each)))
        why = "" if each.outcome == "broken" else f" ({one_line(each.reason)})"
        yield Text(
            f"{THRESHOLD_SIGNS[each.outcome][0]} {required(each)}: {figure}, {each.cell}{why}",
            "warning" if each.outcome == "not shown" else "bad",
        )
    if len(unmet) > _MOST_ON_SCREEN:
        yield Text(f"… and {len(unmet) - _MOST_ON_SCREEN} more: see the report")
