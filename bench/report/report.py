"""The report of a run: its analysis, its plots, and the page that has all of it, made once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from shlex import quote

from bench.analysis.result import Analysis, Finding
from bench.analysis.wording import counted
from bench.records.trial import Reading
from bench.report import words
from bench.report.first_screen import first_blocks
from bench.report.groups import Group, groups_of, loop_text, subject_text
from bench.report.page import Block, Bullets, Code, Details, Facts, Page, Picture, Section, Text
from bench.report.ratios import ratio_tables, traces, trials_table
from bench.report.table import Column, Entry, Row, Table, table
from bench.report.tables.cells import glance_tables, group_tables, metrics_of
from bench.report.tables.faults import fault_tables
from bench.report.tables.outcomes import (
    capacity_tables,
    checks_table,
    false_alarms_in_words,
    matrix_table,
    threshold_tables,
)
from bench.report.text import one_line
from bench.scenario.metric import Metric
from bench.scenario.quantity import count


class Report:
    """What reporters get: the analysis, and what several of them show, made on first use."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The cells by condition and loop, in the order to show them."""
        return groups_of(self.analysis)

    @cached_property
    def pictures(self) -> tuple[Picture, ...]:
        """The plots that have data; drawing them takes longer than all the rest."""
        from bench.report.plots.drawing import pictures_of  # noqa: PLC0415 - slow to import

        return pictures_of(self.analysis)

    @cached_property
    def page(self) -> Page:
        """The whole report."""
        run_id = self.analysis.run.run_id
        return Page(
            title=one_line(self.analysis.question),
            blocks=tuple(_sections(self)),
            foot=f"Every number is derived from the records of run {run_id}; analysis.json beside "
            "this file has them unrounded.",
        )


def _sections(report: Report) -> Iterator[Block]:
    analysis, groups = report.analysis, report.groups
    yield from first_blocks(analysis, groups)
    yield from threshold_tables(analysis)
    if analysis.matrix:
        yield Section("Which saver runs on which loop", (matrix_table(analysis),), "loops", "Loops")
    yield Section("What makes a number doubtful", tuple(_doubts(analysis)), "doubts", "Doubts")
    if analysis.faults:
        broken = fault_tables(analysis.faults)
        yield Section("What was broken on purpose", broken, "faults", "Faults")
    # A run whose trials were all broken on purpose has no other figures, and lacks none.
    if analysis.cells or not analysis.faults:
        yield from _timed(report)
    subjects = (_subjects(analysis),) if analysis.subjects else ()
    environment = (*subjects, _environment(analysis))
    yield Section("Environment", environment, "environment", "Environment")
    methods = (*map(Text, words.methods(analysis)), *map(Text, words.EXPLANATIONS))
    glossary = Details("What each metric means", (_glossary(analysis),))
    yield Section("Methods", (*methods, glossary), "methods", "Methods")
    yield Section("Scenario", tuple(_reproduction(analysis)), "scenario", "Scenario")


def _timed(report: Report) -> Iterator[Section]:
    """Yield what was timed: figures, ratios, numbers, gaps and trials."""
    analysis, groups = report.analysis, report.groups
    figures = report.pictures or (Text("There is nothing to draw."),)
    yield Section("Figures", figures, "figures", "Figures")
    ratios = ratio_tables(analysis, groups)
    yield Section(
        "Every ratio, with its blocks",
        (Text(words.RATIOS), *ratios) if ratios else (Text("There is nothing to compare."),),
        *("ratios", "Ratios"),
    )
    conditions = [_condition(analysis, at, group) for at, group in enumerate(groups, start=1)]
    glance = () if not ratios else (*capacity_tables(analysis), *glance_tables(analysis, groups))
    numbers: tuple[Block, ...] = (*glance, *conditions) or (Text(words.NO_NUMBER),)
    yield Section("Every number, by condition", numbers, "numbers", "Numbers")
    gaps = _not_measured(groups) or (Text(words.NO_GAPS if groups else words.NO_NUMBER),)
    yield Section("What was not measured", gaps, "not-measured", "Not measured")
    trials = (Text(words.TRACES), trials_table(analysis, groups), traces(analysis))
    yield Section("Trials", trials, "trials", "Trials")


def _doubts(analysis: Analysis) -> Iterator[Block]:
    """Yield what was looked for, the findings, the notes folded, and the checks."""
    yield Bullets(tuple(check.signed for check in analysis.answer.checks))
    if alarms := false_alarms_in_words(analysis.false_alarms):
        yield Text(f"Of the same saver measured twice, {alarms} would have been called different.")
    findings = words.findings_in_order(analysis)
    cells = len(analysis.cells)
    yield from (_finding(each, cells) for each in findings if each.severity != "note")
    if notes := tuple(_finding(each, cells) for each in findings if each.severity == "note"):
        yield Details(counted(len(notes), "note"), notes)
    if not findings:
        yield Text(words.no_findings(analysis))
    yield Details("Checks of each saver before anything was timed", (checks_table(analysis),))


