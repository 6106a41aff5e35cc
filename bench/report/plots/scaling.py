"""How the numbers move with concurrency, and with the size of the state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter

from bench.analysis.result import Analysis, Cell
from bench.report.cell_tables import metrics_of
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
from bench.report.text import shortened

_BY_CONCURRENCY = {
    "throughput": "throughput (cycles/s)",
    "put.response.p50": "write: put response p50",
    "get_tuple.response.p50": "read: get_tuple response p50",
}
_BY_SIZE = {
    "put.response.p50": "write: put response p50",
    "get_tuple.response.p50": "read: get_tuple response p50",
    "stored.bytes_per_checkpoint": "stored per checkpoint",
}
_LARGEST_ROWS = 8


@dataclass(frozen=True, slots=True)
class _Row:
    """Panels side by side: cells that differ only in what the x axis shows."""

    label: str
    cells: tuple[Cell, ...]


def by_concurrency(analysis: Analysis) -> Figure | None:
    """Draw throughput and response times over the number of cycles under way at once."""
    rows = _rows(
        analysis,
        lambda cell: (cell.sweep, cell.workload, cell.payload, cell.loop),
        lambda cell: cell.concurrency,
    )
    places = {cell.concurrency: float(cell.concurrency) for row in rows for cell in row.cells}
    title = "What concurrency does: throughput should rise, response time should not"
    figure = _figure(analysis, rows, _BY_CONCURRENCY, title, lambda cell: places[cell.concurrency])
    if figure is None:
        return None
    for axes in figure.axes:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(sorted(places.values())))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_minor_locator(FixedLocator([]))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlim(min(places.values()) / 1.35, max(places.values()) * 1.35)
        axes.set_xlabel("cycles under way at once", fontsize=9)
    return figure


def by_state_size(analysis: Analysis) -> Figure | None:
    """Draw response times and stored bytes over the payloads, in the scenario's order."""
    rows = _rows(
        analysis,
        lambda cell: (cell.sweep, cell.workload, cell.arrival, cell.loop),
        lambda cell: cell.payload,
    )
    used = {cell.payload for row in rows for cell in row.cells}
    known = dict.fromkeys((*analysis.payload_texts, *sorted(used)))
    order = [name for name in known if name in used]
    title = "What the size of the state costs: a steep line pays for every byte"
    figure = _figure(analysis, rows, _BY_SIZE, title, lambda cell: 2.0 ** order.index(cell.payload))
    if figure is None:
        return None
    for axes in figure.axes:
        places = [2.0**at for at in range(len(order))]
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_minor_locator(FixedLocator([]))
        axes.set_xticks(places, [shortened(name, 14) for name in order])
        axes.set_xlim(places[0] / 1.35, places[-1] * 1.35)
        axes.set_xlabel("payload", fontsize=9)
    return figure


def _rows(
    analysis: Analysis,
    fixed: Callable[[Cell], tuple[str, ...]],
    varied: Callable[[Cell], object],
) -> list[_Row]:
    """Return the cells by what is ``fixed``, if two values of ``varied`` were measured."""
    found: dict[tuple[str, ...], list[Cell]] = {}
    for cell in analysis.cells:
        if cell.estimates:
            found.setdefault(fixed(cell), []).append(cell)
    rows = []
    for key, cells in found.items():
        usable = {varied(cell) for cell in cells if is_drawn(cell)}
        if len(usable) > 1:
            label = " · ".join((*key[1:3], loop_text(key[3], cells[0].loop_kind)))
            rows.append(_Row(label, tuple(cells)))
    return rows[:_LARGEST_ROWS]


def _figure(
    analysis: Analysis,
    rows: Sequence[_Row],
    metrics: dict[str, str],
    title: str,
    place: Callable[[Cell], float],
) -> Figure | None:
    known = metrics_of(analysis.cells)
    names = [
        name
        for name in metrics
        if any(cell.value(name) for row in rows for cell in row.cells if is_drawn(cell))
    ]
    if not rows or not names:
        return None
    drawn = [cell for row in rows for cell in row.cells if is_drawn(cell)]
    legend = legend_of(analysis, drawn)
    note = invalid_note((cell for row in rows for cell in row.cells), "Left out")
    legend_width, legend_height = legend_size_in(legend)
    room = Room(
        right_in=legend_width,
        foot_in=foot_in(note),
        title_lines=2,
    )
    sheet = Sheet(
        title,
        [max(2.0, legend_height / len(rows) - 1.0)] * len(rows),
        len(names),
        room,
    )
    styles = subject_styles(analysis)
    for row, of_row in zip(rows, sheet.panels, strict=True):
        for name, axes in zip(names, of_row, strict=True):
            style_axes(axes, f"{metrics[name]}\n{row.label}")
            _draw(axes, row, name, place, styles)
            quantity_axis(axes, "y", known[name], log=True)
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
