"""How the numbers move with concurrency, and with the size of the state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter

from bench.analysis.cell import Cell
from bench.analysis.result import Analysis
from bench.report.groups import loop_text
from bench.report.plots.style import (
    LINE_STYLES,
    Room,
    Sheet,
    SubjectStyle,
    error_bars,
    foot_in,
    invalid_note,
    is_drawn,
    legend_of,
    legend_size_in,
    quantity_axis,
    style_axes,
    subject_styles,
)
from bench.report.tables.cells import metrics_of
from bench.report.text import shortened

_WRITE_AND_READ = {
    "put.response.p50": "write: put response p50",
    "get_tuple.response.p50": "read: get_tuple response p50",
}
_LARGEST_ROWS = 8


@dataclass(frozen=True, slots=True)
class _Axis:
    """What the x axis shows ``of`` a cell, its place and label; ``fixed``: what stays the same."""

    title: str
    label: str
    metrics: Mapping[str, str]
    fixed: Callable[[Cell], tuple[str, ...]]
    of: Callable[[Cell], str]
    places: Callable[[Iterable[Cell]], Mapping[str, tuple[float, str]]]


@dataclass(frozen=True, slots=True)
class _Row:
    """Panels side by side: cells that differ only in what the x axis shows."""

    label: str
    cells: tuple[Cell, ...]


def by_concurrency(analysis: Analysis) -> Figure | None:
    """Draw throughput and response times over the number of cycles under way at once."""

    def places(cells: Iterable[Cell]) -> Mapping[str, tuple[float, str]]:
        found = sorted({cell.concurrency for cell in cells})
        return {str(number): (float(number), f"{number:g}") for number in found}

    axis = _Axis(
        "What concurrency does: throughput should rise, response time should not",
        "cycles under way at once",
        {"throughput": "throughput (cycles/s)", **_WRITE_AND_READ},
        lambda cell: (cell.sweep, cell.workload, cell.payload, cell.loop),
        lambda cell: str(cell.concurrency),
        places,
    )
    return _figure(analysis, axis)


def by_state_size(analysis: Analysis) -> Figure | None:
    """Draw response times and stored bytes over the payloads, in the scenario's order."""

    def places(cells: Iterable[Cell]) -> Mapping[str, tuple[float, str]]:
        used = {cell.payload for cell in cells}
        known = dict.fromkeys((*analysis.payload_texts, *sorted(used)))
        order = [name for name in known if name in used]
        return {name: (2.0**at, shortened(name, 14)) for at, name in enumerate(order)}

    axis = _Axis(
        "What the size of the state costs: a steep line pays for every byte",
        "payload",
        {**_WRITE_AND_READ, "stored.bytes_per_checkpoint": "stored per checkpoint"},
        lambda cell: (cell.sweep, cell.workload, cell.arrival, cell.loop),
        lambda cell: cell.payload,
        places,
    )
    return _figure(analysis, axis)


def _rows(analysis: Analysis, axis: _Axis) -> list[_Row]:
    """Return the cells by what is fixed, where two values of what varies were measured."""
    found: dict[tuple[str, ...], list[Cell]] = {}
    for cell in analysis.cells:
        if cell.estimates:
            found.setdefault(axis.fixed(cell), []).append(cell)
    return [
        _Row(" · ".join((*key[1:3], loop_text(key[3], cells[0].loop_kind))), tuple(cells))
        for key, cells in found.items()
        if len({axis.of(cell) for cell in cells if is_drawn(cell)}) > 1
    ][:_LARGEST_ROWS]


def _figure(analysis: Analysis, axis: _Axis) -> Figure | None:
    rows = _rows(analysis, axis)
    cells = [cell for row in rows for cell in row.cells]
    drawn = [cell for cell in cells if is_drawn(cell)]
    known = metrics_of(analysis.cells)
    names = [name for name in axis.metrics if any(cell.value(name) for cell in drawn)]
    if not rows or not names:
        return None
    legend = legend_of(analysis, drawn)
    note = invalid_note(cells, "Left out")
    legend_width, legend_height = legend_size_in(legend)
    sheet = Sheet(
        axis.title,
        [max(2.0, legend_height / len(rows) - 1.0)] * len(rows),
        len(names),
        Room(right_in=legend_width, foot_in=foot_in(note), title_lines=2),
    )
    places = axis.places(cells)
    styles = subject_styles(analysis)
    for row, of_row in zip(rows, sheet.panels, strict=True):
        for name, axes in zip(names, of_row, strict=True):
            style_axes(axes, f"{axis.metrics[name]}\n{row.label}")
            _draw(axes, row, name, lambda cell: places[axis.of(cell)][0], styles)
            quantity_axis(axes, "y", known[name], log=True)
            ends = [place for place, _ in places.values()]
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.xaxis.set_minor_locator(FixedLocator([]))
            axes.set_xticks(ends, [label for _, label in places.values()])
            axes.set_xlim(ends[0] / 1.35, ends[-1] * 1.35)
            axes.set_xlabel(axis.label, fontsize=9)
    sheet.legend_right(legend)
    sheet.note(note)
    return sheet.figure


def _draw(
    axes: Axes,
    row: _Row,
    name: str,
    place: Callable[[Cell], float],
    styles: dict[str, SubjectStyle],
) -> None:
    subjects = list(dict.fromkeys(cell.subject for cell in row.cells))
    for at, subject in enumerate(subjects):
        cells = [
            cell
            for cell in row.cells
            if cell.subject == subject and is_drawn(cell) and cell.value(name)
        ]
        if not cells:
            continue
        cells.sort(key=place)
        # Side by side within 4 % of the x value, so that intervals do not hide each other.
        beside = 1.0 + 0.04 * (at / max(1, len(subjects) - 1) - 0.5)
        estimates = [cell.estimates[name] for cell in cells]
        style = styles[subject]
        axes.errorbar(
            [place(cell) * beside for cell in cells],
            [estimate.value or 0.0 for estimate in estimates],
            yerr=error_bars(estimates),
            color=style.colour,
            marker=style.marker,
            markersize=5,
            linewidth=1.3,
            linestyle=LINE_STYLES[cells[0].durability],
            elinewidth=1.0,
            capsize=2.0,
        )
