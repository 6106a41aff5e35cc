"""The question's answer in plain words: the first thing that a user reads."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.analysis.comparison import false_alarms, noise_factor
from bench.analysis.result import Cell, Comparison, Finding, MatrixEntry
from bench.analysis.summary import NOT_PLANNED
from bench.analysis.wording import (
    counted,
    factor_in_words,
    interval_in_words,
    listed,
    place_in_words,
    ratios_in_words,
)
from bench.scenario.durability import Durability
from bench.scenario.metric import CYCLE, counts_from_its_call
from bench.scenario.quantity import number, quantity

MOST_SENTENCES = 12
# Of what crosses durability classes only the leading metrics are told; the tables have the rest.
_METRICS_ACROSS = 2
_REASON_LENGTH = 110
# The subject that does nothing shows the floor of the measuring; it is no answer to a question.
_FLOOR = "null"
_NO_DIFFERENCE = "no difference could be shown"
_STRONGEST_FIRST = (
    Durability.FSYNC,
    Durability.RELAXED,
    Durability.VOLATILE,
    Durability.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Results:
    """What the answer is made from.

    ``primary`` are the names of the primary metrics, ``baselines`` the labels of the subjects that
    the others are compared with, ``sweeps`` the names of the sweeps that answer the question; the
    others are looked up in the tables.
    """

    sweeps: Sequence[str]
    primary: Sequence[str]
    baselines: Sequence[str]
    cells: Sequence[Cell]
    comparisons: Sequence[Comparison]
    matrix: Sequence[MatrixEntry]
    findings: Sequence[Finding]

    @property
    def varying(self) -> tuple[str, ...]:
        """The labels of a condition that are not the same in the whole run."""
        names = ("arrival", "payload", "workload", "loop")
        return tuple(n for n in names if len({getattr(cell, n) for cell in self.cells}) > 1)

    def cell(self, comparison: Comparison) -> Cell:
        """Return the candidate's cell."""
        wanted = (comparison.condition, comparison.loop, comparison.subject)
        return next(c for c in self.cells if (c.condition, c.loop, c.subject) == wanted)

    def durability(self, subject: str) -> Durability:
        """Return the durability class of ``subject``."""
        cells = [cell for cell in self.cells if cell.subject == subject]
        measured = [cell for cell in cells if cell.status in ("measured", "partly")]
        return next((cell.durability for cell in (*measured, *cells)), Durability.UNKNOWN)

    @property
    def quotable(self) -> list[Comparison]:
        """The comparisons that the answer may quote: of the question, at real speeds."""
        emulated = {cell.loop for cell in self.cells if cell.loop_kind == "emulated"}
        return [
            comparison
            for comparison in self.comparisons
            if comparison.metric.name in self.primary
            and comparison.condition[0] in self.sweeps
            and not comparison.is_aa
            and self.cell(comparison).plugin != _FLOOR
            and comparison.loop not in emulated
            and (comparison.axis == "subject" or comparison.baseline not in emulated)
        ]


def answer(results: Results) -> tuple[str, ...]:
    """Return at most :data:`MOST_SENTENCES` sentences, the most important first.

    Reservations come first, among them who fails too often, then the comparisons with the baseline
    at equal durability, those across durability classes, what runs where, how much a subject
    differs from itself; without a comparison, each condition's ranking. Speeds on emulated loops
    are not told.
    """
    sentences = [
        *_reservations(results),
        *_pairs(results),
        *_across(results),
        *_where_it_runs(results),
        *_noise(results),
        *(() if results.quotable else _rankings(results)),
    ]
    if len(sentences) <= MOST_SENTENCES:
        return tuple(sentences) or ("Nothing was measured, so there is no answer.",)
    left_out = counted(len(sentences) - MOST_SENTENCES + 1, "more statement")
    return (*sentences[: MOST_SENTENCES - 1], f"{left_out} of this kind: see the tables.")


