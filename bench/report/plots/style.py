"""How all plots look: colours, markers, line styles, axes, notes. No pyplot, no global state."""

from __future__ import annotations

import io
import math
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from bench.analysis.cell import Cell, Estimate
from bench.analysis.result import Analysis
from bench.report.text import one_line, shortened
from bench.scenario.durability import Durability
from bench.scenario.metric import Metric
from bench.scenario.quantity import number, scales_of

WIDTH_IN = 12.0
TEXT_COLOUR = "#1f2933"
MUTED_COLOUR = "#66727f"
GRID_COLOUR = "#dfe4ea"

# Okabe and Ito, "Color universal design" (2008), without its yellow, then Paul Tol's "muted"
# (technical note SRON/EPS/TN/09-002): told apart with every common colour vision.
_COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#000000",
    "#56B4E9",
    "#E69F00",
    "#882255",
    "#999933",
    "#332288",
    "#44AA99",
    "#AA4466",
)
_MARKERS = "osD^vPX<>*hp"
LINE_STYLES: dict[Durability, tuple[float, Sequence[float]]] = {
    Durability.FSYNC: (0, ()),
    Durability.RELAXED: (0, (5.0, 1.6)),
    Durability.VOLATILE: (0, (1.2, 1.4)),
    Durability.UNKNOWN: (0, (5.0, 1.5, 1.0, 1.5)),
}
_LABEL_LENGTH = 26
# What stands between tags is read by people: it is never shortened.
_TAG = re.compile(r"<[^<>]*>")
_COORDINATES = re.compile(r' (?:d|x|y)="[^"]*"|translate\([^)]*\)')
_LONG_NUMBER = re.compile(r"(\d\.\d)\d+")
# matplotlib numbers its groups anew in each figure; several stand in one page.
_GROUP_ID = re.compile(r' id="[a-z0-9.]+_\d+"')
_LEGEND_COLUMNS = 4
_HANDLE_LENGTH = 3.4
_LINE_IN = 0.165
_POINTS_PER_IN = 72.0
_NAMES_IN_NOTE = 6


@dataclass(frozen=True, slots=True)
class SubjectStyle:
    """Colour and marker of a subject, the same in every plot."""

    colour: str
    marker: str


