"""Response times by percentile, up to the 99.9th: every quantile at once."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from bench.analysis.cell import Cell, Curve
from bench.analysis.result import Analysis
from bench.report.groups import Group, groups_of
from bench.report.plots.style import (
    LINE_STYLES,
    Room,
    Sheet,
    SubjectStyle,
    foot_in,
    invalid_note,
    is_drawn,
    legend_of,
    legend_size_in,
    quantity_axis,
    style_axes,
    subject_styles,
)
from bench.scenario.metric import READ_OPERATION, WRITE_OPERATION, time_metric

_OPERATIONS = {WRITE_OPERATION: "write (put)", READ_OPERATION: "read (get_tuple)"}
_POINTS = 60
_LARGEST_ROWS = 6
_BEYOND = {0.5: "50", 0.1: "90", 0.01: "99", 0.001: "99.9"}


def response_time_ecdf(analysis: Analysis) -> Figure | None:
    """Draw a row of panels for each condition: writes left, reads right; log time axis."""
    groups = [group for group in groups_of(analysis) if any(map(_usable, group.cells))]
    if not groups:
        return None
    shown = groups[:_LARGEST_ROWS]
    title = "Response time by percentile: the further left a curve, the faster"
    if len(groups) > len(shown):
        title += f"\n(the first {len(shown)} of {len(groups)} conditions)"
    drawn = [cell for group in shown for cell in group.cells if _usable(cell)]
    legend = legend_of(analysis, drawn)
    note = invalid_note((cell for g in shown for cell in g.cells if cell.curves), "Left out")
    legend_width, legend_height = legend_size_in(legend)
    room = Room(left_in=0.85, gap_in=0.3, right_in=legend_width, foot_in=foot_in(note))
    heights_in = [max(1.7, legend_height / len(shown) - 0.8)] * len(shown)
    sheet = Sheet(title, heights_in, len(_OPERATIONS), room, shares_columns=True)
    styles = subject_styles(analysis)
    for group, row in zip(shown, sheet.panels, strict=True):
        for operation, axes in zip(_OPERATIONS, row, strict=True):
            _draw(axes, group, operation, styles)
            axes.tick_params(labelleft=axes is row[0])
        row[0].set_ylabel("percentile", fontsize=9)
        row[0].yaxis.set_label_coords(-0.1, 0.5)
    for axes, words in zip(sheet.panels[-1], _OPERATIONS.values(), strict=True):
        axes.set_xlabel(f"response time of {words}", fontsize=9)
    # The panels of a column share their axis, which must hold all of them.
    for row in sheet.panels:
        for axes, operation in zip(row, _OPERATIONS, strict=True):
            quantity_axis(axes, "x", time_metric(operation, "response", "p50"), log=True)
    sheet.legend_right(legend)
    sheet.note(note)
    return sheet.figure


def _usable(cell: Cell) -> bool:
    return is_drawn(cell) and any(_has_points(cell.curves.get(name)) for name in _OPERATIONS)


def _has_points(curve: Curve | None) -> bool:
    """Tell whether there is a time that some operations exceed: of equal ones there is none."""
    return curve is not None and bool(curve.ns) and curve.share[0] < 1.0


def _draw(axes: Axes, group: Group, operation: str, styles: dict[str, SubjectStyle]) -> None:
    style_axes(axes, f"{_OPERATIONS[operation]} — {group.label}")
    axes.set_yscale("log")
    axes.set_ylim(1.0, min(_BEYOND) / 1.5)
    axes.set_yticks([*_BEYOND], [f"{percent} %" for percent in _BEYOND.values()])
    axes.yaxis.set_minor_locator(NullLocator())
    empty = True
    for at, cell in enumerate(group.cells):
        curve = cell.curves.get(operation)
        if not is_drawn(cell) or curve is None or not _has_points(curve):
            continue
        times, shares = _thinned(curve)
        style = styles[cell.subject]
        axes.plot(
            times,
            shares,
            color=style.colour,
            linestyle=LINE_STYLES[cell.durability],
            linewidth=1.5,
            marker=style.marker,
            markersize=4.5,
            markevery=(at % 4 * 0.05 + 0.1, 0.3),
        )
        empty = False
    if empty:
        axes.text(0.5, 0.5, "not measured here", ha="center", transform=axes.transAxes, fontsize=9)


def _thinned(curve: Curve) -> tuple[list[float], list[float]]:
    """Return at most :data:`_POINTS` times, each with the share beyond it, above 0."""
    step = max(1, -(-len(curve.ns) // _POINTS))
    kept = sorted({*range(0, len(curve.ns), step), len(curve.ns) - 1})
    shown = [at for at in kept if curve.share[at] < 1.0]
    return ([max(1.0, curve.ns[at]) for at in shown], [1.0 - curve.share[at] for at in shown])