def _reservations(results: Results) -> Iterator[str]:
    for finding in results.findings:
        if finding.severity == "invalid":
            yield f"Some of these numbers must not be used: {finding.message}."
    yield from _failing(results)
    for finding in results.findings:
        if finding.code == "incomplete_run":
            yield f"The run is not complete, so this is preliminary: {finding.message}."
        elif finding.code in ("trial_failed", "primary_metric_missing"):
            yield f"The answer has a gap: {finding.message}."


def _failing(results: Results) -> Iterator[str]:
    """Name each subject that fails too often to be compared, by its worst condition.

    Not of a search (``label@rate``): it goes beyond what a subject sustains, and tells how far.
    """
    by_subject: dict[str, list[Cell]] = defaultdict(list)
    for cell in results.cells:
        if "@" not in cell.arrival:
            by_subject[cell.subject].append(cell)
    for subject, cells in by_subject.items():
        failing = [cell for cell in cells if cell.failing_because]
        if not failing:
            continue
        worst = max(failing, key=lambda cell: cell.failing_share)
        sentence = f"{subject}: {worst.failing_because}{_at(worst, results.varying)}; not compared"
        if len(failing) < len(cells) or len(failing) > 1:
            sentence += f" there, so in {len(failing)} of {counted(len(cells), 'condition')}"
        yield f"{sentence}."


def _at(cell: Cell, varying: Sequence[str]) -> str:
    place = place_in_words(cell, varying)
    return f" at {place}" if place else ""


def _pairs(results: Results) -> Iterator[str]:
    """Tell one sentence for each candidate and baseline that promise the same."""
    groups: dict[tuple[str, ...], list[Comparison]] = defaultdict(list)
    for c in results.quotable:
        if c.same_durability:
            subject = c.subject if c.axis == "loop" else ""
            groups[c.axis, c.baseline, c.candidate, subject].append(c)
    for (axis, baseline, candidate, subject), group in groups.items():
        by_metric = {name: [c for c in group if c.metric.name == name] for name in results.primary}
        clauses = [f"{name} – {clause(results, part)}" for name, part in by_metric.items() if part]
        conditions = len({(c.condition, c.loop) for c in group})
        where = f"{conditions} conditions"
        if conditions == 1:
            varying = [name for name in results.varying if axis != "loop" or name != "loop"]
            where = place_in_words(results.cell(group[0]), varying)
        details = [_blocks(group), *([where] if where else [])]
        if axis == "loop":
            head = f"{subject} on {candidate} against {baseline}"
        else:
            head = f"{candidate} against {baseline}"
            details.insert(0, f"both {results.durability(candidate)}")
        yield f"{head} ({', '.join(details)}): {'; '.join(clauses)}."


def _blocks(group: Sequence[Comparison]) -> str:
    fewest, most = min(c.effect.blocks for c in group), max(c.effect.blocks for c in group)
    return counted(most, "block") if fewest == most else f"{fewest} to {most} blocks"


def _across(results: Results) -> Iterator[str]:
    """Tell, for the first baseline and each leading metric, what promises something else."""
    crossing = [c for c in results.quotable if c.axis == "subject" and not c.same_durability]
    present = {c.baseline for c in crossing}
    baseline = next((label for label in results.baselines if label in present), "")
    for metric in results.primary[:_METRICS_ACROSS]:
        candidates: dict[str, list[Comparison]] = defaultdict(list)
        for c in crossing:
            if (c.baseline, c.metric.name) == (baseline, metric):
                candidates[c.candidate].append(c)
        clauses = [
            f"{candidate} ({results.durability(candidate)}) {clause(results, group)}"
            for candidate, group in candidates.items()
        ]
        if clauses:
            yield (
                f"Against {baseline} ({results.durability(baseline)}) across durability classes, "
                f"so with the price of the promise, in {metric}: {'; '.join(clauses)}."
            )


