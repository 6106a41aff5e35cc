"""How all plots look: colours, markers, line styles, axes, notes. No pyplot, no global state."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from bench.analysis.result import Analysis, Cell, Estimate
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


def new_figure(title: str, height_in: float) -> Figure:
    """Make a figure of the report's width whose ``title`` says what to see."""
    figure = Figure(figsize=(WIDTH_IN, height_in), dpi=100, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08, hspace=0.03, wspace=0.03)  # type: ignore[union-attr, call-arg]  # the stubs know only the base engine
    figure.suptitle(title, x=0.008, ha="left", fontsize=13.5, fontweight="bold", color=TEXT_COLOUR)
    return figure


def is_drawn(cell: Cell) -> bool:
    """Tell whether the times and rates of ``cell`` may stand beside those of others."""
    return not (cell.invalid_because or cell.failing_because)


def invalid_note(cells: Iterable[Cell], what_is_done: str) -> str:
    """Return a line that names the cells whose numbers must not be compared, or nothing."""
    names = list(dict.fromkeys(cell.name for cell in cells if not is_drawn(cell)))
    if not names:
        return ""
    more = f" and {len(names) - _NAMES_IN_NOTE} more" if len(names) > _NAMES_IN_NOTE else ""
    named = "; ".join(names[:_NAMES_IN_NOTE])
    text = f"{what_is_done}, as invalid or failing: {named}{more}. See the findings."
    return textwrap.fill(one_line(text), 150)


def add_note(figure: Figure, text: str) -> None:
    """Put ``text`` below the axes; for figures that have no legend there."""
    if text:
        figure.supxlabel(text, x=0.008, ha="left", fontsize=8.5, color=MUTED_COLOUR)


def add_legend_below(figure: Figure, handles: Sequence[Artist], note: str) -> None:
    """Put a legend below all axes, and ``note`` above it."""
    figure.legend(
        handles=list(handles),
        loc="outside lower left",
        ncols=4,
        frameon=False,
        fontsize=9,
        title=note or None,
        title_fontsize=8.5,
        alignment="left",
        labelcolor=TEXT_COLOUR,
    )


def add_legend(figure: Figure, analysis: Analysis, cells: Iterable[Cell]) -> None:
    """Put a legend beside the axes: the subjects of ``cells``, then what the line styles mean."""
    durabilities = {cell.subject: cell.durability for cell in cells}
    handles = [
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
    handles += [Line2D([], [], linestyle="none", label="Durability"), *lines]
    figure.legend(
        handles=handles,
        loc="outside right upper",
        frameon=False,
        fontsize=9,
        labelcolor=TEXT_COLOUR,
        handlelength=3.4,
        labelspacing=0.55,
    )


def style_axes(axes: Axes, title: str) -> None:
    """Set title, grid and colours of one panel."""
    axes.set_title(title, loc="left", fontsize=9.5, color=TEXT_COLOUR, pad=5)
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
        return f"{_short(value / scale.factor)} {scale.name}".rstrip()

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


def _short(value: float) -> str:
    return f"{value:g}" if abs(value) < 1000 else number(value)


def error_bars(estimates: Sequence[Estimate]) -> list[list[float]] | None:
    """Return the distances to ``low`` and ``high``, as matplotlib wants them; 0 where unknown."""
    if all(estimate.low is None for estimate in estimates):
        return None
    below = [_distance(estimate.value, estimate.low) for estimate in estimates]
    above = [_distance(estimate.value, estimate.high) for estimate in estimates]
    return [below, above]


def _distance(value: float | None, end: float | None) -> float:
    return 0.0 if value is None or end is None else abs(value - end)


def svg(figure: Figure, name: str) -> bytes:
    """Draw ``figure`` as SVG: text as paths, no date, the same bytes each time."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