def subject_styles(analysis: Analysis) -> dict[str, SubjectStyle]:
    """Give every subject of ``analysis`` a colour and a marker; the pair is its own up to 132."""
    subjects = dict.fromkeys((*analysis.subjects, *(cell.subject for cell in analysis.cells)))
    count = len(_COLOURS)
    return {
        subject: SubjectStyle(_COLOURS[at % count], _MARKERS[(at + at // count) % len(_MARKERS)])
        for at, subject in enumerate(subjects)
    }


@dataclass(frozen=True, slots=True)
class Room:
    """What is left free around panels: for tick labels, legends, notes, lines of titles."""

    left_in: float = 0.8
    gap_in: float = 0.8
    right_in: float = 0.2
    below_in: float = 0.55
    foot_in: float = 0.1
    title_lines: int = 1


class Sheet:
    """A figure of panels in rows, placed in inches; ``heights_in`` are those of the rows.

    matplotlib's own layout draws everything twice over to find the room that is needed, which
    takes longer than the drawing.
    """

    def __init__(
        self,
        title: str,
        heights_in: Sequence[float],
        columns: int,
        room: Room,
        *,
        shares_columns: bool = False,
    ) -> None:
        above_in = 0.1 + _LINE_IN * room.title_lines
        self._room = room
        self._top_in = 0.5 + 0.23 * title.count("\n")
        rows_in = sum(above_in + height_in + room.below_in for height_in in heights_in)
        self._height_in = self._top_in + rows_in + room.foot_in
        self.figure = Figure(figsize=(WIDTH_IN, self._height_in), dpi=100)
        self.figure.suptitle(
            title, x=0.1 / WIDTH_IN, y=1.0 - 0.12 / self._height_in, ha="left", va="top",
            fontsize=13.5, fontweight="bold", color=TEXT_COLOUR,
        )  # fmt: skip
        free_in = WIDTH_IN - room.left_in - room.right_in
        width_in = (free_in - room.gap_in * (columns - 1)) / columns
        self.panels: list[list[Axes]] = []
        bottom_in = self._height_in - self._top_in
        for height_in in heights_in:
            bottom_in -= above_in + height_in
            row = []
            for column in range(columns):
                x_in = room.left_in + column * (width_in + room.gap_in)
                axes = self.figure.add_axes(
                    (
                        *(x_in / WIDTH_IN, bottom_in / self._height_in),
                        *(width_in / WIDTH_IN, height_in / self._height_in),
                    ),
                    sharex=self.panels[0][column] if shares_columns and self.panels else None,
                )
                # Where a label is fixed nothing has to be drawn to find its place.
                axes.xaxis.set_label_coords(0.5, -0.3 / height_in)
                row.append(axes)
            self.panels.append(row)
            bottom_in -= room.below_in

    def legend_right(self, handles: Sequence[Artist]) -> None:
        """Put a legend into the room at the right."""
        corner = (
            1.0 - (self._room.right_in - 0.1) / WIDTH_IN,
            1.0 - self._top_in / self._height_in,
        )
        self.figure.legend(
            handles=list(handles),
            loc="upper left",
            bbox_to_anchor=corner,
            frameon=False,
            fontsize=9,
            labelcolor=TEXT_COLOUR,
            handlelength=_HANDLE_LENGTH,
            labelspacing=0.55,
            borderaxespad=0.0,
        )

    def legend_below(self, handles: Sequence[Artist], note: str) -> None:
        """Put a legend into the room at the foot, and ``note`` above it."""
        self.figure.legend(
            handles=list(handles),
            loc="lower left",
            ncols=_LEGEND_COLUMNS,
            frameon=False,
            fontsize=9,
            title=note or None,
            title_fontsize=8.5,
            alignment="left",
            labelcolor=TEXT_COLOUR,
        )

    def note(self, text: str) -> None:
        """Put ``text`` into the room at the foot, where no legend is."""
        place = (0.1 / WIDTH_IN, 0.1 / self._height_in)
        self.figure.text(*place, text, ha="left", va="bottom", fontsize=8.5, color=MUTED_COLOUR)


def foot_in(note: str, handles: int = 0) -> float:
    """Return the height of a note and of a legend below the panels."""
    lines = (1 + note.count("\n")) * bool(note)
    return 0.2 + _LINE_IN * (lines + 1.4 * -(-handles // _LEGEND_COLUMNS))


def width_in(texts: Iterable[str], size_pt: float, weight: str = "normal") -> float:
    """Return the width of the longest of ``texts``."""
    font = FontProperties(size=size_pt, weight=weight)
    widths = (text_to_path.get_text_width_height_descent(text, font, False)[0] for text in texts)
    return max(widths, default=0.0) / _POINTS_PER_IN


def wrapped(text: str, size_pt: float, most_in: float, weight: str = "normal") -> str:
    """Break ``text`` between words into lines that are at most ``most_in`` wide."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and width_in([longer], size_pt, weight) > most_in:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def is_usable(cell: Cell) -> bool:
    """Tell whether the times and rates of ``cell`` may stand beside those of others."""
    return not (cell.invalid_because or cell.failing_because)


def is_drawn(cell: Cell) -> bool:
    """Tell whether ``cell`` is a point of a series; an A/A arm is a line of noise, and none."""
    return is_usable(cell) and not cell.aa_of


def invalid_note(cells: Iterable[Cell], what_is_done: str) -> str:
    """Return a line that names the cells whose numbers must not be compared, or nothing."""
    names = list(dict.fromkeys(cell.name for cell in cells if not is_usable(cell)))
    if not names:
        return ""
    more = f" and {len(names) - _NAMES_IN_NOTE} more" if len(names) > _NAMES_IN_NOTE else ""
    named = "; ".join(names[:_NAMES_IN_NOTE])
    text = f"{what_is_done}, as invalid or failing: {named}{more}. See the findings."
    return textwrap.fill(one_line(text), 150)


def legend_of(analysis: Analysis, cells: Iterable[Cell]) -> list[Artist]:
    """Return what stands in a legend: the subjects of ``cells``, then what line styles mean."""
    durabilities = {cell.subject: cell.durability for cell in cells}
    handles: list[Artist] = [
        Line2D(
            [], [], color=style.colour, marker=style.marker, markersize=5.5, linewidth=1.6,
            linestyle=LINE_STYLES[durabilities[subject]], label=shortened(subject, _LABEL_LENGTH),
        )
        for subject, style in subject_styles(analysis).items()
        if subject in durabilities
    ]  # fmt: skip
    lines = [
        Line2D([], [], color=MUTED_COLOUR, linestyle=style, linewidth=1.6, label=each.value)
        for each, style in LINE_STYLES.items()
        if each in durabilities.values()
    ]
    return [*handles, Line2D([], [], linestyle="none", label="Durability"), *lines]


def legend_size_in(handles: Sequence[Artist]) -> tuple[float, float]:
    """Return width and height of a legend beside the panels."""
    labels = [str(handle.get_label()) for handle in handles]
    return (width_in(labels, 9.0) + 0.85, 0.6 + 0.2 * len(labels))


def style_axes(axes: Axes, title: str) -> None:
    """Set title, grid and colours of one panel."""
    # A title whose place is given is not moved out of the way of ticks that are not there.
    axes.set_title(title, loc="left", y=1.0, fontsize=9.5, color=TEXT_COLOUR, pad=5)
    axes.grid(visible=True, which="major", color=GRID_COLOUR, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", labelsize=8.5, colors=TEXT_COLOUR, length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#aab4be")


def quantity_axis(axes: Axes, which: str, metric: Metric, *, log: bool) -> None:
    """Label the ticks of axis ``which`` (``x`` or ``y``) in units such as ms or MB."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    if log:
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
        log_ticks(axis, *(axes.get_xlim() if which == "x" else axes.get_ylim()))
    scales = scales_of(metric)

    def text(value: float, _: int | None) -> str:
        suited = [scale for scale in scales if abs(value) >= 0.999 * scale.factor]
        scale = suited[-1] if suited else scales[0]
        shown = value / scale.factor
        return f"{number(shown) if abs(shown) >= 1000 else f'{shown:g}'} {scale.name}".rstrip()

    axis.set_major_formatter(FuncFormatter(text))


def log_ticks(axis: Axis, low: float, high: float) -> None:
    """Place as many ticks on a logarithmic axis from ``low`` to ``high`` as there is room for."""
    decades = math.log10(high / low) if 0 < low < high else 1.0
    if decades <= 1.0:
        digits: tuple[float, ...] = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
    else:
        digits = (1.0, 2.0, 5.0) if decades <= 2.0 else (1.0,)
    axis.set_major_locator(LogLocator(subs=digits, numticks=7))
    axis.set_minor_locator(NullLocator())


def error_bars(estimates: Sequence[Estimate]) -> list[list[float]] | None:
    """Return the distances to ``low`` and ``high``, as matplotlib wants them; 0 where unknown."""
    if all(estimate.low is None for estimate in estimates):
        return None
    return [
        [0.0 if at is None or end is None else abs(at - end) for at, end in ends]
        for ends in ([(e.value, e.low) for e in estimates], [(e.value, e.high) for e in estimates])
    ]


def svg(figure: Figure, name: str) -> bytes:
    """Draw ``figure`` as SVG: text as text, tenths of a point, the same bytes each time."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return _TAG.sub(lambda tag: _shorter(tag[0]), buffer.getvalue().decode()).encode()


def _shorter(tag: str) -> str:
    tag = _GROUP_ID.sub("", tag)
    return _COORDINATES.sub(lambda numbers: _LONG_NUMBER.sub(r"\1", numbers[0]), tag)