def _finding(finding: Finding, cells: int) -> Section:
    """Return a finding under its effect: what it means for the numbers, and for how many."""
    affected = f" ({len(finding.cells)} of {cells} cells)" if finding.cells else ""
    told = (
        ("Measured", finding.message),
        ("Meaning", finding.meaning),
        ("What helps", finding.advice),
        ("Code", finding.code),
    )
    blocks: tuple[Block, ...] = (Facts(told),)
    if finding.cells:
        names = Text("; ".join(finding.cells), "about")
        blocks = (*blocks, Details(counted(len(finding.cells), "cell"), (names,)))
    title = f"{words.effect_of(finding)}{affected}"
    return Section(title, blocks, f"finding-{finding.code}", severity=finding.severity)


def _condition(analysis: Analysis, at: int, group: Group) -> Section:
    _, workload, payload, arrival = group.condition
    classes = dict.fromkeys(cell.loop_class for cell in group.cells if cell.loop_class)
    kind = next((cell.loop_kind for cell in group.cells if cell.loop_kind), "")
    arrival_text = next((cell.arrival_text for cell in group.cells if cell.arrival_text), "")
    described = (
        f"Workload {workload}: {analysis.workload_texts.get(workload, '')}",
        f"Payload {payload}: {analysis.payload_texts.get(payload, '')}",
        f"Arrival {arrival}: {analysis.arrival_texts.get(arrival, arrival_text)}",
        f"Loop {loop_text(group.loop, kind)}: {', '.join(classes)}",
    )
    description = Bullets(tuple(line.removesuffix(": ") for line in described), "about")
    return Section(group.title, (description, *group_tables(group)), f"condition-{at}")


def _not_measured(groups: Sequence[Group]) -> tuple[Table, ...]:
    missing: dict[tuple[str, str, str], list[str]] = {}
    failed: list[tuple[str, ...]] = []
    for group in groups:
        for cell in group.cells:
            if cell.status != "measured":
                key = (subject_text(cell), cell.status, cell.reason)
                missing.setdefault(key, []).append(group.title)
            failed += [
                (
                    *(subject_text(cell), group.title, error),
                    *(count(times), cell.error_texts.get(error, "")),
                )
                for error, times in cell.errors.items()
            ]
    rows = [
        (subject, status, "\n".join(where), reason)
        for (subject, status, reason), where in missing.items()
    ]
    tables = (
        table(
            "Cells without measurement, or with a part of it",
            ("subject", "status", "where", "reason"),
            rows,
        ),
        table(
            "Operations that failed in measured cells",
            ("subject", "where", "exception", Column("times"), "first text"),
            failed,
        ),
    )
    return tuple(each for each in tables if each.rows)


def _subjects(analysis: Analysis) -> Table:
    rows: list[tuple[str, ...]] = []
    for subject in analysis.subjects:
        cells = [cell for cell in analysis.cells if cell.subject == subject]
        stores = dict.fromkeys(
            (cell.plugin, cell.durability.value, cell.server, _pairs(cell.settings))
            for cell in cells
            if cell.settings or cell.server or cell.estimates
        )
        text = analysis.subject_texts.get(subject, "")
        rows += [(subject, text, *store) for store in stores] or [(subject, text)]
    columns = ("subject", "options", "plug-in", "durability", "server", "settings read back")
    return table("Subjects, and what their stores really ran with", columns, rows)


def _pairs(values: Mapping[str, str]) -> str:
    return "\n".join(f"{name} = {value}" for name, value in values.items())


def _environment(analysis: Analysis) -> Table:
    environment = analysis.run.environment
    parts: dict[str, Mapping[str, str]] = {
        "Host": environment.host,
        "Python": environment.python,
        "Servers": environment.servers,
        "Embedded programs": environment.programs,
        "Packages": environment.packages,
    }
    rows = (
        Row((Entry(name), Entry(value)), section=title)
        for title, values in parts.items()
        for name, value in values.items()
    )
    return table("Machine and versions", ("name", "value"), rows, look="plain")


def _glossary(analysis: Analysis) -> Table:
    known: dict[str, Metric | Reading] = {**analysis.readings, **metrics_of(analysis.cells)}
    rows = (
        (name, item.unit, item.better, one_line(item.description)) for name, item in known.items()
    )
    columns = ("metric", "unit in analysis.json", "better", "meaning")
    return table("", columns, rows, look="plain")


def _reproduction(analysis: Analysis) -> Iterator[Block]:
    record = analysis.run
    commit = record.environment.commit
    state = "with uncommitted changes" if record.environment.dirty else "clean"
    file = quote(f"{record.scenario_name}.toml")
    yield Code(
        f"checkpoint-bench run {file}{words.SCENARIO_FILE}\n"
        f"checkpoint-bench report {quote(record.run_id)}",
        "sh",
    )
    yield Facts(
        (
            ("Run", record.run_id),
            ("Started", record.started_at),
            ("Baseline", analysis.baseline_text or "none"),
            ("Exit code", f"{analysis.exit_code}: {words.EXIT_WORDS.get(analysis.exit_code, '')}"),
            ("Scenario digest", record.scenario_digest),
            ("Plan digest", record.plan_digest),
            ("Commit", f"{commit} ({state})" if commit else "unknown: not a checkout"),
        )
    )
    yield Details("The scenario, verbatim", (Code(record.scenario_text, "toml"),))
