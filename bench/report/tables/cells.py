"""Tables of what was measured: at a glance over all conditions, and one condition in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.analysis.cell import Cell
from bench.analysis.checks import failed_in_words
from bench.analysis.estimation import LOWER_BOUND
from bench.analysis.result import Analysis
from bench.analysis.wording import FEWEST_FOR_INTERVAL, drift_in_words, interval_or_range
from bench.report.groups import Group, failing_text, subject_text
from bench.report.table import Column, Entry, Row, Table, table
from bench.report.text import one_line
from bench.scenario.metric import (
    CYCLE,
    READ_OPERATION,
    RESPONSE_GROWTH,
    TIMES,
    WARMUP,
    WRITE_OPERATION,
    Metric,
    rests_on_success,
    time_name,
)
from bench.scenario.quantity import (
    ABSENT,
    SPACE,
    Scale,
    choose_scale,
    count,
    interval,
    number,
    scaled,
    scales_of,
)

# In the order in which they are shown; others follow.
_TITLES = {
    WRITE_OPERATION: "Write a checkpoint (put)",
    "put_writes": "Write a task's results (put_writes)",
    READ_OPERATION: "Read the latest checkpoint (get_tuple)",
    CYCLE: "A whole cycle of the workload (cycle)",
    "list": "List what is stored (list)",
    "delete_thread": "Delete a thread (delete_thread)",
    "save": "Save a session (save)",
    "load": "Load a session (load)",
    "delete": "Delete a session (delete)",
    "statistics": "Count the sessions (statistics)",
    "clean_up": "Remove expired sessions (clean_up)",
    "restore": "Restore all sessions (restore)",
    "last_event": "A graph run until its last event (last_event)",
}
_OPENED = frozenset({WRITE_OPERATION, READ_OPERATION})
_SUBJECT = Column("subject", numeric=False)
_DURABILITY = Column(
    "durability", numeric=False, tip="what survives a crash, as read back from the store"
)
_DRIFT = Column(
    "second ÷ first half of the window",
    numeric=False,
    tip="of the primary metrics' times (medians) and rates, over the trials",
)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A metric in a column; ``family`` are the metrics that share the unit of that column."""

    metric: Metric
    name: str
    group: str
    family: tuple[Metric, ...]

    def column(self, scale: Scale) -> Column:
        return Column(self.name, self.group, scale.name, self.metric.description)

    def scale(self, cells: Iterable[Cell]) -> Scale:
        names = {metric.name for metric in self.family}
        values = [cell.value(name) for cell in cells for name in names]
        return choose_scale(values, scales_of(self.metric))


def metrics_of(cells: Iterable[Cell]) -> dict[str, Metric]:
    """Return every metric that occurs in ``cells``, by name, in the order of appearance."""
    return {name: item.metric for cell in cells for name, item in cell.estimates.items()}


def operations_of(metrics: Iterable[str]) -> tuple[str, ...]:
    """Return the operations that have times, the scenario language's usual ones first."""
    present = dict.fromkeys(of.operation for of in map(time_name, metrics) if of)
    known = [operation for operation in _TITLES if operation in present]
    return tuple(dict.fromkeys((*known, *present)))


# ----------------------------------------------------------------------------------- at a glance


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
        cells = [by_place.get((subject, group.key)) for group in groups]
        present = [cell for cell in cells if cell]
        classes = dict.fromkeys(cell.durability.value for cell in present)
        check = analysis.checks.get(subject)
        failed = map(failed_in_words, check.conformance.failed) if check else ()
        rows.append(
            (
                Entry(subject_text(present[0]), note=one_line("; ".join(failed))),
                Entry(", ".join(classes)),
                *(_entry(cell, metric, scale, is_alone=True) for cell in cells),
            )
        )
    columns = (Column(group.label, unit=scale.name) for group in groups)
    return table(metric.name, (_SUBJECT, _DURABILITY, *columns), rows, metric.description)


def _in_order(analysis: Analysis, groups: Sequence[Group]) -> list[str]:
    """Return the subjects in the order of the group that has most of them, then the others."""
    largest = max(groups, key=lambda group: len(group.cells))
    first = [cell.subject for cell in largest.cells]
    present = {cell.subject for cell in analysis.cells}
    return list(dict.fromkeys((*first, *(s for s in analysis.subjects if s in present))))


# --------------------------------------------------------------------------- a condition in full


def group_tables(group: Group) -> tuple[Table, ...]:
    """Return the tables of one condition on one loop: one for each operation, then the rest."""
    left = metrics_of(group.cells)
    growth = [left.pop(RESPONSE_GROWTH.name)] if RESPONSE_GROWTH.name in left else []
    tables = []
    for operation in operations_of(left):
        names = [name for name in left if name.startswith(f"{operation}.")]
        shown = _of_operation(operation, [left.pop(name) for name in names])
        title = _TITLES.get(operation, operation)
        tables.append(_table(group, title, shown, operation=operation))
    warm = [left.pop(name) for name in list(left) if name.startswith(f"{WARMUP}.")]
    # What is under way comes before what is read beside it.
    other = sorted(left.values(), key=lambda m: ["throughput", "errors", m.name].index(m.name))
    title = "Throughput, errors, waits, loop lag, memory, bytes stored"
    resources = _table(group, title, [_single(metric, metric.name) for metric in other])
    return (resources, *tables, _steadiness_table(group, growth, warm))


