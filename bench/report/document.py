"""The report's contents, in order, before they are set as Markdown or HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote

from bench.analysis.checks import conformance_in_words, crash_in_words, failed_in_words
from bench.analysis.matrix import NOT_PLANNED
from bench.analysis.result import Analysis, Cell, Finding
from bench.printable import printable
from bench.records.trial import Reading
from bench.report import words as _words
from bench.report.capacity_tables import capacity_tables
from bench.report.cell_tables import glance_tables, group_tables, metrics_of
from bench.report.comparison_tables import comparison_tables, false_alarms_in_words
from bench.report.format import count, one_line
from bench.report.groups import Group, groups_of, loop_text, subject_text
from bench.report.table import (
    Column,
    Entry,
    Row,
    Section,
    Table,
    simple_table,
    text_columns,
)
from bench.report.threshold_tables import counted, threshold_tables
from bench.scenario.metric import Metric


@dataclass(frozen=True, slots=True)
class ConditionPart:
    """One condition on one loop: what it is, in words, and its tables."""

    title: str
    description: tuple[str, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A report's parts; every text is as it came, to be escaped by whoever sets it."""

    title: str
    question: str
    answer: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    matrix: Table
    checks: Table
    glance: tuple[Table, ...]
    comparisons: tuple[Table, ...]
    conditions: tuple[ConditionPart, ...]
    not_measured: tuple[Table, ...]
    without_findings: str
    without_gaps: str
    subjects: Table
    environment: tuple[Table, ...]
    glossary: Table
    methods: tuple[str, ...]
    commands: tuple[str, ...]
    identity: tuple[tuple[str, str], ...]
    scenario_text: str


def make_document(analysis: Analysis) -> Document:
    """Put the parts of the report together."""
    groups = groups_of(analysis)
    record = analysis.run
    return Document(
        title=f"Checkpoint savers compared: {record.scenario_name}",
        question=analysis.question,
        answer=analysis.answer or (_words.NO_ANSWER,),
        facts=_facts(analysis),
        findings=tuple(
            sorted(analysis.findings, key=lambda finding: _words.SEVERITIES.index(finding.severity))
        ),
        matrix=matrix_table(analysis),
        checks=checks_table(analysis),
        glance=(
            *threshold_tables(analysis),
            *capacity_tables(analysis),
            *glance_tables(analysis, groups),
        ),
        comparisons=comparison_tables(analysis, groups),
        conditions=tuple(_condition(analysis, group) for group in groups),
        not_measured=_not_measured(groups),
        without_findings=_words.no_findings(analysis),
        without_gaps=_words.NO_GAPS if groups else _words.NO_NUMBER,
        subjects=_subjects(analysis),
        environment=_environment(analysis),
        glossary=_glossary(analysis),
        methods=(*_words.methods(analysis), *_EXPLANATIONS),
        commands=(
            f"python -m bench run {quote(f'{record.scenario_name}.toml')}{_words.SCENARIO_FILE}",
            f"python -m bench report {quote(record.run_id)}",
        ),
        identity=_identity(analysis),
        scenario_text=record.scenario_text,
    )


_EXPLANATIONS = (
    _words.EXPLAINED_TIMES,
    _words.EXPLAINED_STEADINESS,
    _words.EXPLAINED_DURABILITY,
    _words.EXPLAINED_NOTATION,
)


