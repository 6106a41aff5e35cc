"""The question's answer in plain words: the first thing that a user reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice

from bench.analysis._clauses import Told, clause
from bench.analysis.comparison import false_alarms, noise_factor
from bench.analysis.result import Cell, Comparison
from bench.analysis.wording import (
    counted,
    figure,
    listed,
    place_in_words,
    quantity,
)
from bench.scenario.durability import Durability
from bench.scenario.metric import CYCLE, counts_from_its_call

MOST_SENTENCES = 12
# Of what crosses durability classes only the leading metrics are told; the tables have the rest.
_METRICS_ACROSS = 2
_REASON_LENGTH = 110
# The subject that does nothing shows the floor of the measuring; it is no answer to a question.
_FLOOR = "null"
_STRONGEST_FIRST = (
    Durability.FSYNC,
    Durability.RELAXED,
    Durability.VOLATILE,
    Durability.UNKNOWN,
)


def answer(told: Told) -> tuple[str, ...]:
    """Return at most :data:`MOST_SENTENCES` sentences, the most important first.

    Reservations come first, among them who fails too often, then the comparisons with the baseline
    at equal durability, those across durability classes, what runs where, how much a subject
    differs from itself; without a comparison, each condition's ranking. Speeds on emulated loops
    are not told.
    """
    sentences = list(
        chain(
            _reservations(told),
            _pairs(told),
            _across(told),
            _where_it_runs(told),
            _noise(told),
            () if _judged(told) else _rankings(told),
        )
    )
    if len(sentences) <= MOST_SENTENCES:
        return tuple(sentences) or ("Nothing was measured, so there is no answer.",)
    left_out = len(sentences) - MOST_SENTENCES + 1
    shown = list(islice(sentences, MOST_SENTENCES - 1))
    return (*shown, f"{counted(left_out, 'more statement')} of this kind: see the tables.")


def _reservations(told: Told) -> Iterator[str]:
    for finding in told.findings:
        if finding.severity == "invalid":
            yield f"Some of these numbers must not be used: {finding.message}."
    yield from _failing(told)
    for finding in told.findings:
        if finding.code == "incomplete_run":
            yield f"The run is not complete, so this is preliminary: {finding.message}."
        elif finding.code in ("trial_failed", "primary_metric_missing"):
            yield f"The answer has a gap: {finding.message}."


def _failing(told: Told) -> Iterator[str]:
    """Name each subject that fails too often to be compared, by its worst condition.

    Not of a search (``label@rate``): it goes beyond what a subject sustains, and tells how far.
    """
    by_subject: dict[str, list[Cell]] = defaultdict(list)
    for cell in told.cells:
        if "@" not in cell.arrival:
            by_subject[cell.subject].append(cell)
    for subject, cells in by_subject.items():
        failing = [cell for cell in cells if cell.failing_because]
        if not failing:
            continue
        worst = max(failing, key=lambda cell: cell.failing_share)
        place = place_in_words(worst, told.varying)
        at = f" at {place}" if place else ""
        said = f"{subject}: {worst.failing_because}{at}; not compared"
        if len(failing) < len(cells) or len(failing) > 1:
            said += f" there, so in {len(failing)} of {counted(len(cells), 'condition')}"
        yield f"{said}."


def _judged(told: Told) -> list[Comparison]:
    """Return the comparisons that the answer may quote."""
    emulated = {cell.loop for cell in told.cells if cell.loop_kind == "emulated"}
    return [
        comparison
        for comparison in told.comparisons
        if comparison.metric.name in told.primary
        and comparison.condition[0] in told.sweeps
        and not comparison.is_aa
        and told.cell(comparison).plugin != _FLOOR
        and comparison.loop not in emulated
        and (comparison.axis == "subject" or comparison.baseline not in emulated)
    ]


def _pairs(told: Told) -> Iterator[str]:
    """Tell one sentence for each candidate and baseline that promise the same."""
    groups: dict[tuple[str, ...], list[Comparison]] = defaultdict(list)
    for comparison in _judged(told):
        if comparison.same_durability:
            subject = comparison.subject if comparison.axis == "loop" else ""
            groups[comparison.axis, comparison.baseline, comparison.candidate, subject].append(
                comparison
            )
    for (axis, baseline, candidate, subject), group in groups.items():
        clauses = [
            f"{name} – {clause(told, of_metric)}"
            for name, of_metric in _by_metric(told, group).items()
        ]
        places = len({(c.condition, c.loop) for c in group})
        where = f"{places} conditions"
        if places == 1:
            varying = [name for name in told.varying if axis != "loop" or name != "loop"]
            where = place_in_words(told.cell(group[0]), varying)
        details = [_blocks(group), *([where] if where else [])]
        if axis == "loop":
            head = f"{subject} on {candidate} against {baseline}"
        else:
            head = f"{candidate} against {baseline}"
            details.insert(0, f"both {told.durability(candidate)}")
        yield f"{head} ({', '.join(details)}): {'; '.join(clauses)}."


def _across(told: Told) -> Iterator[str]:
    """Tell, for the first baseline and each leading metric, what promises something else."""
    leading = list(told.primary[:_METRICS_ACROSS])
    crossing = [c for c in _judged(told) if c.axis == "subject" and not c.same_durability]
    baseline = next(
        (label for label in told.baselines if label in {c.baseline for c in crossing}), ""
    )
    for metric in leading:
        candidates: dict[str, list[Comparison]] = defaultdict(list)
        for comparison in crossing:
            if (comparison.baseline, comparison.metric.name) == (baseline, metric):
                candidates[comparison.candidate].append(comparison)
        said = [
            f"{candidate} ({told.durability(candidate)}) {clause(told, group)}"
            for candidate, group in candidates.items()
        ]
        if said:
            yield (
                f"Against {baseline} ({told.durability(baseline)}) across durability classes, so "
                f"with the price of the promise, in {metric}: {'; '.join(said)}."
            )


def _by_metric(told: Told, group: Sequence[Comparison]) -> Mapping[str, list[Comparison]]:
    found = {name: [c for c in group if c.metric.name == name] for name in told.primary}
    return {name: comparisons for name, comparisons in found.items() if comparisons}


def _blocks(group: Sequence[Comparison]) -> str:
    fewest, most = min(c.effect.blocks for c in group), max(c.effect.blocks for c in group)
    return counted(most, "block") if fewest == most else f"{fewest} to {most} blocks"


def _where_it_runs(told: Told) -> Iterator[str]:
    planned = [entry for entry in told.matrix if entry.reason != "not planned"]
    loops = list(dict.fromkeys(entry.loop for entry in planned))
    refused = [entry for entry in planned if entry.status in ("unsupported", "failed")]
    if not refused and len(loops) < 2:
        return
    ran = [entry for entry in planned if entry.status in ("measured", "partly")]
    if len(ran) == len(planned):
        said = f"Every subject ran on every loop that it was put on ({listed(loops)})"
    else:
        said = f"{len(ran)} of {len(planned)} planned pairs of subject and loop ran"
    by_reason: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in refused:
        by_reason[entry.status, _short(entry.reason)].append(f"{entry.subject} on {entry.loop}")
    for (status, reason), pairs in by_reason.items():
        said += f"; {status}: {listed(pairs, 6)} ({reason})"
    emulated = sorted({e.loop for e in planned if e.loop_kind == "emulated"})
    if emulated:
        verb = "is" if len(emulated) == 1 else "are"
        said += f"; {listed(emulated)} {verb} emulated here, so that it runs counts, its speed not"
    yield f"{said}."


def _short(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= _REASON_LENGTH else line[: _REASON_LENGTH - 1].rstrip() + "…"


def _noise(told: Told) -> Iterator[str]:
    repeated = [c for c in told.comparisons if c.is_aa and c.metric.name in told.primary]
    subjects = dict.fromkeys(comparison.baseline for comparison in repeated)
    if repeated:
        parts = [
            f"{figure(noise_factor(told.cells, metric))} times in {metric}"
            for metric in dict.fromkeys(comparison.metric.name for comparison in repeated)
        ]
        yield (
            f"The same subject measured twice ({listed(subjects)}) differs by up to "
            f"{listed(parts)}: that is noise, and nothing up to that size is called a difference "
            f"here{_false_alarms(told)}."
        )


def _false_alarms(told: Told) -> str:
    alarms = false_alarms(told.comparisons, told.primary)
    if alarms is None:
        return ""
    return (
        f"; {alarms.different} of {counted(alarms.compared, 'such ratio')} "
        f"({figure(100.0 * alarms.share)} %) would have been called one by its interval alone, "
        f"{figure(100.0 * alarms.by_chance)} % by chance"
    )


def _rankings(told: Told) -> Iterator[str]:
    groups: dict[tuple[tuple[str, ...], str], list[Cell]] = defaultdict(list)
    for cell in told.cells:
        metric = _ranked_by(told, cell)
        aside = cell.unusable_because(metric) or cell.aa_of or cell.plugin == _FLOOR
        usable = cell.sweep in told.sweeps and not aside and cell.loop_kind != "emulated"
        if usable and cell.value(metric) is not None:
            groups[cell.condition, cell.loop].append(cell)
    for cells in groups.values():
        metric = _ranked_by(told, cells[0])
        classes = [
            f"{durability}: {', '.join(_ranked(metric, cells, durability))}"
            for durability in _STRONGEST_FIRST
            if any(cell.durability == durability for cell in cells)
        ]
        place = place_in_words(cells[0], told.varying)
        at = f" at {place}" if place else ""
        yield f"By {metric}{at}, best first within each durability class: {'; '.join(classes)}."


def _ranked_by(told: Told, cell: Cell) -> str:
    """Return the first primary metric, or the cycle's where that counts from calls."""
    metric = told.primary[0]
    is_open = "cycle.queueing.p50" in cell.estimates
    if is_open and counts_from_its_call(metric):
        return f"{CYCLE}.{metric.partition('.')[2]}"
    return metric


def _ranked(metric: str, cells: Sequence[Cell], durability: Durability) -> list[str]:
    """Set the subjects of a class, best first; those of which trials lack come last."""
    of_class = [cell for cell in cells if cell.durability == durability]
    sign = -1.0 if of_class[0].estimates[metric].metric.better == "higher" else 1.0
    order = sorted(of_class, key=lambda c: (c.status == "partly", sign * (c.value(metric) or 0.0)))
    said: list[str] = []
    for cell in order:
        estimate = cell.estimates[metric]
        unit = estimate.metric.unit
        notes: list[str] = []
        if estimate.low is not None and estimate.high is not None:
            notes.append(f"{quantity(estimate.low, unit)} to {quantity(estimate.high, unit)}")
        if cell.unsteady_because(metric):
            notes.append("drifting")
        if cell.status == "partly":
            notes.append(f"not ranked: {_short(cell.reason)}")
        text = f"{cell.subject} {quantity(estimate.value or 0.0, unit)}"
        said.append(f"{text} ({'; '.join(notes)})" if notes else text)
    return said
