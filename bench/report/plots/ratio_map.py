"""The map of the ratios as a drawing, for documents that cannot colour a table."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bench.analysis.result import Analysis
from bench.report.plots.style import MUTED_COLOUR, TEXT_COLOUR, WIDTH_IN, width_in, wrapped
from bench.report.ratios import ratio_maps
from bench.report.table import Entry, Table
from bench.report.text import plain

_TITLE_IN = 0.42
_LINE_IN = 0.25
_ROW_IN = 0.44
_GAP_IN = 0.18
_PADDING_IN = 0.06
_HEADLINE_PT = 15.0
_TEXT_PT = 10.0
_DETAIL_PT = 8.0
# As those of a page: a worse side in orange, a better one in blue, which every eye can tell apart.
_WORSE, _BETTER = "#c2560c", "#1f6fd1"
_LIGHTEST, _SPAN = 0.08, 0.52
_NOTE = (
    "Blue: faster, orange: slower, and how many times. Hatched, with a question mark: not proven. "
    "Small: 95 % interval. ⚠: the client was the limit, or few operations were timed."
)


def ratio_map(analysis: Analysis) -> Figure | None:
    """Draw the ratios that answer the question, under the answer; nothing where there are none.

    What is not proven is hatched. Columns stand where their texts need them to.
    """
    maps, _ = ratio_maps(analysis)
    if not maps:
        return None
    title = wrapped(
        analysis.answer.headline or analysis.question,
        *(_HEADLINE_PT, WIDTH_IN - 2.0 * _PADDING_IN, "bold"),
    )
    headline_in = _TITLE_IN + _LINE_IN * title.count("\n")
    heads_in = _widths_of_texts(maps)
    height_in = (
        headline_in
        + _TITLE_IN
        + sum(_TITLE_IN + _LINE_IN + _GAP_IN + _ROW_IN * len(each.rows) for each in maps)
    )
    figure = Figure(figsize=(WIDTH_IN, height_in), dpi=100)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(0.0, WIDTH_IN)
    axes.set_ylim(height_in, 0.0)
    _write(axes, _PADDING_IN, headline_in / 2.0, title, size=_HEADLINE_PT, weight="bold")
    top_in = headline_in
    for each in maps:
        _write(axes, _PADDING_IN, top_in + 0.22, each.title, size=12.0, weight="bold")
        top_in += _TITLE_IN
        edges_in = _edges(heads_in, len(each.columns))
        for column, left_in in zip(each.columns, edges_in, strict=False):
            _write(axes, left_in + _PADDING_IN, top_in + 0.1, column.name, size=9.5, weight="bold")
        top_in += _LINE_IN
        for row in each.rows:
            for at, entry in enumerate(row.entries):
                _place(axes, entry, edges_in[at], edges_in[at + 1] - edges_in[at], top_in)
            top_in += _ROW_IN
        top_in += _GAP_IN
    _write(axes, _PADDING_IN, height_in - 0.2, _NOTE, size=9.0, colour=MUTED_COLOUR)
    return figure


def _widths_of_texts(maps: Sequence[Table]) -> list[float]:
    """Return the widths of the columns that name what is compared, each as its longest text."""
    count = sum(1 for each in maps[0].rows[0].entries if each.shade is None and not each.badge)
    return [
        width_in(
            (
                text
                for each in maps
                for text in (each.columns[at].name, *(row.entries[at].text for row in each.rows))
            ),
            _TEXT_PT,
        )
        + 4.0 * _PADDING_IN
        for at in range(count)
    ]


def _edges(heads_in: Sequence[float], columns: int) -> list[float]:
    """Return where each column begins, and where the last one ends."""
    edges = [0.0]
    for width in heads_in:
        edges.append(edges[-1] + width)
    share_in = (WIDTH_IN - _PADDING_IN - edges[-1]) / max(1, columns - len(heads_in))
    return [*edges, *(edges[-1] + share_in * (at + 1) for at in range(columns - len(heads_in)))]


def _place(axes: Axes, entry: Entry, left_in: float, width: float, top_in: float) -> None:
    middle_in = top_in + _ROW_IN / 2.0
    if entry.shade is not None:
        colour = _WORSE if entry.shade > 0.0 else _BETTER
        depth = _LIGHTEST + _SPAN * abs(entry.shade)
        red, green, blue = (1.0 - depth * (1.0 - part) for part in to_rgb(colour))
        axes.add_patch(
            Rectangle(
                (left_in + 0.02, top_in + 0.02), width - 0.04, _ROW_IN - 0.04,
                facecolor=(red, green, blue), edgecolor="#ffffff", linewidth=0.0,
                hatch="////" if entry.is_open else None,
            )
        )  # fmt: skip
    if not entry.detail:
        _write(axes, left_in + _PADDING_IN, middle_in, entry.text)
        return
    _write(axes, left_in + _PADDING_IN, middle_in - 0.08, entry.text, weight="bold")
    _write(axes, left_in + _PADDING_IN, middle_in + 0.1, plain(entry.detail), size=_DETAIL_PT)


def _write(
    axes: Axes,
    x_in: float,
    y_in: float,
    text: str,
    *,
    size: float = _TEXT_PT,
    weight: str = "normal",
    colour: str = TEXT_COLOUR,
) -> None:
    axes.text(x_in, y_in, text, fontsize=size, fontweight=weight, color=colour, va="center")