def _facts(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    record = analysis.run
    exit_words = _words.EXIT_WORDS.get(analysis.exit_code, "")
    measured = sum(1 for cell in analysis.cells if cell.estimates)
    return (
        ("Run", record.run_id),
        ("Started", record.started_at),
        (
            "Trials",
            f"{count(analysis.trials_recorded)} of {count(analysis.trials_planned)} recorded",
        ),
        ("Cells", f"{measured} of {len(analysis.cells)} measured"),
        ("Baseline", analysis.baseline_text or "none"),
        *_false_alarms(analysis),
        *_thresholds(analysis),
        ("Exit code", f"{analysis.exit_code}: {exit_words}".rstrip(": ")),
    )


def _false_alarms(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    said = false_alarms_in_words(analysis.false_alarms)
    return (("A/A ratios called different", said),) if said else ()


def _thresholds(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    return (("Thresholds", counted(analysis.thresholds)),) if analysis.thresholds else ()


def _identity(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    record = analysis.run
    dirty = "with uncommitted changes" if record.environment.dirty else "clean"
    commit = record.environment.commit
    return (
        ("Run", record.run_id),
        ("Scenario digest", record.scenario_digest),
        ("Plan digest", record.plan_digest),
        ("Commit", f"{commit} ({dirty})" if commit else "unknown: not a checkout"),
    )


def matrix_table(analysis: Analysis) -> Table:
    """Return subjects by loops: what can run where, and if not, why not."""
    by_place = {(entry.subject, entry.loop): entry for entry in analysis.matrix}
    kinds = {entry.loop: entry.loop_kind for entry in analysis.matrix if entry.loop_kind}
    rows = []
    for subject in analysis.subjects:
        entries = [Entry(subject, analysis.subject_texts.get(subject, ""), badge="subject")]
        for loop in analysis.loops:
            found = by_place.get((subject, loop))
            if found is None or found.reason == NOT_PLANNED:
                entries.append(Entry(NOT_PLANNED, badge="absent"))
                continue
            reason = printable(found.reason)
            sign = _words.INVALID_SIGN if found.is_invalid else _words.STATUS_SIGNS[found.status]
            badge = "invalid" if found.is_invalid else found.status
            entries.append(Entry(sign, reason, badge=badge))
        rows.append(Row(tuple(entries)))
    columns = text_columns(
        "subject", *(loop_text(loop, kinds.get(loop, "")) for loop in analysis.loops)
    )
    sections = (Section("", tuple(rows)),)
    return Table("Which saver runs on which loop", columns, sections, _words.MATRIX)


def checks_table(analysis: Analysis) -> Table:
    """Return what was checked of each subject before anything was timed."""
    rows = []
    for subject in analysis.subjects:
        check = analysis.checks.get(subject)
        if check is None:
            continue
        failed = [f"✗ {failed_in_words(each)}" for each in check.conformance.failed]
        rows.append(
            (
                subject,
                "\n".join((conformance_in_words(check.conformance), *failed)),
                "\n".join((crash_in_words(check.crash), *check.crash.problems[:1])),
            )
        )
    columns = text_columns("subject", "conformance", "crash")
    return simple_table("Checks", columns, rows, _words.CHECKS)


def _condition(analysis: Analysis, group: Group) -> ConditionPart:
    _, workload, payload, arrival = group.condition
    classes = dict.fromkeys(cell.loop_class for cell in group.cells if cell.loop_class)
    kind = next((cell.loop_kind for cell in group.cells if cell.loop_kind), "")
    arrival_text = next((cell.arrival_text for cell in group.cells if cell.arrival_text), "")
    description = (
        f"Workload {workload}: {analysis.workload_texts.get(workload, '')}",
        f"Payload {payload}: {analysis.payload_texts.get(payload, '')}",
        f"Arrival {arrival}: {analysis.arrival_texts.get(arrival, arrival_text)}",
        f"Loop {loop_text(group.loop, kind)}: {', '.join(classes)}",
    )
    described = tuple(line.removesuffix(": ") for line in description)
    return ConditionPart(group.title, described, group_tables(group))


def _not_measured(groups: tuple[Group, ...]) -> tuple[Table, ...]:
    missing: dict[tuple[str, str, str], list[str]] = {}
    failed: list[tuple[str, ...]] = []
    for group in groups:
        for cell in group.cells:
            if cell.status != "measured":
                key = (subject_text(cell), cell.status, printable(cell.reason))
                missing.setdefault(key, []).append(group.title)
            failed += [_error_row(cell, group.title, error) for error in cell.errors]
    rows = [(*key[:2], "\n".join(where), key[2]) for key, where in missing.items()]
    error_columns = (
        *text_columns("subject", "where", "exception"),
        Column("times"),
        *text_columns("first text"),
    )
    tables = [
        simple_table(
            "Cells without measurement, or with a part of it",
            text_columns("subject", "status", "where", "reason"),
            rows,
        ),
        simple_table("Operations that failed in measured cells", error_columns, failed),
    ]
    return tuple(table for table in tables if table.rows)


def _error_row(cell: Cell, title: str, error: str) -> tuple[str, ...]:
    text = printable(cell.error_texts.get(error, ""))
    return (subject_text(cell), title, error, count(cell.errors[error]), text)


def _subjects(analysis: Analysis) -> Table:
    rows: list[tuple[str, ...]] = []
    for subject in analysis.subjects:
        cells = [cell for cell in analysis.cells if cell.subject == subject]
        found = dict.fromkeys(
            (cell.plugin, cell.durability.value, cell.server, _pairs(cell.settings))
            for cell in cells
            if cell.settings or cell.server or cell.estimates
        )
        text = analysis.subject_texts.get(subject, "")
        rows += [(subject, text, *each) for each in found] or [(subject, text)]
    names = ("subject", "options", "plug-in", "durability", "server", "settings read back")
    title = "Subjects, and what their stores really ran with"
    return simple_table(title, text_columns(*names), rows)


def _environment(analysis: Analysis) -> tuple[Table, ...]:
    environment = analysis.run.environment
    parts: dict[str, Mapping[str, str]] = {
        "Host": environment.host,
        "Python": environment.python,
        "Servers": environment.servers,
        "Embedded programs": environment.programs,
        "Packages": environment.packages,
    }
    return tuple(
        simple_table(title, text_columns("name", "value"), list(values.items()))
        for title, values in parts.items()
        if values
    )


def _glossary(analysis: Analysis) -> Table:
    known: dict[str, Metric | Reading] = {**analysis.readings, **metrics_of(analysis.cells)}
    better = {"lower": "lower is better", "higher": "higher is better", "neither": ""}
    rows = [
        (name, item.unit, better[item.better], one_line(item.description))
        for name, item in known.items()
    ]
    columns = text_columns("metric", "unit in analysis.json", "", "meaning")
    return simple_table("Metrics", columns, rows)


def _pairs(values: Mapping[str, str]) -> str:
    return "\n".join(f"{name} = {value}" for name, value in values.items())
