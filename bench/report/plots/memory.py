"""Peak memory of client and server."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bench.analysis.cell import Cell
from bench.analysis.result import Analysis
from bench.report.groups import Group, groups_of, subject_text
from bench.report.plots.style import (
    TEXT_COLOUR,
    Room,
    Sheet,
    error_bars,
    foot_in,
    invalid_note,
    is_usable,
    quantity_axis,
    style_axes,
    width_in,
)
from bench.report.tables.cells import metrics_of
from bench.report.text import shortened
from bench.scenario.quantity import quantity

_SIDES = {
    "client process, peak": (("worker.uss_peak", "worker.rss_peak"), "#0072B2"),
    "server processes, peak": (("server.pss_peak",), "#E69F00"),
}
_COLUMNS = 2
_LARGEST_PANELS = 12
# With two panels beside each other more labels such as "120 MB" would touch.
_LARGEST_TICKS = 6


def peak_memory(analysis: Analysis) -> Figure | None:
    """Draw a panel for each condition: for each subject a bar for client and one for server."""
    known = metrics_of(analysis.cells)
    sides = {
        label: (next(name for name in names if name in known), colour)
        for label, (names, colour) in _SIDES.items()
        if any(name in known for name in names)
    }
    names = [name for name, _ in sides.values()]
    groups = [
        group
        for group in groups_of(analysis)
        if any(cell.value(name) is not None for cell in group.cells for name in names)
    ][:_LARGEST_PANELS]
    if not groups:
        return None
    rows = [groups[at : at + _COLUMNS] for at in range(0, len(groups), _COLUMNS)]
    heights = [max(len(group.measured) for group in row) for row in rows]
    cells = [cell for group in groups for cell in group.cells]
    handles = [
        Patch(color=colour, label=f"{label} ({name})") for label, (name, colour) in sides.items()
    ]
    note = invalid_note(cells, "Hatched")
    label_width = width_in(map(_label, cells), 8.5) + 0.3
    below_in = foot_in(note, len(handles))
    room = Room(left_in=label_width, gap_in=label_width, below_in=0.4, foot_in=below_in)
    sheet = Sheet(
        "Peak memory: what the client process holds, and what its server holds beside it",
        [0.27 * height + 0.15 for height in heights],
        _COLUMNS,
        room,
    )
    for row, height, of_row in zip(rows, heights, sheet.panels, strict=True):
        for axes, group in zip(of_row, row, strict=False):
            _draw(axes, group, sides, height)
        for axes in of_row[len(row) :]:
            axes.set_visible(False)
    ends = [end for group in groups for cell in group.cells for end in _ends(cell, names)]
    for axes in sheet.figure.axes:
        axes.set_xlim(0.0, 1.16 * max(ends, default=1.0))
        axes.xaxis.set_major_locator(MaxNLocator(_LARGEST_TICKS - 1))
        quantity_axis(axes, "x", known[names[0]], log=False)
    sheet.legend_below(handles, note)
    return sheet.figure


def _label(cell: Cell) -> str:
    return shortened(subject_text(cell), 30)


def _ends(cell: Cell, names: Sequence[str]) -> list[float]:
    """Return how far to the right the bars and intervals of ``cell`` reach."""
    found = [cell.estimates[name] for name in names if name in cell.estimates]
    return [end for each in found for end in (each.value, each.high) if end is not None]


def _draw(axes: Axes, group: Group, sides: dict[str, tuple[str, str]], places: int) -> None:
    cells = group.measured
    style_axes(axes, group.label)
    height = 0.8 / len(sides)
    for at, (name, colour) in enumerate(sides.values()):
        _bars(axes, cells, name, colour, at * height - 0.4 + height / 2, height)
    axes.set_yticks(range(len(cells)), [_label(cell) for cell in cells])
    axes.set_ylim(places - 0.4, -0.6)
    axes.grid(visible=False, axis="y")


def _bars(
    axes: Axes, cells: Sequence[Cell], name: str, colour: str, offset: float, height: float
) -> None:
    for at, cell in enumerate(cells):
        estimate = cell.estimates.get(name)
        if estimate is None or estimate.value is None:
            continue
        invalid = not is_usable(cell)
        axes.barh(
            at + offset,
            estimate.value,
            height=height * 0.92,
            color="white" if invalid else colour,
            edgecolor=colour,
            hatch="////" if invalid else None,
            xerr=error_bars([estimate]),
            error_kw={"elinewidth": 1.0, "capsize": 1.8, "ecolor": TEXT_COLOUR},
        )
        end = estimate.high if estimate.high is not None else estimate.value
        axes.annotate(
            quantity(estimate.value, estimate.metric.unit),
            (end, at + offset),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
            color=TEXT_COLOUR,
        )
