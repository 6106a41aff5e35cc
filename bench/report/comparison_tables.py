"""Tables of ratios: equal durability first; across durability and A/A arms apart and labelled."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.result import Analysis, Comparison, FalseAlarms
from bench.report import words as _words
from bench.report.cell_tables import metrics_of
from bench.report.format import ABSENT, NUMBERS, interval, one_line, scaled
from bench.report.frame import comparisons_frame
from bench.report.groups import Group, Pairs, comparison_group
from bench.report.table import Column, Entry, Row, Section, Table, text_columns


def comparison_tables(analysis: Analysis, groups: Sequence[Group]) -> tuple[Table, ...]:
    """Return the tables that have rows; every comparison stands in exactly one of them."""
    kinds: dict[str, list[Comparison]] = {}
    for comparison in analysis.comparisons:
        kinds.setdefault(kind_of(comparison), []).append(comparison)
    titles = {
        "equal": ("Savers at equal durability", _words.EQUAL_DURABILITY),
        "loop": ("Event loops", _words.LOOPS),
        "aa": ("A/A arms: the same subject twice", _words.AA_ARMS),
        "across": ("Savers across durability classes", _words.ACROSS_DURABILITY),
    }
    return tuple(
        _table(analysis, groups, title, caption, tuple(kinds[kind]))
        for kind, (title, caption) in titles.items()
        if kind in kinds
    )


def kind_of(comparison: Comparison) -> str:
    """Return ``aa``, ``across``, ``loop`` or ``equal``: which table a comparison belongs to."""
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
    comparisons: tuple[Comparison, ...],
) -> Table:
    pairs = Pairs(analysis)
    found = {comparison.metric.name: comparison.metric for comparison in comparisons}
    primary = [name for name in analysis.primary_metrics if name in found]
    known = [name for name in metrics_of(analysis.cells) if name in found]
    names = list(dict.fromkeys((*primary, *known, *found)))
    sections: dict[str, list[Row]] = {}
    frame = comparisons_frame(comparisons)
    identity = ["condition", "loop", "subject", "baseline", "candidate"]
    for _, rows in frame.groupby(identity, sort=False):
        of_pair = {comparisons[at].metric.name: comparisons[at] for at in rows["at"]}
        first = next(iter(of_pair.values()))
        heading = comparison_group(first, groups)
        sections.setdefault(heading, []).append(_row(pairs, first, of_pair, names))
    columns = (
        *text_columns("candidate", "baseline", "durability"),
        Column("blocks", tip="in which both sides were measured"),
        *(Column(name, tip=found[name].description) for name in names),
    )
    made = tuple(Section(heading, tuple(rows)) for heading, rows in sections.items())
    return Table(title, columns, made, caption)


def _row(pairs: Pairs, first: Comparison, of_pair: dict[str, Comparison], names: list[str]) -> Row:
    blocks = sorted({comparison.effect.blocks for comparison in of_pair.values()})
    candidate, baseline = sides(first)
    return Row(
        (
            Entry(candidate, badge="subject"),
            Entry(baseline),
            Entry(durabilities(pairs, first)),
            Entry("–".join(str(each) for each in dict.fromkeys((blocks[0], blocks[-1])))),
            *(
                _entry(pairs, of_pair[name]) if name in of_pair else Entry(ABSENT, badge="absent")
                for name in names
            ),
        )
    )


def _entry(pairs: Pairs, comparison: Comparison) -> Entry:
    invalid = pairs.invalid(comparison)
    between = interval(comparison.effect.low, comparison.effect.high)
    note = comparison.unsteady or _words.CAUSES.get(comparison.cause, "")
    note = note or ("" if between else comparison.effect.method)
    return Entry(
        scaled(comparison.effect.ratio, NUMBERS[0]),
        ", ".join(filter(None, (between, detectable(comparison)))),
        note=f"must not be used: {one_line(invalid)}" if invalid else note,
        struck=bool(invalid),
        badge=comparison.outcome,
    )


def detectable(comparison: Comparison) -> str:
    """Write the minimum detectable effect, e.g. ``MDE 1.12``, or nothing for a single block."""
    factor = comparison.effect.detectable_factor
    return "" if factor is None else f"MDE {scaled(factor, NUMBERS[0])}"


def false_alarms_in_words(alarms: FalseAlarms | None) -> str:
    """Write how many A/A ratios were called different, or nothing where there are none."""
    if alarms is None:
        return ""
    share, expected = (f"{100.0 * each:.3g} %" for each in (alarms.share, alarms.by_chance))
    return f"{alarms.different} of {alarms.compared} ({share}; {expected} by chance)"


def sides(comparison: Comparison) -> tuple[str, str]:
    """Return what candidate and baseline are, in words."""
    if comparison.axis == "loop":
        return (
            f"{comparison.subject} on {comparison.candidate}",
            f"{comparison.subject} on {comparison.baseline}",
        )
    return (comparison.candidate, comparison.baseline)


def durabilities(pairs: Pairs, comparison: Comparison) -> str:
    """Return the durability class of both sides, or of one where they are equal."""
    baseline, candidate = pairs.cells(comparison)
    if baseline is None or candidate is None:
        return "equal" if comparison.same_durability else "differs"
    both = dict.fromkeys((candidate.durability.value, baseline.durability.value))
    return " ÷ ".join(both)
