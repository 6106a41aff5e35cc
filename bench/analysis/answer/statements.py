"""What was shown, statement by statement, and all of the answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain

from bench.analysis.answer.doubts import (
    checks,
    circumstances,
    coarse,
    no_extreme,
    quotable,
    reservations,
)
from bench.analysis.answer.places import kinds, place_in_words, varying
from bench.analysis.answer.verdict import verdict
from bench.analysis.capacity import sentences
from bench.analysis.cell import Cell
from bench.analysis.faults import cells as of_faults
from bench.analysis.result import Analysis, Comparison
from bench.analysis.summary import NOT_PLANNED
from bench.analysis.wording import (
    Answer,
    Statement,
    counted,
    interval_or_range,
    listed,
    noun,
    ratios_of,
)
from bench.scenario.durability import Durability
from bench.scenario.family import question_sweeps
from bench.scenario.metric import CYCLE, THROUGHPUT, counts_from_its_call, unit_of
from bench.scenario.quantity import number, quantity

MOST_STATEMENTS = 5
RUNS = "Does it run?"
_REASON_LENGTH = 110
_STRONGEST_FIRST = (
    Durability.FSYNC,
    Durability.RELAXED,
    Durability.VOLATILE,
    Durability.UNKNOWN,
)
# Of two sides that differ in it, the weaker is told.
_PROMISES = {
    Durability.VOLATILE: "which keeps nothing at exit",
    Durability.RELAXED: "which may lose what was written last",
    Durability.UNKNOWN: "which does not say what survives a crash",
}


def answer(analysis: Analysis) -> Answer:
    """Say what the run answers: what searches found and what faults did, then the rest.

    At most :data:`MOST_STATEMENTS` are made of comparisons with the baseline at equal durability
    (of others where there are none), or of rankings without a comparison; the last is what runs
    where.
    """
    reached, headline = verdict(analysis)
    told = [Statement("", text) for text in sentences(analysis.capacities)]
    told += of_faults.statements(analysis.faults)
    quoted = quotable(analysis)
    equal = [c for c in quoted if c.same_durability] or quoted
    told += _pairs(analysis, equal) if equal else _rankings(analysis)
    runs = [*_where_it_runs(analysis)]
    most = MOST_STATEMENTS - len(runs)
    if len(told) > most:
        left_out = counted(len(told) - most, "more statement")
        told = [*told[:most], Statement("", f"{left_out} of this kind: see the tables.")]
    if not told and not runs:
        told = [Statement("", "Nothing was measured, so there is no answer.")]
    return Answer(
        verdict=reached,
        headline=headline,
        statements=(*told, *runs),
        doubts=(
            *reservations(analysis),
            *circumstances(analysis, "warning"),
            *coarse(analysis, equal),
            *circumstances(analysis, "note"),
        ),
        checks=(*(checks(analysis) if analysis.cells else ()), *of_faults.checks(analysis.faults)),
        sweeps=question_sweeps(analysis.scenario),
        metrics=_told_metrics(analysis),
    )


def _pairs(analysis: Analysis, comparisons: Sequence[Comparison]) -> list[Statement]:
    """Tell one statement for each two kinds of savers, those that the question is about first.

    What keeps nothing beyond its process comes last.
    """
    groups: dict[str, list[Comparison]] = defaultdict(list)
    for each in comparisons:
        groups[_about(analysis, each)].append(each)
    asked = {
        pair.candidate for pair in (analysis.scenario.ask.pairs if analysis.scenario.ask else ())
    }

    def rank(group: Sequence[Comparison]) -> tuple[bool, bool]:
        is_volatile = all(c.candidate_cell.durability is Durability.VOLATILE for c in group)
        return is_volatile, asked.isdisjoint(c.candidate for c in group)

    ordered = sorted(groups.items(), key=lambda item: rank(item[1]))
    return [
        Statement(
            f"{about}{_which(of)}", f"{'; '.join(_clauses(analysis, of))}.{_doubts(analysis, of)}"
        )
        for about, of in ordered
    ]


def _doubts(analysis: Analysis, group: Sequence[Comparison]) -> str:
    """Say in how many conditions of a group its ratios are none to quote as extremes."""
    sides = {tuple(cell.name for cell in each.cells): each.cells for each in group}
    whys = [why for cells in sides.values() if (why := no_extreme(analysis, cells))]
    if not whys:
        return ""
    texts = " or ".join(dict.fromkeys(chain(*whys)))
    return f" In {len(whys)} of {counted(len(sides), 'condition')} {texts}."


def _which(group: Sequence[Comparison]) -> str:
    candidates = dict.fromkeys(c.candidate for c in group)
    return f" ({listed(candidates)})" if len(candidates) > 1 else ""


def _about(analysis: Analysis, comparison: Comparison) -> str:
    candidate, baseline = kinds(analysis.cells, comparison.candidate, comparison.baseline)
    if comparison.same_durability:
        return f"{candidate} against {baseline}"
    one, other = (cell.durability for cell in comparison.cells)
    if one.strength < other.strength:
        return f"{candidate}, {_PROMISES[one]}, against {baseline}"
    return f"{candidate} against {baseline}, {_PROMISES[other]}"


def _clauses(analysis: Analysis, group: Sequence[Comparison]) -> Iterator[str]:
    for name in _told_metrics(analysis):
        if part := [c for c in group if c.metric.name == name]:
            yield clause(part)


def _told_metrics(analysis: Analysis) -> tuple[str, ...]:
    """Name the primary metrics but throughput, which mirrors the times where there are any."""
    primary = analysis.scenario.primary_metrics
    has_times = any(unit_of(name) == "ns" for name in primary)
    return tuple(name for name in primary if not (has_times and name == THROUGHPUT.name))


def clause(group: Sequence[Comparison]) -> str:
    """Say how one metric compares in all its conditions.

    ``reads of 50 kB take 3.0 to 5.1 times as long, elsewhere 1.3 to 2.3 times as long (not
    proven)``: what is not shown is told with its estimates, never as equal.
    """
    of = noun(group[0].metric)
    proven = [c for c in group if c.is_proven]
    parts = [[c for c in proven if c.outcome == outcome] for outcome in ("worse", "better")]
    said = []
    for part in filter(None, parts):
        where, how_many = _where(part, group)
        said.append(f"{of}{where} {ratios_of(part[0].metric, _ratios(part))}{how_many}")
    if alike := [c for c in proven if c.outcome == "equivalent"]:
        where, how_many = _where(alike, group)
        verb = "differ" if of.endswith("s") else "differs"
        said.append(f"{of}{where} {verb} by less than {_share(alike[0])}{how_many}")
    if rest := [c for c in group if not c.is_proven]:
        where, _ = _where(rest, group)
        verb, _, told = ratios_of(rest[0].metric, _ratios(rest)).partition(" ")
        is_none = len(rest) == len(group) > 1
        if min(_ratios(rest)) < 1.0 < max(_ratios(rest)) and not any(c.effect.side() for c in rest):
            # Where an interval excludes 1, it looks like a difference that does not count.
            verb, told = "show", f"no proven difference (estimates {told})"
        else:
            told += f" ({f'none of {len(group)}' if is_none else 'not'} proven)"
        said.append(f"{where.strip() or 'elsewhere'} {told}" if said else f"{of} {verb} {told}")
    return ", ".join(said)


def _share(comparison: Comparison) -> str:
    return f"{number(100.0 * comparison.smallest_effect)} %"


def _ratios(comparisons: Sequence[Comparison]) -> list[float]:
    return [c.effect.ratio for c in comparisons]


def _where(part: Sequence[Comparison], group: Sequence[Comparison]) -> tuple[str, str]:
    """Say in which of the conditions of ``group``, where few words do; else in how many."""
    if len(part) == len(group):
        return "", ""
    cells, inside = [[c.candidate_cell for c in some] for some in (group, part)]
    names = varying(cells)
    for name in names:
        values = {getattr(cell, name) for cell in inside}
        # One label tells the part from the rest: "at 32 clients".
        if len(values) == 1 and len(inside) == sum(getattr(c, name) in values for c in cells):
            return f" {place_in_words(inside[0], [name])}", ""
    if len(part) == 1:
        return f" {place_in_words(inside[0], names)}", ""
    return "", f" in {len(part)} of {len(group)} conditions"


def _where_it_runs(analysis: Analysis) -> Iterator[Statement]:
    planned = [entry for entry in analysis.matrix if entry.reason != NOT_PLANNED]
    loops = list(dict.fromkeys(entry.loop for entry in planned))
    refused = [entry for entry in planned if entry.status in ("unsupported", "failed")]
    if not refused and len(loops) < 2:
        return
    ran = sum(entry.status in ("measured", "partly") for entry in planned)
    parts = [f"{ran} of {len(planned)} pairs of saver and loop ran"]
    if ran == len(planned):
        parts = [f"every saver on {listed(loops)}"]
    unsupported: dict[str, list[str]] = defaultdict(list)
    failed: dict[str, list[str]] = defaultdict(list)
    for entry in refused:
        if entry.status == "unsupported":
            unsupported[entry.loop].append(entry.subject)
        else:
            failed[_short(entry.reason)].append(f"{entry.subject} on {entry.loop}")
    parts += [f"{listed(of, 6)} cannot run on {loop}" for loop, of in unsupported.items()]
    parts += [f"failed: {listed(of, 6)} ({reason})" for reason, of in failed.items()]
    if emulated := sorted({entry.loop for entry in planned if entry.loop_kind == "emulated"}):
        verb, whose = ("is", "its") if len(emulated) == 1 else ("are", "their")
        parts.append(f"{listed(emulated)} {verb} emulated here, so {whose} speed does not count")
    yield Statement(RUNS, f"{'; '.join(parts)}.")


def _short(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= _REASON_LENGTH else line[: _REASON_LENGTH - 1].rstrip() + "…"


def _rankings(analysis: Analysis) -> list[Statement]:
    groups: dict[tuple[tuple[str, ...], str], list[Cell]] = defaultdict(list)
    for cell in analysis.cells:
        metric = _ranked_by(analysis, cell)
        is_aside = cell.unusable_because(metric) or cell.aa_of or cell.is_floor
        is_asked = cell.sweep in question_sweeps(analysis.scenario) and cell.loop_kind != "emulated"
        if is_asked and not is_aside and cell.value(metric) is not None:
            groups[cell.condition, cell.loop].append(cell)
    labels = [name for name in varying(analysis.cells) if name != "subject"]
    return [_ranking(_ranked_by(analysis, cells[0]), cells, labels) for cells in groups.values()]


def _ranking(metric: str, cells: Sequence[Cell], labels: Sequence[str]) -> Statement:
    of_classes = {
        durability: [*_ranked(metric, of)]
        for durability in _STRONGEST_FIRST
        if (of := [cell for cell in cells if cell.durability == durability])
    }
    text = "; ".join(f"{name}: {', '.join(of)}" for name, of in of_classes.items())
    if len(cells) == 1:
        text = text.partition(": ")[2]
    elif len(of_classes) < len(cells):
        text = f"best first within each durability class: {text}"
    what = noun(cells[0].estimates[metric].metric)
    what = what if "." in what else f"{what[:1].upper()}{what[1:]}"
    place = place_in_words(cells[0], labels)
    return Statement(f"{what} {place}".rstrip(), f"{text}.")


def _ranked_by(analysis: Analysis, cell: Cell) -> str:
    """Return the first primary metric, or the cycle's where that counts from calls."""
    metric = analysis.scenario.primary_metrics[0]
    is_open = "cycle.queueing.p50" in cell.estimates
    if is_open and counts_from_its_call(metric):
        return f"{CYCLE}.{metric.partition('.')[2]}"
    return metric


def _ranked(metric: str, cells: Sequence[Cell]) -> Iterator[str]:
    """Yield the subjects, best first; those of which trials lack come last."""
    sign = -1.0 if cells[0].estimates[metric].metric.better == "higher" else 1.0
    for cell in sorted(
        cells, key=lambda c: (c.status == "partly", sign * (c.value(metric) or 0.0))
    ):
        estimate = cell.estimates[metric]
        unit = estimate.metric.unit
        low, high = interval_or_range(estimate.low, estimate.high, estimate.trial_values)
        notes = []
        if low is not None and high is not None:
            notes.append(f"{quantity(low, unit)} to {quantity(high, unit)}")
        if cell.unsteady_because(metric):
            notes.append("drifting")
        if cell.status == "partly":
            notes.append(f"not ranked: {_short(cell.reason)}")
        text = f"{cell.subject} {quantity(estimate.value or 0.0, unit)}"
        yield f"{text} ({'; '.join(notes)})" if notes else text
