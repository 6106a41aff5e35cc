"""Ratios to the baseline: as a map over the conditions, and each with its blocks and trials."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from bench.analysis.answer.doubts import NO_EXTREME
from bench.analysis.answer.places import condition_text, varying
from bench.analysis.cell import Cell
from bench.analysis.result import Analysis, Comparison
from bench.analysis.wording import (
    FEWEST_FOR_INTERVAL,
    direction,
    factor_in_words,
    interval_or_range,
    noun,
    spread_in_words,
)
from bench.report import words
from bench.report.groups import Group, Key
from bench.report.page import Traces
from bench.report.table import Column, Entry, Row, Table, table
from bench.report.text import link, one_line
from bench.scenario.durability import Durability
from bench.scenario.metric import Metric, time_name
from bench.scenario.quantity import ABSENT, choose_scale, number, scaled, scales_of

# A ratio of so much, or of one by so much, has the full colour.
_FULL_SHADE = 6.0
_OF_SAVERS = ("equal", "loop")
_KINDS = (*_OF_SAVERS, "volatile", "aa", "across")


def _kind(comparison: Comparison) -> str:
    if comparison.is_aa:
        return "aa"
    if not comparison.same_durability:
        return "across"
    if comparison.axis == "loop":
        return "loop"
    is_volatile = comparison.baseline_cell.durability is Durability.VOLATILE
    return "volatile" if is_volatile else "equal"


def invalid_because(comparison: Comparison) -> str:
    """Return why the ratio must not be used, or nothing."""
    return "; ".join(
        f"{cell.subject} on {cell.loop}: {cell.invalid_because}"
        for cell in reversed(comparison.cells)
        if cell.invalid_because
    )


def sides(comparison: Comparison) -> tuple[str, str]:
    """Return what candidate and baseline are, in words."""
    if comparison.axis == "loop":
        return f"{comparison.subject} on {comparison.candidate}", comparison.baseline
    return comparison.candidate, comparison.baseline


def ratio_anchor(comparison: Comparison) -> str:
    """Return the name by which the line of a ratio can be linked to."""
    named = (*comparison.condition, comparison.loop, comparison.subject)
    parts = (comparison.metric.name, comparison.candidate, comparison.baseline, *named)
    return "ratio." + ".".join(parts)


def trial_anchor(trial_id: str) -> str:
    """Return the name by which the line of a trial can be linked to."""
    return f"trial.{trial_id}"


def _first_trial(cell: Cell) -> str:
    trials = cell.blocks.trials
    return trial_anchor(trials[min(trials)]) if trials else ""


# --------------------------------------------------------------------------------------- the map


def ratio_maps(analysis: Analysis) -> tuple[tuple[Table, ...], tuple[Table, ...]]:
    """Return a map for each metric of the answer: savers down, conditions of the question across.

    Then those of pairs that promise different things, or nothing: where there are no others, what
    promises nothing is with the first. A saver that is compared with several has a line for each.
    """
    asked = [each for each in analysis.comparisons if each.condition[0] in analysis.answer.sweeps]
    asked = [each for each in asked if each.metric.name in analysis.answer.metrics]
    first = _OF_SAVERS if {*map(_kind, asked)} & {*_OF_SAVERS} else ("volatile",)
    beside = [each for each in asked if _kind(each) not in ("aa", *first)]
    return (
        _maps(analysis, [each for each in asked if _kind(each) in first]),
        _maps(analysis, beside, ", other promises"),
    )


def _maps(
    analysis: Analysis, comparisons: Sequence[Comparison], addition: str = ""
) -> tuple[Table, ...]:
    return tuple(
        _map(analysis, of_metric, addition)
        for name in analysis.answer.metrics
        if (of_metric := [each for each in comparisons if each.metric.name == name])
    )


def _map(analysis: Analysis, shown: Sequence[Comparison], addition: str) -> Table:
    labels = [name for name in varying(each.candidate_cell for each in shown) if name != "subject"]
    limited = {
        name: finding.code
        for finding in analysis.findings
        if finding.code in NO_EXTREME
        for name in finding.cells
    }
    lines: dict[tuple[str, ...], dict[tuple[str, ...], Comparison]] = {}
    columns: dict[tuple[str, ...], str] = {}
    for each in shown:
        is_loop = each.axis == "loop"
        place = (*each.condition, "" if is_loop else each.loop)
        names = [name for name in labels if name != "loop" or not is_loop]
        columns.setdefault(place, condition_text(each.candidate_cell, names) or "ratio")
        line = (*sides(each), _durabilities(each))
        lines.setdefault(line, {})[place] = each
    rows = (
        Row((*map(Entry, line), *(_place(of_line.get(place), limited) for place in columns)))
        for line, of_line in lines.items()
    )
    heads = ("saver", "against", "durability", *columns.values())
    title = f"{title_of(shown[0].metric)}{addition}"
    return table(title, heads, rows, look="map")


def title_of(metric: Metric) -> str:
    """Name ``metric`` in words, for a heading."""
    of = time_name(metric.name)
    if of is None:
        return f"{metric.name.capitalize()}: {metric.description}"
    median = "median" if of.statistic.name == "p50" else of.statistic.name
    return f"{noun(metric).capitalize()} ({of.operation}): {median} {of.time.name} time"


def _place(comparison: Comparison | None, limited: Mapping[str, str]) -> Entry:
    """Set a ratio; ``limited`` has the finding of each cell that tells little of a saver."""
    if comparison is None:
        return Entry(ABSENT, badge="absent")
    is_open = not comparison.is_proven
    if invalid := invalid_because(comparison):
        return Entry(number(comparison.effect.ratio, 2), note=one_line(invalid), struck=True)
    ratio = comparison.effect.ratio
    text = factor_in_words(comparison.metric, ratio)
    if comparison.outcome == "equivalent":
        text = f"within {number(100.0 * comparison.smallest_effect)} %"
    code = next((limited[each.name] for each in comparison.cells if each.name in limited), "")
    mark = f" {link('⚠', f'finding-{code}')}" if code else ""
    is_worse = (ratio > 1.0) == (comparison.metric.better != "higher")
    depth = min(1.0, abs(math.log(ratio)) / math.log(_FULL_SHADE)) if ratio > 0.0 else 1.0
    return Entry(
        f"{text}?" if is_open and text[0].isdigit() else text,
        f"{_factors(comparison)}{mark}".lstrip(),
        anchor=ratio_anchor(comparison),
        shade=depth if is_worse else -depth,
        is_open=is_open,
    )


def _factors(comparison: Comparison) -> str:
    """Write the interval in the words of the map, as factors."""
    return _spread(comparison, lambda low, high: spread_in_words(comparison.metric, low, high))


def _ratios(comparison: Comparison) -> str:
    """Write the interval as ratios."""
    return _spread(comparison, lambda low, high: f"{number(low)} – {number(high)}")


def _spread(comparison: Comparison, written: Callable[[float, float], str]) -> str:
    """Write the interval of a ratio; of fewer than three blocks the range, of one nothing."""
    effect = comparison.effect
    low, high = interval_or_range(effect.low, effect.high, [*comparison.ratios.values()])
    if low is None or high is None:
        return "" if effect.blocks > 1 else "a single block"
    text = written(low, high)
    return text if effect.blocks >= FEWEST_FOR_INTERVAL else f"range {text}"


# ------------------------------------------------------------------------------------ every ratio


def ratio_tables(analysis: Analysis, groups: Sequence[Group]) -> tuple[Table, ...]:
    """Return each ratio with its blocks, a table for each metric, those beside the question folded.

    Equal durability comes first, then other loops, A/A arms, and what promises something else.
    """
    titles = {group.key: group.title for group in groups}
    by_metric: dict[str, list[Comparison]] = {name: [] for name in analysis.primary_metrics}
    for each in sorted(analysis.comparisons, key=lambda each: _KINDS.index(_kind(each))):
        by_metric.setdefault(each.metric.name, []).append(each)
    columns = (
        *("saver", "against", "durability", "condition"),
        Column("ratio", tip="saver ÷ what it is compared with, inside blocks"),
        Column("detectable", tip="the ratio that so many blocks of such spread show in 80 of 100"),
        Column("p", tip="allowing for all comparisons that are read with it"),
        Column("ratio of each block", numeric=False),
        Column("outcome", numeric=False),
    )
    return tuple(
        table(
            name,
            columns,
            [_ratio_row(titles, each) for each in of_metric],
            of_metric[0].metric.description,
            fold="" if name in analysis.primary_metrics else "closed",
        )
        for name, of_metric in by_metric.items()
        if of_metric
    )


def _ratio_row(titles: Mapping[Key, str], each: Comparison) -> Row:
    invalid = invalid_because(each)
    place = titles[*each.condition, each.loop]
    why = each.unsteady or words.CAUSES.get(each.cause, "")
    factor, p_value = each.effect.detectable_factor, each.adjusted_p
    entries = (
        *(
            Entry(name, anchor=_first_trial(cell))
            for name, cell in zip(sides(each), each.cells, strict=True)
        ),
        Entry("A/A" if each.is_aa else _durabilities(each)),
        Entry(" · ".join(each.condition[1:]) if each.axis == "loop" else place),
        Entry(scaled(each.effect.ratio), _ratios(each), struck=bool(invalid)),
        Entry(ABSENT if factor is None else number(factor)),
        Entry(ABSENT if p_value is None else number(p_value)),
        Entry(
            "  ".join(
                _block(each.candidate_cell, at, ratio) for at, ratio in sorted(each.ratios.items())
            )
        ),
        Entry(
            f"must not be used: {one_line(invalid)}" if invalid else why,
            badge=each.outcome if not invalid else "invalid",
            badge_text=_outcome(each),
        ),
    )
    return Row(entries, anchor=ratio_anchor(each))


def _outcome(each: Comparison) -> str:
    """Say the outcome in the words of the map."""
    if each.outcome in ("better", "worse"):
        return direction(each.metric, each.effect.ratio)
    return "not proven" if each.outcome == "unresolved" else each.outcome


def _block(candidate: Cell, block: int, ratio: float) -> str:
    """Write the ratio of a block, which leads to the candidate's trial in it."""
    trial_id = candidate.blocks.trials.get(block)
    return link(number(ratio), trial_anchor(trial_id)) if trial_id else number(ratio)


