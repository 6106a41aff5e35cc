"""The rule of a gate for times: from one ratio per block to an answer, fed by records or not.

A ratio is oriented, so that above 1 is always worse. After the first run a time *passes* if the
upper one-sided bound of its slow-down lies below 1 + smallest effect (non-inferiority, Schuirmann
1987; all times have to pass, which needs no adjustment for their number, Berger 1982). Every other
time is *in question*, and a second run, independent of the first, measures it again. Then a time

- passes if it does on the blocks of both runs together, and neither run alone shows it to be slower
  by more than the smallest effect;
- has regressed if both runs together show it to be slower by more than the smallest effect, at
  ``Rule.regression_level`` after Holm's adjustment over all times of the first run, and the second
  run alone shows that at this level, too;
- else is inconclusive.

The first run never ends in a regression. So there is a single test of both runs, and looking at the
first one makes false alarms only rarer. Both sides are tested against the same bound: what two
equal arms differ by for whatever reason, as long as it is less than that, is no regression.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bench.analysis.wording import ratios_in_words
from bench.gate.arms import Rule
from bench.gate.result import Judgement
from bench.scenario.quantity import number
from bench.stats.effects import Effect, effect, signed_rank_greater_p
from bench.stats.multiplicity import holm

# No p-value is as small: what is judged at this level is not called a regression.
_NEVER = 0.0


def answered(times: Sequence[Judgement], rule: Rule) -> tuple[Judgement, ...]:
    """Answer the times of a first run together. Those that say why not stay as they are.

    The latter count in the adjustment all the same: they were to be judged.
    """
    level = _NEVER if rule.confirms else rule.regression_level
    fewest = fewest_blocks(len(times), rule)
    shown = [_with_slowdown(judged, fewest, rule) for judged in times]
    adjusted = holm([_beyond_p(judged, rule) for judged in shown])
    return tuple(
        _answered(judged, p_value, level, rule)
        for judged, p_value in zip(shown, adjusted, strict=True)
    )


def answered_again(
    times: Sequence[Judgement], first: Sequence[Judgement], rule: Rule
) -> tuple[Judgement, ...]:
    """Answer those times of a second run that were in question in the ``first``, each alone.

    Of the others only those stay that say why they could not be judged: that is no pass.
    """
    wanted = {judged.key for judged in first if is_in_question(judged)}
    fewest = max(_fewest_blocks(1, rule.regression_level), rule.fewest_blocks)
    shown = [
        _with_slowdown(judged, fewest, rule)
        for judged in times
        if judged.key in wanted or judged.because
    ]
    return tuple(
        _answered(judged, _beyond_p(judged, rule), rule.regression_level, rule) for judged in shown
    )


def answered_together(
    first: Sequence[Judgement], second: Sequence[Judgement], rule: Rule
) -> tuple[Judgement, ...]:
    """Answer the times of the ``first`` run by the blocks of both runs."""
    again = {judged.key: judged for judged in second}
    pooled = [_pooled(judged, again.get(judged.key), rule) for judged in first]
    adjusted = holm(
        [_beyond_p(j, rule) if is_in_question(j) and not j.because else 1.0 for j in pooled]
    )
    return tuple(
        _answered_together(judged, (before, again[judged.key]), p_value, rule)
        if is_in_question(judged) and not judged.because
        else judged
        for before, judged, p_value in zip(first, pooled, adjusted, strict=True)
    )


def is_in_question(judged: Judgement) -> bool:
    """Tell whether ``judged`` was measured as planned, and only its interval does not tell."""
    return judged.kind == "time" and judged.outcome == "inconclusive" and judged.p_value is not None


def slowdown(block_ratios: Sequence[float], rule: Rule) -> Effect:
    """Estimate the slow-down from positive ratios (n ≥ 1), one per block.

    The bound is that of the signed-rank test, as the p-value is, however many blocks there are;
    above ``MOST_FOR_SIGNED_RANK`` the latter is the normal approximation.
    """
    ones = [1.0] * len(block_ratios)
    confidence = rule.confidence_of_a_look
    return effect(block_ratios, ones, confidence, most_for_signed_rank=sys.maxsize)


def fewest_blocks(times: int, rule: Rule) -> int:
    """Return how many blocks a first run needs to answer so many ``times``."""
    if rule.confirms:
        return rule.fewest_blocks
    return max(rule.fewest_blocks, _fewest_blocks(times, rule.regression_level))


def _fewest_blocks(judged: int, level: float) -> int:
    """Return how many blocks a regression needs: the smallest one-sided p of n is 1 ÷ 2ⁿ."""
    return math.ceil(math.log2(max(1, judged) / level))


def _with_slowdown(judged: Judgement, fewest: int, rule: Rule) -> Judgement:
    if judged.because or not judged.block_ratios:
        return judged
    found = slowdown(judged.block_ratios, rule)
    if found.blocks >= fewest:
        return replace(judged, slowdown=found)
    text = f"too few trials: {found.blocks} blocks, an answer needs {fewest}"
    return replace(judged, slowdown=found, because=text)


def _beyond_p(judged: Judgement, rule: Rule) -> float:
    """Return the one-sided p for "slower by the smallest effect at most"."""
    if judged.slowdown is None or judged.slowdown.p_value is None:
        return 1.0
    return signed_rank_greater_p(np.log(judged.block_ratios) - math.log1p(rule.smallest_effect))


def _answered(judged: Judgement, p_value: float, level: float, rule: Rule) -> Judgement:
    found = judged.slowdown
    if judged.because or found is None:
        return judged
    judged = replace(judged, p_value=p_value)
    said, bound = _said(found), number(1.0 + rule.smallest_effect)
    if _is_below(found, 1.0 + rule.smallest_effect):
        return replace(judged, outcome="pass", because=f"{said}: below {bound}")
    if p_value <= level:
        because = f"{said}: above {bound}, p = {number(p_value)}"
        return replace(judged, outcome="regression", because=because)
    return replace(judged, because=f"{said}: not shown to be below {bound}, nor above")


def _pooled(judged: Judgement, again: Judgement | None, rule: Rule) -> Judgement:
    """Give ``judged`` the blocks of both runs and no reason, or the reason why there are none."""
    if not is_in_question(judged):
        return judged
    if again is None:
        return judged
    if again.outcome == "invalid":
        return replace(judged, outcome="invalid", because=again.because)
    if again.p_value is None:
        return replace(judged, because=f"the second run is inconclusive: {again.because}")
    ratios = judged.block_ratios + again.block_ratios
    judged = judged.with_trials(
        judged.base_values + again.base_values, judged.head_values + again.head_values
    )
    return replace(
        judged,
        block_ratios=ratios,
        slowdown=slowdown(ratios, rule),
        because="",
    )


def _answered_together(
    judged: Judgement, runs: tuple[Judgement, Judgement], p_value: float, rule: Rule
) -> Judgement:
    """Answer ``judged``, which has the blocks of both ``runs``."""
    is_confirmed = runs[1].outcome == "regression"
    judged = _answered(judged, p_value, rule.regression_level if is_confirmed else _NEVER, rule)
    because = f"both runs together: {judged.because}"
    if judged.outcome == "pass":
        beyond = [each for each in runs if _is_beyond(each.slowdown, 1.0 + rule.smallest_effect)]
        if beyond:
            text = f"{because}, but one run alone is not: {beyond[0].because}"
            return replace(judged, outcome="inconclusive", because=text)
    elif judged.outcome == "inconclusive" and p_value <= rule.regression_level:
        because += f", and the second run does not confirm it: {runs[1].because}"
    return replace(judged, because=because)


def _is_beyond(found: Effect | None, bound: float) -> bool:
    return found is not None and found.equivalence_low is not None and found.equivalence_low > bound


def _is_below(found: Effect, bound: float) -> bool:
    return found.equivalence_high is not None and found.equivalence_high < bound


def _said(found: Effect) -> str:
    low, high = found.equivalence_low, found.equivalence_high
    if low is None or high is None:
        return f"{number(found.ratio)} times as slow"
    return f"{number(found.ratio)} times as slow, {ratios_in_words(low, high)}"