def clause(results: Results, group: Sequence[Comparison]) -> str:
    """Say how one metric compares in all its conditions, e.g. ``1.8 to 2.1 times slower in both``.

    Of one or two conditions the interval is told, and why no difference could be shown; of more
    the tables have each.
    """
    resolved = [c for c in group if c.outcome in ("better", "worse")]
    unresolved = [c for c in group if c.outcome in ("suggestive", "unresolved")]
    parts = (
        ([c for c in resolved if c.effect.ratio > 1.0], _resolved),
        ([c for c in resolved if c.effect.ratio < 1.0], _resolved),
        ([c for c in group if c.outcome == "equivalent"], _equivalent),
        ([c for c in unresolved if c.cause == "blocks"], _lacking_blocks),
        ([c for c in unresolved if c.cause == "unsteady"], _unsteady),
        ([c for c in unresolved if c.cause not in ("blocks", "unsteady")], _unresolved),
    )
    return ", ".join(
        text(part, _share(results, part, group), len(part) == 1 and len(group) <= 2)
        for part, text in parts
        if part
    )


def _resolved(part: Sequence[Comparison], share: str, is_alone: bool) -> str:
    factor = factor_in_words(part[0].metric, [c.effect.ratio for c in part])
    interval = f" (95 % interval {interval_in_words(part)})" if is_alone else ""
    return f"{factor}{share}{interval}"


def _equivalent(part: Sequence[Comparison], share: str, is_alone: bool) -> str:
    ratio = f" (ratio {_interval(part[0])})" if is_alone else ""
    return f"equal to within {number(100.0 * part[0].smallest_effect)} %{share}{ratio}"


def _lacking_blocks(part: Sequence[Comparison], share: str, _: bool) -> str:
    fewest = min(part, key=lambda c: c.effect.blocks / c.blocks_planned)
    planned = counted(fewest.blocks_planned, "block")
    return f"{_NO_DIFFERENCE}{share} (only {fewest.effect.blocks} of {planned} estimable)"


def _unsteady(part: Sequence[Comparison], share: str, is_alone: bool) -> str:
    reason = f": {part[0].unsteady}" if is_alone else ""
    return f"{_NO_DIFFERENCE}{share} (not steady during the window{reason})"


def _unresolved(part: Sequence[Comparison], share: str, is_alone: bool) -> str:
    """Tell the ratio of a single one, else the factor that those could show that are too wide."""
    first = part[0]
    wide = part if is_alone else [c for c in part if c.cause == "interval"]
    factors = sorted(f for c in wide if (f := c.effect.detectable_factor) is not None)
    ends = dict.fromkeys(map(number, (factors[0], factors[-1]))) if factors else ()
    details = [f"detectable: a factor of {' to '.join(ends)}"] if ends else []
    if is_alone and (first.effect.low is None or first.effect.high is None):
        details = [f"ratio {number(first.effect.ratio)}, a single block"]
    elif is_alone:
        details.insert(0, f"ratio {_interval(first)}{_although(first)}")
    return f"{_NO_DIFFERENCE}{share}" + (f" ({'; '.join(details)})" if details else "")


def _although(comparison: Comparison) -> str:
    """Say why the ratio is none although its interval excludes 1."""
    match comparison.cause:
        case "noise":
            return ", within the noise"
        case "many comparisons":
            return f", which chance gives among {comparison.family_size} comparisons"
        case "tail":
            return ", not when the operations in trials are resampled"
        case _:
            return ""


def _interval(comparison: Comparison) -> str:
    return ratios_in_words(comparison.effect.low or 0.0, comparison.effect.high or math.inf)


def _share(results: Results, part: Sequence[Comparison], group: Sequence[Comparison]) -> str:
    """Say in how many of the conditions of ``group``, and in which where few words do."""
    if len(group) == 1:
        return ""
    if len(part) == len(group):
        return f" in all {len(group)}" if len(group) > 2 else " in both"
    cells = [results.cell(c) for c in group]
    inside = [results.cell(c) for c in part]
    varying = [n for n in results.varying if len({getattr(cell, n) for cell in cells}) > 1]
    for name in varying:
        values = {getattr(cell, name) for cell in inside}
        # One label tells the part from the rest: "at 32 clients".
        if len(values) == 1 and len(inside) == sum(getattr(c, name) in values for c in cells):
            return f" at {place_in_words(inside[0], [name])}"
    if len(part) == 1:
        return f" at {place_in_words(inside[0], varying)}"
    return f" in {len(part)} of {len(group)}"