# ------------------------------------------------------------------------------------- the trials


def trials_table(analysis: Analysis, groups: Sequence[Group]) -> Table:
    """Return each trial with the primary metrics, cell by cell."""
    metrics = {
        name: estimate.metric
        for cell in analysis.cells
        for name, estimate in cell.estimates.items()
        if name in analysis.primary_metrics
    }
    scales = {
        name: choose_scale((cell.value(name) for cell in analysis.cells), scales_of(metric))
        for name, metric in metrics.items()
    }
    columns: tuple[Column | str, ...] = (
        *("saver", "condition", "trial"),
        Column("block"),
        *(Column(name, unit=scale.name) for name, scale in scales.items()),
    )

    def rows() -> Iterator[Row]:
        for group in groups:
            for cell in group.cells:
                for block, trial in sorted(cell.blocks.trials.items()):
                    values = (cell.blocks.values.get(name, {}).get(block) for name in metrics)
                    numbers = (
                        Entry(scaled(value, scale))
                        for value, scale in zip(values, scales.values(), strict=True)
                    )
                    head = (
                        *(cell.subject, group.title),
                        *(link(trial, trial_anchor(trial)), str(block + 1)),
                    )
                    yield Row((*map(Entry, head), *numbers), anchor=trial_anchor(trial))

    return table("", columns, rows())


def traces(analysis: Analysis) -> Traces:
    """Return what happened in each trial, for its line in :func:`trials_table`."""
    return Traces(
        {
            trial_anchor(trial): trace
            for cell in analysis.cells
            for trial, trace in cell.traces.items()
        }
    )


def _durabilities(comparison: Comparison) -> str:
    """Return the durability class of both sides, or of one where they are equal."""
    return " ÷ ".join(dict.fromkeys(cell.durability.value for cell in comparison.cells))
