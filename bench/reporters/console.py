"""``console.txt``: the answer on one screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bench.analysis.checks import lost_in_words
from bench.analysis.result import Analysis, Cell
from bench.analysis.summary import NOT_PLANNED
from bench.contracts import Reporter
from bench.records.check import CheckRecord
from bench.report import words
from bench.report.cell_tables import metrics_of
from bench.report.comparison_tables import false_alarms_in_words
from bench.report.groups import Group, Pairs, failing_text, loop_text
from bench.report.outcome_tables import (
    THRESHOLD_SIGNS,
    gravest_first,
    matrix_table,
    required,
    sign,
    threshold_figure,
    thresholds_in_words,
)
from bench.report.page import Block, Look, Text
from bench.report.report import Report, findings_in_order
from bench.report.table import Column, Entry, Table, table
from bench.report.terminal import natural_width, screen_text
from bench.report.text import one_line, shortened
from bench.scenario.quantity import ABSENT, Scale, choose_scale, number, scaled, scales_of

WIDTH = 120
LINES = 50
_ANSWER_LINES = 11
_FEWEST_FINDINGS = 6
_MOST_THRESHOLDS = 5
_LOOKS: dict[str, Look] = {"invalid": "bad", "warning": "warning", "note": "about"}
_HEADLINES = {"put.response.p50": "put", "get_tuple.response.p50": "get", "throughput": "rate"}
# A ratio, its interval and what would show stand in one column beside the others.
_RATIO_DIGITS = 2


class Console(Reporter):
    """Sets answer, headline numbers, compatibility matrix and findings on about one screen."""

    def render(self, report: Report) -> Mapping[str, bytes]:
        """Return ``console.txt``: plain text of at most :data:`WIDTH` columns."""
        text = screen_text(screen_content(report, WIDTH), WIDTH)
        return {"console.txt": (text + "\n").encode()}


def screen_content(report: Report, width: int) -> list[Block]:
    """Return what is shown on a screen of ``width`` columns.

    The matrix takes one line for each subject where there is room for it, else one for each loop.
    """
    analysis = report.analysis
    headlines, shown = _answer_table(report, width)
    top = [
        *_top(analysis, width),
        *_thresholds(analysis),
        headlines,
        *_legend(shown, len(report.groups)),
        *_checks(analysis),
    ]
    used = _height(top, width)
    matrix: list[Block] = [matrix_table(analysis, with_reasons=False)]
    if used + _height(matrix, width) + _FEWEST_FINDINGS + 1 > LINES:
        matrix = [line for loop in analysis.loops for line in _loop_lines(analysis, loop)]
    left = LINES - used - _height(matrix, width) - 1
    return [*top, *matrix, *_findings(analysis, max(_FEWEST_FINDINGS, left))]


def _height(blocks: Sequence[Block], width: int) -> int:
    return len(screen_text(blocks, width).splitlines())


def _top(analysis: Analysis, width: int) -> Iterator[Block]:
    trials = f"{analysis.trials_recorded} of {analysis.trials_planned} trials"
    if alarms := false_alarms_in_words(analysis.false_alarms):
        trials += f" · A/A ratios called different: {alarms}"
    yield Text(f"{analysis.run.run_id} · {trials}", "about")
    yield Text(one_line(analysis.question), "lead")
    sentences = analysis.answer or (words.NO_ANSWER,)
    used = 0
    for at, sentence in enumerate(sentences):
        line = Text(f"→ {one_line(sentence)}")
        used += _height([line], width)
        if used > _ANSWER_LINES and at:
            yield Text(f"→ … and {len(sentences) - at} more: see the report", "about")
            return
        yield line


def _thresholds(analysis: Analysis) -> Iterator[Block]:
    """Count the outcomes, and say what is not met."""
    if not analysis.thresholds:
        return
    unmet = [each for each in gravest_first(analysis.thresholds) if each.outcome != "met"]
    yield Text(
        f"Thresholds: {thresholds_in_words(analysis.thresholds)}", "bad" if unmet else "good"
    )
    for each in unmet[:_MOST_THRESHOLDS]:
        figure = " ".join(filter(None, threshold_figure(each)))
        why = "" if each.outcome == "broken" else f" ({one_line(each.reason)})"
        yield Text(
            f"{THRESHOLD_SIGNS[each.outcome][0]} {required(each)}: {figure}, {each.cell}{why}",
            "warning" if each.outcome == "not shown" else "bad",
            is_cut=True,
        )
    if len(unmet) > _MOST_THRESHOLDS:
        yield Text(f"… and {len(unmet) - _MOST_THRESHOLDS} more: see the report")


def _checks(analysis: Analysis) -> Iterator[Block]:
    """Yield a line for each thing that the checks say, with the subjects of which it is true."""
    subjects_of: dict[tuple[str, str], list[str]] = {}
    for subject, check in analysis.checks.items():
        for told in _of_check(check):
            subjects_of.setdefault(told, []).append(subject)
    ordered = sorted(subjects_of.items(), key=lambda item: not item[0][0].startswith("✗"))
    for (said, reason), subjects in ordered:
        who = "all subjects" if len(subjects) == len(analysis.subjects) else ", ".join(subjects)
        text = f"{said}: {who}" + (f" ({one_line(reason)})" if reason else "")
        yield Text(text, "bad" if said.startswith("✗") else "about", is_cut=True)


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


def _findings(analysis: Analysis, most: int) -> Iterator[Block]:
    findings = findings_in_order(analysis)
    if not findings:
        yield Text(words.no_findings(analysis), "about")
    shown = findings if len(findings) <= most else findings[: most - 1]
    for each in shown:
        text = f"{each.severity}: {one_line(each.message)}"
        yield Text(text, _LOOKS[each.severity], is_cut=True)
    if len(shown) < len(findings):
        yield Text(f"… and {len(findings) - len(shown)} more findings: see the report")


# ------------------------------------------------------------------------------ headline numbers


def _answer_table(report: Report, width: int) -> tuple[Table, Sequence[Group]]:
    """Return the headline numbers, and the conditions whose numbers fitted into ``width``."""
    groups = _widest_apart(report.groups)
    both = _headlines(report.analysis, groups)
    if len(groups) < 2 or natural_width(both) <= width:
        return both, groups
    return _headlines(report.analysis, groups[:1]), groups[:1]


def _widest_apart(groups: Sequence[Group]) -> list[Group]:
    """Return first and last of the groups that have most subjects."""
    most = max((len(group.cells) for group in groups if group.measured), default=0)
    largest = [group for group in groups if group.measured and len(group.cells) == most]
    return largest if len(largest) < 3 else [largest[0], largest[-1]]


def _legend(shown: Sequence[Group], all_groups: int) -> Iterator[Block]:
    """Yield a line that names the conditions of the table and how many others there are."""
    if shown:
        names = "; ".join(f"{'AB'[at]} = {group.title}" for at, group in enumerate(shown))
        others = all_groups - len(shown)
        more = f"; {others} more in the report" if others else ""
        yield Text(
            f"{names}{more}. Times: response p50; rate: cycles. MDE: detectable ratio; "
            "≈: equivalent; ≠: durability differs.",
            "about",
        )


def _headlines(analysis: Analysis, groups: Sequence[Group]) -> Table:
    pairs = Pairs(analysis)
    metrics = metrics_of(analysis.cells)
    names = [name for name in _HEADLINES if name in metrics]
    compared = {comparison.metric.name for comparison in analysis.comparisons}
    ratio = next((name for name in analysis.primary_metrics if name in compared), "")
    columns = [Column("subject", numeric=False), Column("dura-\nbility", numeric=False)]
    scales: list[list[Scale]] = []
    for letter, group in zip("AB", groups, strict=False):
        of_group = [
            choose_scale([cell.value(name) for cell in group.cells], scales_of(metrics[name]))
            for name in names
        ]
        columns += [
            Column(f"{letter} {_HEADLINES[name]}", unit=scale.name)
            for name, scale in zip(names, of_group, strict=True)
        ]
        if ratio:
            columns.append(Column(f"{letter} ÷ baseline, MDE", unit=ratio, numeric=False))
        scales.append(of_group)
    rows = []
    for subject in dict.fromkeys(cell.subject for group in groups for cell in group.cells):
        cells = [_cell_of(group, subject) for group in groups]
        known = next(cell for cell in cells if cell)
        row = [Entry(subject + (" A/A" if known.aa_of else "")), Entry(known.durability.value)]
        for cell, of_group in zip(cells, scales, strict=True):
            row += _numbers(cell, names, of_group)
            row += [_ratio(pairs, cell, ratio)] if ratio else []
        rows.append(row)
    return table("", columns, rows)


def _cell_of(group: Group, subject: str) -> Cell | None:
    return next((cell for cell in group.cells if cell.subject == subject), None)


def _numbers(cell: Cell | None, names: Sequence[str], scales: Sequence[Scale]) -> list[Entry]:
    if cell and cell.failing_because and names:
        return [Entry(failing_text(cell), badge="failed"), *[Entry(ABSENT)] * (len(names) - 1)]
    return [_number(cell, name, scale) for name, scale in zip(names, scales, strict=True)]


def _number(cell: Cell | None, name: str, scale: Scale) -> Entry:
    if cell is None:
        return Entry(ABSENT)
    if not cell.estimates:
        return Entry(cell.status[:7], badge="failed")
    estimate, because = cell.told(name)
    value = estimate.value if estimate else None
    return Entry(scaled(value, scale), struck=bool(because) and value is not None)


def _ratio(pairs: Pairs, cell: Cell | None, name: str) -> Entry:
    comparison = pairs.of(cell, name) if cell else None
    if cell is None or comparison is None:
        is_baseline = cell is not None and pairs.is_baseline(cell)
        return Entry("baseline" if is_baseline else ABSENT, badge="absent")
    effect = comparison.effect
    ends = [effect.ratio, effect.low, effect.high]
    ratio, *between = [number(end, _RATIO_DIGITS) for end in ends if end is not None]
    text = f"{ratio} [{','.join(between)}]" if len(between) == 2 else ratio
    factor = effect.detectable_factor
    text += f" {number(factor, _RATIO_DIGITS)}" if factor is not None else ""
    text += " ≈" if comparison.outcome == "equivalent" else ""
    text += "" if comparison.same_durability else " ≠"
    return Entry(text, struck=bool(pairs.invalid(comparison)), badge=comparison.outcome)


def _loop_lines(analysis: Analysis, loop: str) -> Iterator[Block]:
    """Yield a line for each outcome on a loop, with the subjects that have it."""
    subjects_of: dict[tuple[str, str], list[str]] = {}
    kind = ""
    for entry in analysis.matrix:
        if entry.loop == loop and entry.reason != NOT_PLANNED:
            kind = kind or entry.loop_kind
            is_fine = sign(entry) == words.STATUS_SIGNS["measured"]
            reason = "" if is_fine else shortened(entry.reason, 60)
            subjects_of.setdefault((sign(entry), reason), []).append(entry.subject)
    for (outcome, reason), subjects in subjects_of.items():
        why = f" ({reason})" if reason else ""
        yield Text(f"{loop_text(loop, kind)}: {outcome} {', '.join(subjects)}{why}")
