"""Is head worse than base? Judged inside blocks, failing closed.

Times are judged by ``bench.gate.rule``: by interval, and a slow-down counts only if a
second run shows it, too. A count per operation is exact, has no interval and needs no second run:
it must not grow. Nor must the share of cycles that fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import comb
from statistics import median
from typing import Literal

import numpy as np

from bench.analysis.cell import Cell, by_place
from bench.analysis.comparison import compare, heeded
from bench.analysis.result import Analysis
from bench.gate.arms import Pair, Rule
from bench.gate.result import GRAVEST, GateOutcome, GateResult, Judgement
from bench.gate.rule import answered, answered_again, answered_together, is_in_question
from bench.records.run import RunRecord
from bench.scenario.metric import COUNTED, ERRORS, SAVER_OPERATIONS, Metric, counted_name
from bench.scenario.quantity import number
from bench.stats.effects import signed_rank_greater_p

UNKNOWN_METRIC = "nothing in this run has it"
# The cells of base and head under one condition and loop.
Arms = tuple[Cell, Cell]


def judge(
    analysis: Analysis,
    pairs: Sequence[Pair],
    rule: Rule,
    first: Sequence[Judgement] | None = None,
) -> tuple[Judgement, ...]:
    """Judge each primary metric, and each count, wherever a pair was to be measured.

    A second run is judged with the judgements of the ``first``: of the times, only those that were
    in question there.
    """
    places = by_place(analysis.cells)
    matched = [
        (places[pair.base, *head.place], head)
        for pair in pairs
        for head in analysis.cells
        if head.subject == pair.head and (pair.base, *head.place) in places
    ]
    names = analysis.primary_metrics
    times = [_of_time(analysis, arms, name) for arms in matched for name in names]
    level = rule.false_alarms / max(1, len(matched))
    # Of invalid cells their times say enough.
    valid = [arms for arms in matched if not any(map(analysis.invalid_because, arms))]
    exact = [judged for arms in valid for judged in _errors(arms, level)]
    exact += [judged for arms in valid for judged in _counts(arms, rule)]
    if first is None:
        return (*answered(times, rule), *exact)
    return (*answered_again(times, first, rule), *exact)


def needs_second_run(first: Sequence[Judgement]) -> tuple[Pair, ...]:
    """Return the pairs that are in question, in order; none where the answer is given already.

    It is where a count or the share of failures has grown, or something is invalid.
    """
    if {judged.outcome for judged in first} & {"invalid", "regression"}:
        return ()
    wanted = [judged for judged in first if is_in_question(judged)]
    return tuple(dict.fromkeys(Pair(judged.base, judged.head) for judged in wanted))


def decide(
    first: Sequence[Judgement],
    second: Sequence[Judgement] | None,
    rule: Rule,
    runs: Sequence[RunRecord],
    minutes: float = 0.0,
) -> GateResult:
    """Answer from one run, or from two where the first one left something in question.

    Nothing judged at all is "inconclusive". ``minutes`` is what the ``runs`` took.
    """
    asked = {judged.key for judged in first if is_in_question(judged)}
    agreed = [*first]
    if second is not None:
        agreed = [*answered_together(first, second, rule)]
        agreed += [j for j in second if j.outcome == "invalid" or j.key not in asked]
    outcome = gravest([judged.outcome for judged in agreed])
    told = [
        f"{j.metric.name} of {j.head} against {j.base}, {j.place}: {j.because}"
        for j in agreed
        if j.outcome == outcome != "pass"
    ]
    if not told:
        nothing = f"none of {len(agreed)} is worse by the smallest effect or more"
        told = [nothing if agreed else "nothing was judged: no cell holds both arms"]
    confirmation = ""
    if second is not None:
        outcomes = [judged.outcome for judged in agreed if judged.key in asked]
        confirmation = (
            f"a second run measured {len(asked)} of them again: "
            f"{outcomes.count('regression')} confirmed as worse, {outcomes.count('pass')} passed"
        )
    elif any(judged.kind == "time" and judged.outcome == "regression" for judged in first):
        confirmation = "not confirmed: there was no second run"
    return GateResult(
        outcome=outcome,
        because=tuple(dict.fromkeys(told)),
        rule=rule,
        runs=tuple(runs),
        judgements=tuple(agreed[: len(first)]),
        confirming=tuple(second or ()),
        confirmation=confirmation,
        minutes=minutes,
    )


def gravest(outcomes: Sequence[GateOutcome]) -> GateOutcome:
    """Return the gravest of ``outcomes``; of none, "inconclusive"."""
    return min(outcomes, key=GRAVEST.index, default="inconclusive")


def _of_time(analysis: Analysis, arms: Arms, name: str) -> Judgement:
    """Return what the rule needs of a time, or why there is nothing that it could judge."""
    base, head = arms
    estimate = head.estimates.get(name) or base.estimates.get(name)
    metric = estimate.metric if estimate else Metric(name, "ratio", "neither", UNKNOWN_METRIC)
    judged = _judgement(arms, "time", metric, _trials(arms, name))
    if invalid := analysis.invalid_because(head) or analysis.invalid_because(base):
        return replace(judged, outcome="invalid", because=invalid)
    if reason := _refused(arms, name):
        return replace(judged, because=reason)
    compared = compare(*((head, base) if metric.better != "higher" else (base, head)), name)
    if compared is None or heeded(compared, "gate") == "blocks":
        blocks = len(compared.ratios) if compared else 0
        planned = min(cell.blocks.planned for cell in arms)
        return replace(judged, because=f"{blocks} of {planned} blocks have a ratio")
    return replace(judged, block_ratios=tuple(compared.ratios.values()))


def _refused(arms: Arms, name: str) -> str:
    """Say why the two cells cannot be compared in the metric ``name``; empty where they can."""
    base, head = arms
    for cell in (head, base):
        if cell.status != "measured":
            return f"{cell.subject} is {cell.status}: {cell.reason}"
    if head.durability != base.durability:
        return f"{head.durability} against {base.durability}: not the same promise"
    for cell in (head, base):
        if failing := cell.fails_for(name):
            return f"{cell.name}: {failing}"
        if not cell.by_block(name):
            estimate = cell.estimates.get(name)
            why_not = (estimate.why_not if estimate else "") or "not every trial has a value"
            return f"{cell.subject} has no {name}: {why_not}"
    return ""


def _trials(arms: Arms, name: str) -> tuple[Sequence[float], Sequence[float]]:
    base, head = (cell.estimates.get(name) for cell in arms)
    return base.trial_values if base else (), head.trial_values if head else ()


def _errors(arms: Arms, level: float) -> Iterator[Judgement]:
    """Judge the share of cycles that failed: a saver that fails at what is slow looks fast."""
    of_base, of_head = (cell.by_block(ERRORS.name) for cell in arms)
    shared = [block for block in of_head if block in of_base]
    base, head = ([shares[block] for block in shared] for shares in (of_base, of_head))
    if any((*base, *head)):
        yield _judgement(arms, "count", ERRORS, (base, head), *failing(base, head, level))


def failing(base: Sequence[float], head: Sequence[float], level: float) -> tuple[GateOutcome, str]:
    """Tell whether head fails more, from the share that failed in each block's two trials.

    By the exact signed-rank test, one-sided: of equal arms either is as likely to fail more in a
    block. Anything else that failed leaves times that compare nothing. Some cycle did fail.
    """
    text = f"{number(max(base))} → {number(max(head))} of the cycles failed in the worst trial"
    if signed_rank_greater_p(np.asarray(head) - np.asarray(base)) <= level:
        return "regression", text
    return "inconclusive", f"{text}: times of the rest compare nothing"


def _counts(arms: Arms, rule: Rule) -> Iterator[Judgement]:
    for operation in SAVER_OPERATIONS:
        for name in (counted_name(operation, what) for what in COUNTED):
            known = [cell.estimates[name] for cell in arms if name in cell.estimates]
            if known:
                trials = _trials(arms, name)
                outcome, because = grown(*trials, rule)
                if lacking := [cell.subject for cell in arms if name not in cell.estimates]:
                    outcome, because = "inconclusive", f"{lacking[0]} has no such count"
                yield _judgement(arms, "count", known[-1].metric, trials, outcome, because)


def grown(base: Sequence[float], head: Sequence[float], rule: Rule) -> tuple[GateOutcome, str]:
    """Tell whether a count, given by trial, has grown, and say by how much.

    It has if even head's lowest trial lies above base's highest by more than the tolerance. Where
    all trials of an arm agree, as most counts do, that is the plain comparison. Where a count
    depends on how far the load got, k trials of each of two equal arms come apart so in 1 of (2k
    over k) cases, which has to be as rare as a false alarm may be.
    """
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


def _judgement(
    arms: Arms,
    kind: Literal["time", "count"],
    metric: Metric,
    trials: tuple[Sequence[float], Sequence[float]],
    outcome: GateOutcome = "inconclusive",
    because: str = "",
) -> Judgement:
    base, head = arms
    judged = Judgement(
        kind=kind,
        place=" · ".join(head.place),
        base=base.subject,
        head=head.subject,
        metric=metric,
        outcome=outcome,
        because=because,
    )
    return judged.with_trials(*trials)