def _where_it_runs(results: Results) -> Iterator[str]:
    planned = [entry for entry in results.matrix if entry.reason != NOT_PLANNED]
    loops = list(dict.fromkeys(entry.loop for entry in planned))
    refused = [entry for entry in planned if entry.status in ("unsupported", "failed")]
    if not refused and len(loops) < 2:
        return
    ran = sum(entry.status in ("measured", "partly") for entry in planned)
    parts = [f"{ran} of {len(planned)} planned pairs of subject and loop ran"]
    if ran == len(planned):
        parts = [f"Every subject ran on every loop that it was put on ({listed(loops)})"]
    pairs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in refused:
        pairs[entry.status, _short(entry.reason)].append(f"{entry.subject} on {entry.loop}")
    parts += [f"{status}: {listed(of, 6)} ({reason})" for (status, reason), of in pairs.items()]
    emulated = sorted({entry.loop for entry in planned if entry.loop_kind == "emulated"})
    if emulated:
        verb = "is" if len(emulated) == 1 else "are"
        parts.append(
            f"{listed(emulated)} {verb} emulated here, so that it runs counts, its speed not"
        )
    yield f"{'; '.join(parts)}."


def _short(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= _REASON_LENGTH else line[: _REASON_LENGTH - 1].rstrip() + "…"


def _noise(results: Results) -> Iterator[str]:
    repeated = [c for c in results.comparisons if c.is_aa and c.metric.name in results.primary]
    if not repeated:
        return
    subjects = listed(dict.fromkeys(comparison.baseline for comparison in repeated))
    factors = listed(
        f"{number(noise_factor(results.cells, metric))} times in {metric}"
        for metric in dict.fromkeys(comparison.metric.name for comparison in repeated)
    )
    sentence = (
        f"The same subject measured twice ({subjects}) differs by up to {factors}: that is noise, "
        "and nothing up to that size is called a difference here"
    )
    alarms = false_alarms(results.comparisons, results.primary)
    if alarms is not None:
        sentence += (
            f"; {alarms.different} of {counted(alarms.compared, 'such ratio')} "
            f"({number(100.0 * alarms.share)} %) would have been called one by its interval alone, "
            f"{number(100.0 * alarms.by_chance)} % by chance"
        )
    yield f"{sentence}."


def _rankings(results: Results) -> Iterator[str]:
    groups: dict[tuple[tuple[str, ...], str], list[Cell]] = defaultdict(list)
    for cell in results.cells:
        metric = _ranked_by(results, cell)
        is_aside = cell.unusable_because(metric) or cell.aa_of or cell.plugin == _FLOOR
        is_asked = cell.sweep in results.sweeps and cell.loop_kind != "emulated"
        if is_asked and not is_aside and cell.value(metric) is not None:
            groups[cell.condition, cell.loop].append(cell)
    for cells in groups.values():
        metric = _ranked_by(results, cells[0])
        of_classes = (
            (durability, [cell for cell in cells if cell.durability == durability])
            for durability in _STRONGEST_FIRST
        )
        classes = [f"{name}: {', '.join(_ranked(metric, of))}" for name, of in of_classes if of]
        place = _at(cells[0], results.varying)
        yield f"By {metric}{place}, best first within each durability class: {'; '.join(classes)}."


def _ranked_by(results: Results, cell: Cell) -> str:
    """Return the first primary metric, or the cycle's where that counts from calls."""
    metric = results.primary[0]
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
        notes: list[str] = []
        if estimate.low is not None and estimate.high is not None:
            notes.append(f"{quantity(estimate.low, unit)} to {quantity(estimate.high, unit)}")
        if cell.unsteady_because(metric):
            notes.append("drifting")
        if cell.status == "partly":
            notes.append(f"not ranked: {_short(cell.reason)}")
        text = f"{cell.subject} {quantity(estimate.value or 0.0, unit)}"
        yield f"{text} ({'; '.join(notes)})" if notes else text