def _of_operation(operation: str, metrics: Sequence[Metric]) -> list[_Shown]:
    """Return the times, which share a unit by kind, then what else there is of an operation."""
    times: dict[str, list[Metric]] = {
        name: [] for name, time in TIMES.items() if time.part_of != "service"
    }
    others = []
    for metric in sorted(metrics, key=lambda metric: metric.name):
        of = time_name(metric.name)
        if of is not None and of.time.name in times:
            times[of.time.name].append(metric)
        else:
            others.append(_single(metric, metric.name.removeprefix(f"{operation}.")))
    shown = [
        _Shown(metric, metric.name.rpartition(".")[2], f"{time} time", tuple(family))
        for time, family in times.items()
        for metric in family
    ]
    return shown + others


def _single(metric: Metric, name: str, same_unit: Iterable[Metric] = ()) -> _Shown:
    *beginning, last = name.replace("_", " ").split(".")
    return _Shown(metric, last, " ".join(beginning), (metric, *same_unit))


def _steadiness_table(group: Group, growth: Sequence[Metric], warm: Sequence[Metric]) -> Table:
    """Return how the window went, and beside it what was due before it, in the window's units."""
    metrics = metrics_of(group.cells)
    shown = [_single(metric, metric.name) for metric in growth]
    for metric in warm:
        of_window = metrics.get(metric.name.removeprefix(f"{WARMUP}."))
        shown.append(_single(metric, metric.name, [of_window] if of_window else []))
    return _table(group, "Steadiness, and the warm-up apart", shown, with_drifts=True)


def _table(
    group: Group,
    title: str,
    shown: Sequence[_Shown],
    *,
    operation: str = "",
    with_drifts: bool = False,
) -> Table:
    """Set the cells of ``group``.

    With ``operation`` there is a column that counts how many of it were measured, with
    ``with_drifts`` one that says what drifted within the window.
    """
    scales = [each.scale(group.cells) for each in shown]
    all_rest_on_success = all(rests_on_success(each.metric.name) for each in shown)
    rows = []
    for cell in group.cells:
        head = (_subject_entry(cell), Entry(cell.durability.value))
        if not cell.estimates:
            rows.append(Row(head, rest=f"{cell.status}: {one_line(cell.reason)}"))
            continue
        if cell.failing_because and all_rest_on_success:
            rows.append(Row(head, rest=_not_compared(cell)))
            continue
        counted = (Entry(count(cell.operations.get(operation, 0))),) if operation else ()
        drifted = (_drift_entry(cell),) if with_drifts else ()
        numbers = (
            _entry(cell, each.metric, scale) for each, scale in zip(shown, scales, strict=True)
        )
        rows.append(Row((*head, *counted, *drifted, *numbers)))
    columns = (
        *(_SUBJECT, _DURABILITY),
        *((Column("operations", tip="measured, over all trials"),) if operation else ()),
        *((_DRIFT,) if with_drifts else ()),
        *(each.column(scale) for each, scale in zip(shown, scales, strict=True)),
        # Where nothing was measured only the reason stands there.
        *(() if shown or operation or with_drifts else ("reason",)),
    )
    is_closed = with_drifts or (operation and operation not in _OPENED)
    return table(title, columns, rows, fold="closed" if is_closed else "open")


# --------------------------------------------------------------------------------------- entries


def _drift_entry(cell: Cell) -> Entry:
    text = ", ".join(
        f"{series} {number(1.0 + drift.change)}" for series, drift in cell.drifts.items()
    )
    drifting = [
        f"{series} {drift_in_words(drift)}"
        for series, drift in cell.drifts.items()
        if drift.is_systematic
    ]
    return Entry(text or ABSENT, note=f"inconclusive: {'; '.join(drifting)}" if drifting else "")


def _subject_entry(cell: Cell) -> Entry:
    struck = bool(cell.invalid_because)
    return Entry(subject_text(cell), note=_doubts(cell), struck=struck, badge="subject")


def _doubts(cell: Cell) -> str:
    """Say why no number of ``cell`` must be used, or why some are lacking."""
    notes = [_must_not(cell.invalid_because)] if cell.invalid_because else []
    if cell.status == "partly":
        notes.append(f"partly measured: {one_line(cell.reason)}")
    return "; ".join(notes)


def _entry(cell: Cell | None, metric: Metric, scale: Scale, *, is_alone: bool = False) -> Entry:
    """Set a number; ``is_alone``: its row does not say what is wrong with its cell."""
    if cell is None:
        return Entry("")
    if not cell.estimates:
        return Entry(cell.status, note=one_line(cell.reason), badge="absent")
    estimate, because = cell.told(metric.name)
    if estimate is None:
        return Entry(ABSENT, badge="absent")
    if cell.failing_because and rests_on_success(metric.name):
        return Entry(failing_text(cell), note=_not_compared(cell), badge="absent")
    if estimate.value is None:
        why_not = estimate.why_not or "no reason was recorded"
        return Entry("not estimable", note=one_line(why_not), badge="absent")
    text = scaled(estimate.value, scale)
    if estimate.method == LOWER_BOUND:
        text = f"≥{SPACE}{text}"
    ends = interval_or_range(estimate.low, estimate.high, estimate.trial_values)
    between = interval(*ends, scale)
    if between and 0 < len(estimate.trial_values) < FEWEST_FOR_INTERVAL:
        between = f"range {between}"
    note = "" if between else one_line(estimate.method)
    if because and not cell.invalid_because:
        note = _must_not(because)
    elif because and is_alone:
        note = _doubts(cell)
    return Entry(text, between, note, struck=bool(because))


def _not_compared(cell: Cell) -> str:
    return f"{one_line(cell.failing_because)}; not compared"


def _must_not(because: str) -> str:
    return f"must not be used: {one_line(because)}"
