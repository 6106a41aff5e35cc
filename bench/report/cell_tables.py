"""Tables of what was measured: at a glance over all conditions, and one condition in full."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.analysis.checks import failed_in_words
from bench.analysis.result import Analysis, Cell
from bench.report.format import (
    ABSENT,
    Scale,
    choose_scale,
    count,
    estimated,
    one_line,
    scales_of,
)
from bench.report.groups import Group, failing_text, subject_text
from bench.report.table import Column, Entry, Row, Section, Table
from bench.scenario.metric import (
    CYCLE,
    READ_OPERATION,
    RESPONSE_GROWTH,
    WAIT_PARTS,
    WARMUP,
    WRITE_OPERATION,
    Metric,
    rests_on_success,
)

_TIMES = ("response", "service", "wait", *WAIT_PARTS)
TIME_METRIC = re.compile(
    rf"(?!{WARMUP}\.)(?P<operation>.+)\.(?P<time>{'|'.join(_TIMES)})\.(?P<statistic>p\d+)"
)
_OPERATIONS = (WRITE_OPERATION, "put_writes", READ_OPERATION, CYCLE)
_TITLES = {
    WRITE_OPERATION: "Write a checkpoint (put)",
    "put_writes": "Write a task's results (put_writes)",
    READ_OPERATION: "Read the latest checkpoint (get_tuple)",
    CYCLE: "A whole cycle of the workload (cycle)",
    "list": "List checkpoints (list)",
    "delete_thread": "Delete a thread (delete_thread)",
    "last_event": "A graph run until its last event (last_event)",
}
_OPENED = frozenset({"", WRITE_OPERATION, READ_OPERATION})
_DRIFT = Column(
    "second ÷ first half of the window",
    numeric=False,
    tip="of the primary metrics' times (medians) and rates, over the trials",
)
_BEGINNING = ("throughput", "errors")
_SUBJECT = Column("subject", numeric=False)
_DURABILITY = Column(
    "durability", numeric=False, tip="what survives a crash, as read back from the store"
)


def metrics_of(cells: Iterable[Cell]) -> dict[str, Metric]:
    """Return every metric that occurs in ``cells``, by name, in the order of appearance."""
    return {name: item.metric for cell in cells for name, item in cell.estimates.items()}


def operations_of(metrics: Iterable[str]) -> tuple[str, ...]:
    """Return the operations that have times, the scenario language's usual ones first."""
    times = (_time_of(name) for name in metrics)
    found = dict.fromkeys(parts["operation"] for parts in times if parts)
    known = [operation for operation in _OPERATIONS if operation in found]
    return (*known, *(operation for operation in found if operation not in known))


def glance_tables(analysis: Analysis, groups: Sequence[Group]) -> tuple[Table, ...]:
    """Return one table for each primary metric: subjects by conditions."""
    metrics = metrics_of(analysis.cells)
    primary = [metrics[name] for name in analysis.primary_metrics if name in metrics]
    return tuple(_glance(analysis, groups, metric) for metric in primary)


def _glance(analysis: Analysis, groups: Sequence[Group], metric: Metric) -> Table:
    by_place = {(cell.subject, group.key): cell for group in groups for cell in group.cells}
    values = (cell.value(metric.name) for cell in analysis.cells)
    scale = choose_scale(values, scales_of(metric))
    rows = []
    for subject in _in_order(analysis, groups):
        found = [by_place.get((subject, group.key)) for group in groups]
        present = [cell for cell in found if cell]
        entries = (
            Entry(subject_text(present[0]), note=_failed_checks(analysis, subject)),
            Entry(_durabilities(present)),
            *(_explained(_entry(cell, metric, scale), cell) for cell in found),
        )
        rows.append(Row(entries))
    columns = (
        _SUBJECT,
        _DURABILITY,
        *(Column(group.label, unit="" if not scale.name else scale.name) for group in groups),
    )
    return Table(metric.name, columns, (Section("", tuple(rows)),), metric.description)


