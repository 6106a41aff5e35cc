"""The figures as plots, in the style of the reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from bench.report.plots.style import (
    MUTED_COLOUR,
    Room,
    Sheet,
    foot_in,
    style_axes,
    svg,
)
from characteristics.coverage import CONFIDENCE
from characteristics.figures import (
    BY_BLOCKS,
    DEFAULT,
    EFFECTS,
    EFFECTS_BY_BLOCKS,
    LEAST_CAUGHT,
    MOST_FALSE_ALARMS,
    Figures,
    Found,
)
from characteristics.rivals import RIVALS

# Okabe and Ito, as in the reports.
_BLUE, _ORANGE, _GREEN, _PINK, _BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"
_SKY = "#56B4E9"
_SAVERS = ((_BLUE, "o"), (_GREEN, "s"), (_BLACK, "^"), (_PINK, "D"))
_RIVALS = ((_ORANGE, "v"), (_PINK, "X"), (MUTED_COLOUR, "P"))
_HEIGHT_IN = 3.2
# A legend has a row for each four savers, rivals and effects.
_ROOM = Room(foot_in=foot_in("note", 12))

LineStyle = Literal["-", "--", ":"]


def plots(figures: Figures) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each file."""
    yield "gate-operating-characteristic.svg", _characteristic(figures)
    yield "gate-blocks.svg", _blocks(figures)
    yield "interval-coverage.svg", _coverage(figures)


def _characteristic(figures: Figures) -> bytes:
    name = "gate-operating-characteristic"
    sheet = Sheet("What the gate answers, by how much slower a saver got", [_HEIGHT_IN], 2, _ROOM)
    left, right = sheet.panels[0]
    effects = (0.0, *EFFECTS)
    handles = []
    savers = tuple(figures.of(DEFAULT).cell.blocks)
    for saver, (colour, marker) in zip(savers, _SAVERS, strict=False):
        found = [figures.of(DEFAULT, saver if effect else "", effect) for effect in effects]
        _line(left, effects, [each.share(1) for each in found], colour, marker)
        _line(right, effects, [1.0 - each.share(0) for each in found], colour, marker)
        handles.append(_handle(f"this gate, {saver} slower", colour, marker))
    found = [figures.of(DEFAULT, savers[0] if effect else "", effect) for effect in effects]
    for rival, (colour, marker) in zip(RIVALS, _RIVALS, strict=True):
        shares = [each.rivals.get(rival, 0) / each.decisions for each in found]
        for axes in (left, right):
            _line(axes, effects, shares, colour, marker, "--")
        handles.append(_handle(f"{rival}, {savers[0]} slower", colour, marker, "--"))
    for effect, share in {0.0: MOST_FALSE_ALARMS, **LEAST_CAUGHT}.items():
        left.plot([100 * effect], [100 * share], marker="_", markersize=18, color=_ORANGE, zorder=5)
    handles.append(
        Line2D(
            [],
            [],
            color=_ORANGE,
            marker="_",
            markersize=14,
            linestyle="none",
            label="required: at most 1, at least 95 and 80",
        )
    )
    style_axes(left, "called a regression (exit code 1; rivals: the job fails), of 100 gates")
    style_axes(right, "not passed (exit code 1 or 3), of 100 gates")
    for axes in (left, right):
        axes.set_xlabel("true slow-down (%)", fontsize=9)
        axes.set_ylim(-2, 102)
    sheet.legend_below(handles, _note(figures.of(DEFAULT)))
    return svg(sheet.figure, name)


def _blocks(figures: Figures) -> bytes:
    sheet = Sheet("How many blocks it takes, for one saver alone", [_HEIGHT_IN], 2, _ROOM)
    left, right = sheet.panels[0]
    found = [each for each in figures.found if each.cell.gate == BY_BLOCKS]
    handles = []
    styles: tuple[tuple[float, LineStyle], ...] = tuple(
        zip(EFFECTS_BY_BLOCKS, ("-", ":"), strict=True)
    )
    savers = dict.fromkeys(each.cell.saver for each in found)
    for saver, (colour, marker) in zip(savers, _SAVERS, strict=False):
        for effect, style in styles:
            row = [e for e in found if (e.cell.saver, e.cell.effect) == (saver, effect)]
            shares = [each.share(1) for each in row]
            counts = [float(each.cell.blocks[saver]) for each in row]
            minutes = [each.minutes for each in row]
            _line(left, counts, shares, colour, marker, style, scale=1.0)
            _line(right, minutes, shares, colour, marker, style, scale=1.0)
            label = f"{saver}, {100 * effect:g} % slower"
            handles.append(_handle(label, colour, marker, style))
    for axes, title, unit in (
        (left, "called a regression, of 100 gates, by blocks of the first run", "blocks"),
        (right, "the same by what it takes, a second run included", "minutes"),
    ):
        style_axes(axes, title)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator([0.5, 1, 2, 3, 5, 6, 10, 15, 20, 30, 40, 60]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(unit, fontsize=9)
        axes.set_ylim(-2, 102)
        axes.axhline(100 * LEAST_CAUGHT[0.10], color=_ORANGE, linewidth=0.8, zorder=1)
    sheet.legend_below(handles, "Line at 95 of 100: what is required at 10 %.")
    return svg(sheet.figure, "gate-blocks")


def _coverage(figures: Figures) -> bytes:
    sheet = Sheet("How often an interval of 95 % holds the truth", [_HEIGHT_IN], 1, _ROOM)
    ((axes,),) = sheet.panels
    handles = []
    names = tuple(dict.fromkeys(each.distribution for each in figures.coverage))
    styles = (*_SAVERS, (_SKY, "P"), (_ORANGE, "v"))
    for name, (colour, marker) in zip(names, styles, strict=True):
        row = [each for each in figures.coverage if each.distribution == name]
        shares = [each.covered / each.runs for each in row]
        _line(axes, [float(each.blocks) for each in row], shares, colour, marker, scale=1.0)
        handles.append(_handle(name, colour, marker))
    runs = figures.coverage[0].runs
    half = 196.0 * (CONFIDENCE * (1.0 - CONFIDENCE) / runs) ** 0.5
    middle = 100.0 * CONFIDENCE
    axes.axhspan(middle - half, middle + half, color="#dfe4ea", zorder=0)
    axes.axhline(middle, color=MUTED_COLOUR, linewidth=0.8)
    style_axes(axes, "intervals that hold the truth, of 100")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([each.blocks for each in figures.coverage]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("blocks", fontsize=9)
    note = f"Band: what chance alone does to a share of 95 % in {runs} simulated intervals."
    sheet.legend_below(handles, note)
    return svg(sheet.figure, "interval-coverage")


def _line(
    axes: Axes,
    at: Sequence[float],
    shares: Sequence[float],
    colour: str,
    marker: str,
    style: LineStyle = "-",
    *,
    scale: float = 100.0,
) -> None:
    axes.plot(
        [scale * each for each in at],
        [100.0 * share for share in shares],
        color=colour, marker=marker, markersize=4.5, linewidth=1.5, linestyle=style,
    )  # fmt: skip


def _handle(label: str, colour: str, marker: str, style: LineStyle = "-") -> Line2D:
    return Line2D(
        [], [], color=colour, marker=marker, markersize=4.5, linewidth=1.5, linestyle=style,
        label=label,
    )  # fmt: skip


def _note(equal: Found) -> str:
    blocks = ", ".join(f"{count} of {saver}" for saver, count in equal.cell.blocks.items())
    return (
        f"All savers in one gate, blocks of its first run: {blocks}; {equal.minutes:.0f} minutes "
        "with equal arms, on average."
    )
