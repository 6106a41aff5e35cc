"""Tables of ratios: equal durability first; across durability and A/A arms apart and labelled."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.result import Analysis, Comparison, FalseAlarms
from bench.report import words
from bench.report.cell_tables import metrics_of
from bench.report.groups import Group, Pairs, comparison_group
from bench.report.table import Column, Entry, Row, Table, table
from bench.report.text import one_line
from bench.scenario.quantity import ABSENT, interval, number, scaled

_KINDS = {
    "equal": ("Savers at equal durability", words.EQUAL_DURABILITY),
    "loop": ("Event loops", words.LOOPS),
    "aa": ("A/A arms: the same subject twice", words.AA_ARMS),
    "across": ("Savers across durability classes", words.ACROSS_DURABILITY),
}


def comparison_tables(analysis: Analysis, groups: Sequence[Group]) -> tuple[Table, ...]:
    """Return the tables that have rows; every comparison stands in exactly one of them."""
    return tuple(
        _table(analysis, groups, title, caption, of_kind)
        for kind, (title, caption) in _KINDS.items()
        if (of_kind := [each for each in analysis.comparisons if _kind(each) == kind])
    )


def _kind(comparison: Comparison) -> str:
    if comparison.is_aa:
        return "aa"
    if not comparison.same_durability:
        return "across"
    return "loop" if comparison.axis == "loop" else "equal"


def _table(
    analysis: Analysis,
    groups: Sequence[Group],
    title: str,
    caption: str,
    comparisons: Sequence[Comparison],
) -> Table:
    pairs = Pairs(analysis)
    metrics = {comparison.metric.name: comparison.metric for comparison in comparisons}
    order = dict.fromkeys((*analysis.primary_metrics, *metrics_of(analysis.cells), *metrics))
    names = [name for name in order if name in metrics]
    # Rows of a section stand together, in the order in which sections and rows appear first.
    sections: dict[str, dict[tuple[str, ...], dict[str, Comparison]]] = {}
    for each in comparisons:
        row = sections.setdefault(comparison_group(each, groups), {})
        key = (*each.condition, each.loop, each.subject, each.baseline, each.candidate)
        row.setdefault(key, {})[each.metric.name] = each
    columns: tuple[Column | str, ...] = (
        *("candidate", "baseline", "durability"),
        Column("blocks", tip="in which both sides were measured"),
        *(Column(name, tip=metrics[name].description) for name in names),
    )
    rows = [
        _row(pairs, section, of_pair, names)
        for section, of_pairs in sections.items()
        for of_pair in of_pairs.values()
    ]
    return table(title, columns, rows, caption)


def _row(pairs: Pairs, section: str, of_pair: dict[str, Comparison], names: Sequence[str]) -> Row:
    blocks = sorted({comparison.effect.blocks for comparison in of_pair.values()})
    first = next(iter(of_pair.values()))
    candidate, baseline = sides(first)
    entries = (
        Entry(candidate, badge="subject"),
        Entry(baseline),
        Entry(durabilities(pairs, first)),
        Entry("–".join(str(each) for each in dict.fromkeys((blocks[0], blocks[-1])))),
        *(
            _entry(pairs, of_pair[name]) if name in of_pair else Entry(ABSENT, badge="absent")
            for name in names
        ),
    )
    return Row(entries, section=section)


def _entry(pairs: Pairs, comparison: Comparison) -> Entry:
    invalid = pairs.invalid(comparison)
    effect = comparison.effect
    between = interval(effect.low, effect.high)
    note = comparison.unsteady or words.CAUSES.get(comparison.cause, "")
    note = note or ("" if between else effect.method)
    return Entry(
        scaled(effect.ratio),
        ", ".join(filter(None, (between, detectable(comparison)))),
        note=f"must not be used: {one_line(invalid)}" if invalid else note,
        struck=bool(invalid),
        badge=comparison.outcome,
    )


def detectable(comparison: Comparison) -> str:
    """Write the minimum detectable effect, e.g. ``MDE 1.12``, or nothing for a single block."""
    factor = comparison.effect.detectable_factor
    return "" if factor is None else f"MDE {number(factor)}"


def false_alarms_in_words(alarms: FalseAlarms | None) -> str:
    """Write how many A/A ratios were called different, or nothing where there are none."""
    if alarms is None:
        return ""
    share, expected = (f"{number(100.0 * each)} %" for each in (alarms.share, alarms.by_chance))
    return f"{alarms.different} of {alarms.compared} ({share}; {expected} by chance)"


def sides(comparison: Comparison) -> tuple[str, str]:
    """Return what candidate and baseline are, in words."""
    if comparison.axis == "loop":
        candidate, baseline = (
            f"{comparison.subject} on {loop}"
            for loop in (comparison.candidate, comparison.baseline)
        )
        return (candidate, baseline)
    return (comparison.candidate, comparison.baseline)


def durabilities(pairs: Pairs, comparison: Comparison) -> str:
    """Return the durability class of both sides, or of one where they are equal."""
    baseline, candidate = pairs.cells(comparison)
    if baseline is None or candidate is None:
        return "equal" if comparison.same_durability else "differs"
    both = dict.fromkeys((candidate.durability.value, baseline.durability.value))
    return " ÷ ".join(both)