def _failed_checks(analysis: Analysis, subject: str) -> str:
    """Say what the subject failed, be it measured here or not."""
    check = analysis.checks.get(subject)
    failed = check.conformance.failed if check else ()
    return one_line("; ".join(failed_in_words(each) for each in failed))


def _in_order(analysis: Analysis, groups: Sequence[Group]) -> list[str]:
    """Return the subjects in the order of the group that has most of them, then the others."""
    largest = max(groups, key=lambda group: len(group.cells), default=None)
    first = [cell.subject for cell in largest.cells] if largest else []
    present = {cell.subject for cell in analysis.cells}
    rest = [subject for subject in analysis.subjects if subject in present]
    return list(dict.fromkeys((*first, *rest)))


def group_tables(group: Group) -> tuple[Table, ...]:
    """Return the tables of one condition on one loop: one for each operation, then the rest."""
    metrics = metrics_of(group.cells)
    operations = operations_of(metrics)
    tables = []
    used = {RESPONSE_GROWTH.name}
    for operation in operations:
        names = [n for n in metrics if n.startswith(f"{operation}.") and n not in used]
        used.update(names)
        tables.append(_operation_table(group, operation, [metrics[name] for name in names]))
    warm = [metric for name, metric in metrics.items() if name.startswith(f"{WARMUP}.")]
    used.update(metric.name for metric in warm)
    other = [metric for name, metric in metrics.items() if name not in used]
    other.sort(key=lambda metric: _rank(metric.name, _BEGINNING))
    columns = [(_column_of(metric, metric.name), [metric]) for metric in other]
    resources = _table(group, "Throughput, errors, waits, loop lag, memory, bytes stored", columns)
    return (resources, *tables, _steadiness_table(group, warm))


def _steadiness_table(group: Group, warm: list[Metric]) -> Table:
    """Return how the window went, and beside it what was due before it."""
    metrics = metrics_of(group.cells)
    growth = [metrics[RESPONSE_GROWTH.name]] if RESPONSE_GROWTH.name in metrics else []
    measured = [metrics[name] for name in map(_of_window, warm) if name in metrics]
    columns = [
        (_column_of(metric, metric.name), [metric, *same])
        for metric, same in (
            *((metric, []) for metric in growth),
            *((metric, measured) for metric in warm),
        )
    ]
    return _table(group, "Steadiness, and the warm-up apart", columns, with_drifts=True)


def _of_window(metric: Metric) -> str:
    """Name what the window has for a metric of the warm-up: both are shown in one unit."""
    return metric.name.removeprefix(f"{WARMUP}.")


def _operation_table(group: Group, operation: str, metrics: list[Metric]) -> Table:
    columns: list[tuple[Column, list[Metric]]] = []
    for time in _TIMES:
        same_unit = [metric for metric in metrics if _time_of(metric.name).get("time") == time]
        same_unit.sort(key=lambda metric: metric.name)
        for metric in same_unit:
            statistic = metric.name.rpartition(".")[2]
            column = Column(statistic, f"{time} time", tip=metric.description)
            columns.append((column, [metric, *same_unit]))
    placed = {family[0].name for _, family in columns}
    columns += [
        (_column_of(metric, metric.name.removeprefix(f"{operation}.")), [metric])
        for metric in metrics
        if metric.name not in placed
    ]
    title = _TITLES.get(operation, operation)
    return _table(group, title, columns, operation)


