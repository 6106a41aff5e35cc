"""Ratios to the baseline as a forest plot: equal durability, and across durability apart."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from bench.analysis.result import Analysis, Comparison
from bench.report.comparison_tables import durabilities, sides
from bench.report.groups import Pairs, comparison_group, groups_of
from bench.report.plots.style import (
    Room,
    Sheet,
    foot_in,
    invalid_note,
    log_ticks,
    style_axes,
    width_in,
)
from bench.report.text import shortened

_COLOURS = {
    "better": "#0072B2",
    "worse": "#D55E00",
    "equivalent": "#117755",
    "suggestive": "#9467bd",
    "unresolved": "#66727f",
}
_MARKERS = {"better": "o", "worse": "s", "equivalent": "^", "suggestive": "P", "unresolved": "D"}
_LARGEST_COLUMNS = 3
_LARGEST_ROWS = 110


def ratios_equal_durability(analysis: Analysis) -> Figure | None:
    """Draw the ratios whose two sides promise the same, A/A arms among them."""
    found = [each for each in analysis.comparisons if each.same_durability or each.is_aa]
    title = "Ratio to the baseline at equal durability: an interval across 1 shows no difference"
    return _figure(analysis, found, title)


def ratios_across_durability(analysis: Analysis) -> Figure | None:
    """Draw the ratios that include the price of different promises."""
    found = [each for each in analysis.comparisons if not (each.same_durability or each.is_aa)]
    title = "Ratio to the baseline ACROSS durability classes: it includes the price of the promise"
    return _figure(analysis, found, title)


def _figure(analysis: Analysis, comparisons: Sequence[Comparison], title: str) -> Figure | None:
    pairs = Pairs(analysis)
    groups = groups_of(analysis)
    present = {each.metric.name for each in comparisons if _drawable(pairs, each)}
    names = [name for name in analysis.primary_metrics if name in present][:_LARGEST_COLUMNS]
    sections: dict[str, dict[str, list[Comparison]]] = {}
    for each in comparisons:
        if each.metric.name in names and _drawable(pairs, each):
            section = sections.setdefault(comparison_group(each, groups), {})
            section.setdefault(_label(pairs, each), []).append(each)
    sections = _bounded(sections)
    if not sections:
        return None
    rows = [len(section) for section in sections.values()]
    cells = (cell for each in comparisons for cell in pairs.cells(each) if cell)
    note = invalid_note(cells, "Left out")
    labels = [label for section in sections.values() for label in section]
    room = Room(
        left_in=width_in(labels, 8.5) + 0.3,
        gap_in=0.3,
        foot_in=foot_in(note, len(_COLOURS)),
        title_lines=2,
    )
    heights_in = [0.24 * count + 0.1 for count in rows]
    sheet = Sheet(title, heights_in, len(names), room, shares_columns=True)
    for (heading, section), of_row in zip(sections.items(), sheet.panels, strict=True):
        for name, axes in zip(names, of_row, strict=True):
            style_axes(axes, f"{name}\n{shortened(heading, 46)}")
            _draw(axes, section, name)
        for axes in of_row[1:]:
            axes.tick_params(labelleft=False)
    for name, axes in zip(names, sheet.panels[-1], strict=True):
        direction = next(each.metric.better for each in comparisons if each.metric.name == name)
        better = {"lower": "left is better", "higher": "right is better"}.get(direction, "")
        axes.set_xlabel(f"candidate ÷ baseline ({better})".replace(" ()", ""), fontsize=9)
    for axes in sheet.panels[0]:
        log_ticks(axes.xaxis, *axes.get_xlim())
    sheet.legend_below(_handles(), note)
    return sheet.figure


def _bounded(
    sections: dict[str, dict[str, list[Comparison]]],
) -> dict[str, dict[str, list[Comparison]]]:
    """Return the first sections that together have at most :data:`_LARGEST_ROWS` rows."""
    kept: dict[str, dict[str, list[Comparison]]] = {}
    rows = 0
    for heading, section in sections.items():
        rows += len(section)
        if rows > _LARGEST_ROWS and kept:
            break
        kept[heading] = section
    return kept


def _drawable(pairs: Pairs, comparison: Comparison) -> bool:
    return comparison.effect.ratio > 0 and not pairs.invalid(comparison)


def _label(pairs: Pairs, comparison: Comparison) -> str:
    candidate, baseline = sides(comparison)
    text = f"{candidate} ÷ {comparison.baseline if comparison.axis == 'loop' else baseline}"
    promise = "A/A" if comparison.is_aa else durabilities(pairs, comparison)
    return f"{shortened(text, 40)}  [{promise}]"


def _draw(axes: Axes, section: dict[str, list[Comparison]], name: str) -> None:
    axes.set_xscale("log")
    axes.axvline(1.0, color="#1f2933", linewidth=1.0, zorder=1)
    for at, comparisons in enumerate(section.values()):
        for each in (each for each in comparisons if each.metric.name == name):
            colour = _COLOURS[each.outcome]
            low, high = each.effect.low, each.effect.high
            if low is not None and high is not None and low > 0:
                axes.plot([low, high], [at, at], color=colour, linewidth=1.8)
            axes.plot(
                each.effect.ratio,
                at,
                marker=_MARKERS[each.outcome],
                markersize=6,
                color=colour,
                markerfacecolor=colour if each.same_durability else "white",
                markeredgewidth=1.4,
            )
    axes.set_yticks(range(len(section)), list(section))
    axes.set_ylim(len(section) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _handles() -> list[Line2D]:
    words = {
        "better": "candidate better",
        "worse": "candidate worse",
        "equivalent": "equivalent",
        "suggestive": "suggestive: not after allowing for how many are compared",
        "unresolved": "unresolved (each interval is 95 % for itself alone)",
    }
    return [
        Line2D([], [], color=_COLOURS[key], marker=_MARKERS[key], linewidth=1.8, label=text)
        for key, text in words.items()
    ]
