"""Where the arms of a gate meet: what can be compared there, and what was counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from bench.analysis.claim_run import ClaimRun
from bench.analysis.gate_result import GateOutcome, Judgement
from bench.analysis.result import Cell
from bench.analysis.wording import figure
from bench.spec.counted import COUNTED, LOCK_ACQUISITIONS, counted_name
from bench.spec.gate import Pair, Rule
from bench.spec.metric import ERRORS, SAVER_OPERATIONS, Metric


@dataclass(frozen=True, slots=True)
class Place:
    """The cells of both arms under one condition and loop."""

    base: Cell
    head: Cell

    @property
    def name(self) -> str:
        """The condition and the loop."""
        return " · ".join((*self.head.condition, self.head.loop))


def places_of(seen: ClaimRun, pair: Pair) -> Iterator[Place]:
    """Yield where both arms of ``pair`` were planned."""
    cells = seen.analysis.cells
    bases = {(cell.condition, cell.loop): cell for cell in cells if cell.subject == pair.base}
    for head in cells:
        base = bases.get((head.condition, head.loop))
        if head.subject == pair.head and base is not None:
            yield Place(base, head)


def refused(seen: ClaimRun, place: Place, name: str) -> str:
    """Say why the two cells cannot be compared in the metric ``name``; empty where they can."""
    for cell in (place.head, place.base):
        if cell.status != "measured":
            return f"{cell.subject} is {cell.status}: {cell.reason}"
    if place.head.durability != place.base.durability:
        return f"{place.head.durability} against {place.base.durability}: not the same promise"
    for cell in (place.head, place.base):
        if not seen.values(cell, name):
            estimate = cell.estimates.get(name)
            why_not = (estimate.why_not if estimate else "") or "not every trial has a value"
            return f"{cell.subject} has no {name}: {why_not}"
    return ""


def errors(seen: ClaimRun, place: Place) -> Iterator[Judgement]:
    """Judge the share of cycles that failed: a saver that fails at what is slow looks fast.

    Nothing is said where none failed, nor of invalid cells: their times say that already.
    """
    if seen.invalid_because(place.head) or seen.invalid_because(place.base):
        return
    base, head = (_trials(cell, ERRORS.name) for cell in (place.base, place.head))
    if base and head and any((*base, *head)):
        outcome, because = failing(base, head)
        yield _count(place, ERRORS, base, head, outcome, because)


def failing(base: Sequence[float], head: Sequence[float]) -> tuple[GateOutcome, str]:
    """Tell whether head fails where base does not, from the share that failed in each trial.

    Some cycle of either did fail.
    """
    failed = [share for share in head if share > 0.0]
    text = f"{max(base):.2g} → {max(head):.2g} of the cycles failed in the worst trial"
    if min(head) > max(base) or (not any(base) and len(failed) > 1):
        return "regression", text
    return "cannot tell", f"{text}: times of the rest compare nothing"


def counts(seen: ClaimRun, place: Place, rule: Rule) -> Iterator[Judgement]:
    """Judge every count per operation that either arm has.

    A count has grown if even head's lowest trial lies above base's highest by more than the
    tolerance. Where all trials of an arm agree, as most counts do, that is the plain comparison;
    where a count depends on how far the load got, what two equal arms show is no growth. Nothing is
    said of invalid cells: their times say that already.
    """
    if seen.invalid_because(place.head) or seen.invalid_because(place.base):
        return
    for name in (
        counted_name(operation, what) for operation in SAVER_OPERATIONS for what in COUNTED
    ):
        known = [c.estimates[name] for c in (place.head, place.base) if name in c.estimates]
        if not known:
            continue
        base, head = _trials(place.base, name), _trials(place.head, name)
        outcome, because = grown(base, head, rule)
        if outcome == "pass" and name not in place.head.estimates:
            outcome, because = "cannot tell", f"head's lock was not found; {because}"
        yield _count(place, known[0].metric, base, head, outcome, because)


def grown(base: Sequence[float], head: Sequence[float], rule: Rule) -> tuple[GateOutcome, str]:
    """Tell whether a count, given by trial, has grown, and say by how much."""
    if not base or not head:
        return "cannot tell", f"{'head' if base else 'base'} has no such count"
    text = f"{figure(median(base))} → {figure(median(head))} per operation"
    tolerated = 1.0 + rule.count_tolerance
    if min(head) > max(base) * tolerated:
        return "regression", text
    if median(head) > median(base) * tolerated:
        return "cannot tell", f"{text}, but trials of both arms overlap"
    return "pass", text


def _count(
    place: Place,
    metric: Metric,
    base: Sequence[float],
    head: Sequence[float],
    outcome: GateOutcome,
    because: str,
) -> Judgement:
    return Judgement(
        kind="count",
        place=place.name,
        base=place.base.subject,
        head=place.head.subject,
        metric=metric,
        outcome=outcome,
        because=because,
        base_value=median(base) if base else None,
        head_value=median(head) if head else None,
        base_values=tuple(base),
        head_values=tuple(head),
    )


def _trials(cell: Cell, name: str) -> Sequence[float]:
    """Return the count in each trial; a saver whose lock was not found has asked for none."""
    estimate = cell.estimates.get(name)
    if estimate is None and cell.trial_ids and name.endswith(f".{LOCK_ACQUISITIONS}"):
        return (0.0,)
    return estimate.trial_values if estimate else ()