def _table(
    group: Group,
    title: str,
    columns: list[tuple[Column, list[Metric]]],
    operation: str = "",
    *,
    with_drifts: bool = False,
) -> Table:
    """Set the cells of ``group``; each column has its metric first, then those that share its unit.

    With ``operation`` there is a column that counts how many of it were measured, with
    ``with_drifts`` one that says what drifted within the window.
    """
    scales = [_scale(group.cells, family) for _, family in columns]
    rows = []
    for cell in group.cells:
        head = (_subject_entry(cell), Entry(cell.durability.value))
        if not cell.estimates:
            rows.append(Row(head, rest=f"{cell.status}: {one_line(cell.reason)}"))
            continue
        if cell.failing_because and all(rests_on_success(each[0].name) for _, each in columns):
            rows.append(Row(head, rest=f"{one_line(cell.failing_because)}; not compared"))
            continue
        numbers = tuple(
            _entry(cell, family[0], scale)
            for (_, family), scale in zip(columns, scales, strict=True)
        )
        counted = (Entry(count(cell.operations.get(operation, 0))),) if operation else ()
        drifted = (_drift_entry(cell),) if with_drifts else ()
        rows.append(Row((*head, *counted, *drifted, *numbers)))
    shown = [
        Column(column.name, column.group, scale.name, column.tip)
        for (column, _), scale in zip(columns, scales, strict=True)
    ]
    counts = (Column("operations", tip="measured, over all trials"),) if operation else ()
    return Table(
        title,
        (_SUBJECT, _DURABILITY, *counts, *((_DRIFT,) if with_drifts else ()), *shown),
        (Section("", tuple(rows)),),
        closed=with_drifts or operation not in _OPENED,
    )


def _drift_entry(cell: Cell) -> Entry:
    text = ", ".join(f"{series} {1.0 + drift.change:.2f}" for series, drift in cell.drifts.items())
    drifting = [f"{series} {d.text}" for series, d in cell.drifts.items() if d.is_systematic]
    return Entry(text or ABSENT, note=f"inconclusive: {'; '.join(drifting)}" if drifting else "")


def _subject_entry(cell: Cell) -> Entry:
    notes = [_must_not(cell.invalid_because)] if cell.invalid_because else []
    if cell.status == "partly":
        notes.append(f"partly measured: {one_line(cell.reason)}")
    struck = bool(cell.invalid_because)
    return Entry(subject_text(cell), note="; ".join(notes), struck=struck, badge="subject")


def _entry(cell: Cell | None, metric: Metric, scale: Scale) -> Entry:
    if cell is None:
        return Entry("", note="")
    if not cell.estimates:
        return Entry(cell.status, note=one_line(cell.reason), badge="absent")
    estimate, because = cell.told(metric.name)
    if estimate is None:
        return Entry(ABSENT, badge="absent")
    if cell.failing_because and rests_on_success(metric.name):
        note = f"{one_line(cell.failing_because)}; not compared"
        return Entry(failing_text(cell), note=note, badge="absent")
    text, detail, why_not = estimated(estimate, scale)
    struck = bool(because) and estimate.value is not None
    if struck and not cell.invalid_because:
        why_not = _must_not(because)
    return Entry(
        text,
        detail,
        one_line(why_not),
        struck=struck,
        badge="absent" if estimate.value is None else "",
    )


def _explained(entry: Entry, cell: Cell | None) -> Entry:
    """Say at a struck-out number itself why, where its row is not about one cell alone."""
    if cell is None or not cell.invalid_because or not entry.struck:
        return entry
    return replace(entry, note=_subject_entry(cell).note)


def _must_not(because: str) -> str:
    return f"must not be used: {one_line(because)}"


def _scale(cells: Iterable[Cell], family: list[Metric]) -> Scale:
    names = dict.fromkeys(metric.name for metric in family)
    values = [cell.value(name) for cell in cells for name in names]
    return choose_scale(values, scales_of(family[0]))


def _column_of(metric: Metric, name: str) -> Column:
    *beginning, last = name.replace("_", " ").split(".")
    return Column(last, " ".join(beginning), tip=metric.description)


def _durabilities(cells: Iterable[Cell]) -> str:
    return ", ".join(dict.fromkeys(cell.durability.value for cell in cells))


def _rank(name: str, first: tuple[str, ...]) -> int:
    return first.index(name) if name in first else len(first)


def _time_of(name: str) -> dict[str, str]:
    match = TIME_METRIC.fullmatch(name)
    return match.groupdict() if match else {}
