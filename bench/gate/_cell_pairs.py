"""The cells of both arms of a gate: what can be compared there, and what was counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb
from statistics import median
from typing import Literal

import numpy as np

from bench.analysis.cell import Cell
from bench.analysis.result import Analysis
from bench.gate.arms import Pair, Rule
from bench.gate.result import GateOutcome, Judgement
from bench.scenario.metric import COUNTED, ERRORS, SAVER_OPERATIONS, Metric, counted_name
from bench.scenario.quantity import number
from bench.stats.effects import signed_rank_greater_p


@dataclass(frozen=True, slots=True)
class CellPair:
    """The cells of both arms under one condition and loop."""

    base: Cell
    head: Cell

    @property
    def name(self) -> str:
        """The condition and the loop."""
        return " · ".join((*self.head.condition, self.head.loop))

    def trials(self, name: str) -> tuple[Sequence[float], Sequence[float]]:
        """Return the value of each trial of base and head; none where there is no such metric."""
        known = (cell.estimates.get(name) for cell in (self.base, self.head))
        base, head = (estimate.trial_values if estimate else () for estimate in known)
        return base, head


def cell_pairs(cells: Sequence[Cell], pair: Pair) -> Iterator[CellPair]:
    """Yield where both arms of ``pair`` were planned."""
    bases = {(cell.condition, cell.loop): cell for cell in cells if cell.subject == pair.base}
    for head in cells:
        base = bases.get((head.condition, head.loop))
        if head.subject == pair.head and base is not None:
            yield CellPair(base, head)


def refused(arms: CellPair, name: str) -> str:
    """Say why the two cells cannot be compared in the metric ``name``; empty where they can."""
    for cell in (arms.head, arms.base):
        if cell.status != "measured":
            return f"{cell.subject} is {cell.status}: {cell.reason}"
    if arms.head.durability != arms.base.durability:
        return f"{arms.head.durability} against {arms.base.durability}: not the same promise"
    for cell in (arms.head, arms.base):
        if failing := cell.fails_for(name):
            return f"{cell.name}: {failing}"
        if not cell.by_block(name):
            estimate = cell.estimates.get(name)
            why_not = (estimate.why_not if estimate else "") or "not every trial has a value"
            return f"{cell.subject} has no {name}: {why_not}"
    return ""


def errors(analysis: Analysis, arms: CellPair, level: float) -> Iterator[Judgement]:
    """Judge the share of cycles that failed: a saver that fails at what is slow looks fast.

    Nothing is said where none failed, nor of invalid cells: their times say that already.
    """
    if analysis.invalid_because(arms.head) or analysis.invalid_because(arms.base):
        return
    of_base, of_head = (cell.by_block(ERRORS.name) for cell in (arms.base, arms.head))
    shared = [block for block in of_head if block in of_base]
    base, head = ([shares[block] for block in shared] for shares in (of_base, of_head))
    if any((*base, *head)):
        outcome, because = failing(base, head, level)
        yield judgement(arms, "count", ERRORS, (base, head), outcome, because)


def failing(base: Sequence[float], head: Sequence[float], level: float) -> tuple[GateOutcome, str]:
    """Tell whether head fails more, from the share that failed in each block's two trials.

    By the exact signed-rank test, one-sided: of equal arms either is as likely to fail more in a
    block. Anything else that failed leaves times that compare nothing. Some cycle did fail.
    """
    text = f"{number(max(base))} → {number(max(head))} of the cycles failed in the worst trial"
    more = np.asarray(head) - np.asarray(base)
    if signed_rank_greater_p(more) <= level:
        return "regression", text
    return "inconclusive", f"{text}: times of the rest compare nothing"


def counts(analysis: Analysis, arms: CellPair, rule: Rule) -> Iterator[Judgement]:
    """Judge every count per operation that either arm has.

    A count has grown if even head's lowest trial lies above base's highest by more than the
    tolerance. Where all trials of an arm agree, as most counts do, that is the plain comparison.
    Where a count depends on how far the load got, k trials of each of two equal arms come apart so
    in 1 of (2k over k) cases, which has to be as rare as a false alarm may be. Nothing is said of
    invalid cells: their times say that already.
    """
    if analysis.invalid_because(arms.head) or analysis.invalid_because(arms.base):
        return
    for name in (
        counted_name(operation, what) for operation in SAVER_OPERATIONS for what in COUNTED
    ):
        known = [c.estimates[name] for c in (arms.head, arms.base) if name in c.estimates]
        if not known:
            continue
        base, head = arms.trials(name)
        outcome, because = grown(base, head, rule)
        if lacking := [c.subject for c in (arms.base, arms.head) if name not in c.estimates]:
            outcome, because = "inconclusive", f"{lacking[0]} has no such count"
        yield judgement(arms, "count", known[0].metric, (base, head), outcome, because)


def grown(base: Sequence[float], head: Sequence[float], rule: Rule) -> tuple[GateOutcome, str]:
    """Tell whether a count, given by trial, has grown, and say by how much."""
    if not base or not head:
        return "inconclusive", "not every arm has such a count"
    text = f"{number(median(base))} → {number(median(head))} per operation"
    tolerated = 1.0 + rule.count_tolerance
    if median(head) <= median(base) * tolerated:
        return "pass", text
    if min(head) <= max(base) * tolerated:
        return "inconclusive", f"{text}, but trials of both arms overlap"
    is_exact = all(count.is_integer() for count in (*base, *head))
    if is_exact or comb(len(base) + len(head), len(head)) * rule.false_alarms >= 1.0:
        return "regression", text
    return "inconclusive", f"{text}, in too few trials for a count that varies"


def judgement(
    arms: CellPair,
    kind: Literal["time", "count"],
    metric: Metric,
    trials: tuple[Sequence[float], Sequence[float]],
    outcome: GateOutcome = "inconclusive",
    because: str = "",
) -> Judgement:
    """Judge ``metric`` where the values of each trial of base and head are ``trials``."""
    base, head = trials
    return Judgement(
        kind=kind,
        place=arms.name,
        base=arms.base.subject,
        head=arms.head.subject,
        metric=metric,
        outcome=outcome,
        because=because,
        base_value=median(base) if base else None,
        head_value=median(head) if head else None,
        base_values=tuple(base),
        head_values=tuple(head),
    )
