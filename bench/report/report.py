"""The report of a run: its analysis, its plots, and the page that has all of it, made once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from shlex import quote

from bench.analysis.result import Analysis, Finding
from bench.records.trial import Reading
from bench.report import words
from bench.report.cell_tables import glance_tables, group_tables, metrics_of
from bench.report.comparison_tables import comparison_tables, false_alarms_in_words
from bench.report.groups import Group, groups_of, loop_text, subject_text
from bench.report.outcome_tables import (
    capacity_tables,
    checks_table,
    matrix_table,
    threshold_tables,
    thresholds_in_words,
)
from bench.report.page import Block, Bullets, Code, Details, Facts, Page, Picture, Section, Text
from bench.report.plots.drawing import pictures_of
from bench.report.table import Column, Entry, Row, Table, table
from bench.report.text import one_line
from bench.scenario.metric import Metric
from bench.scenario.quantity import count

_CELLS_IN_SIGHT = 4


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
        return pictures_of(self.analysis)

    @cached_property
    def page(self) -> Page:
        """The whole report."""
        run_id = self.analysis.run.run_id
        return Page(
            title=f"Checkpoint savers compared: {self.analysis.run.scenario_name}",
            blocks=(*_head(self.analysis), *_sections(self)),
            foot=f"Every number is derived from the records of run {run_id}; analysis.json beside "
            "this file has them unrounded.",
        )


def findings_in_order(analysis: Analysis) -> list[Finding]:
    """Return the findings, the gravest first."""
    return sorted(analysis.findings, key=lambda each: words.SEVERITIES.index(each.severity))


def _head(analysis: Analysis) -> Iterator[Block]:
    yield Text(analysis.question, "lead", label="Question")
    yield Bullets(analysis.answer or (words.NO_ANSWER,), "lead", label="Answer")
    yield Facts(tuple(_facts(analysis)), label="The run")


def _sections(report: Report) -> Iterator[Section]:
    analysis, groups = report.analysis, report.groups
    findings = tuple(_finding(each) for each in findings_in_order(analysis))
    no_number = (Text(words.NO_NUMBER),)
    glance = (
        *threshold_tables(analysis),
        *capacity_tables(analysis),
        *glance_tables(analysis, groups),
    )
    yield Section(
        "Reasons to distrust a number",
        findings or (Text(words.no_findings(analysis)),),
        anchor="findings",
        label=f"Findings ({len(findings)})",
    )
    matrix = (matrix_table(analysis),)
    yield Section("Which saver runs on which loop", matrix, "matrix", "Savers × loops")
    yield Section("Checks", (checks_table(analysis),), "checks", "Checks")
    yield Section("At a glance", glance or no_number, "glance", "At a glance")
    ratios = comparison_tables(analysis, groups) or (Text("There is nothing to compare."),)
    yield Section("Ratios to the baseline", ratios, "ratios", "Ratios")
    pictures = report.pictures or (Text("There is nothing to plot."),)
    yield Section("Plots", pictures, "plots", "Plots")
    conditions = tuple(_condition(analysis, at, group) for at, group in enumerate(groups, start=1))
    title = "Every number, by condition"
    yield Section(title, conditions or no_number, "conditions", "Every number")
    gaps = _not_measured(groups) or (Text(words.NO_GAPS if groups else words.NO_NUMBER),)
    yield Section("What was not measured", gaps, "not-measured", "Not measured")
    methods = (*map(Text, words.methods(analysis)), *map(Text, words.EXPLANATIONS))
    glossary = Details("What each metric means", (_glossary(analysis),))
    yield Section("Methods", (*methods, glossary), "methods", "Methods")
    environment = (_subjects(analysis), _environment(analysis))
    yield Section("Environment", environment, "environment", "Environment")
    yield Section("Reproduce", tuple(_reproduction(analysis)), "reproduce", "Reproduce")


def _facts(analysis: Analysis) -> Iterator[tuple[str, str]]:
    record = analysis.run
    recorded, planned = analysis.trials_recorded, analysis.trials_planned
    measured = sum(1 for cell in analysis.cells if cell.estimates)
    yield "Run", record.run_id
    yield "Started", record.started_at
    yield "Trials", f"{count(recorded)} of {count(planned)} recorded"
    yield "Cells", f"{measured} of {len(analysis.cells)} measured"
    yield "Baseline", analysis.baseline_text or "none"
    if alarms := false_alarms_in_words(analysis.false_alarms):
        yield "A/A ratios called different", alarms
    if analysis.thresholds:
        yield "Thresholds", thresholds_in_words(analysis.thresholds)
    exit_words = words.EXIT_WORDS.get(analysis.exit_code, "")
    yield "Exit code", f"{analysis.exit_code}: {exit_words}".rstrip(": ")


def _finding(finding: Finding) -> Section:
    told = (("Code", finding.code), ("Meaning", finding.meaning), ("Remedy", finding.remedy))
    cells = "; ".join(finding.cells)
    if len(finding.cells) > _CELLS_IN_SIGHT:
        folded = Details(f"{len(finding.cells)} cells", (Text(cells, "about"),))
        blocks: tuple[Block, ...] = (Facts(told), folded)
    else:
        blocks = (Facts((*told, ("Cells", cells)) if cells else told),)
    return Section(finding.message, blocks, severity=finding.severity)


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
    better = {"lower": "lower is better", "higher": "higher is better", "neither": ""}
    rows = (
        (name, item.unit, better[item.better], one_line(item.description))
        for name, item in known.items()
    )
    columns = ("metric", "unit in analysis.json", "", "meaning")
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
            ("Scenario digest", record.scenario_digest),
            ("Plan digest", record.plan_digest),
            ("Commit", f"{commit} ({state})" if commit else "unknown: not a checkout"),
        )
    )
    yield Details("The scenario, verbatim", (Code(record.scenario_text, "toml"),))
