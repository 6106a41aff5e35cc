"""Refuting by the least favourable of many conditions, with allowance for how many they are.

A claim that must hold everywhere is refuted by one condition in which it does not. With k of them,
one 95 % interval in 20 lies outside by chance where the truth is at the limit; so the p-values
against the limit are adjusted by Holm's method over all conditions of the claim that could refute
it alone. Supporting a claim needs no allowance: there every interval has to lie inside (Berger,
"Multiparameter hypothesis testing and acceptance sampling", Technometrics 1982).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import stdtr

from bench.analysis.effects import holm
from bench.analysis.quantiles import CONFIDENCE
from bench.analysis.verdict_result import Condition
from bench.spec.claim import Judgement, Range


def outside_p(values: Sequence[float], claimed: Range) -> float | None:
    """Return the two-sided p of Student's t for a mean of ``values`` at the end that it is beyond.

    1 where the mean lies inside ``claimed``, ``None`` for fewer than two values.
    """
    if len(values) < 2:
        return None
    mean = float(np.mean(values))
    beyond = max(claimed.low - mean, mean - claimed.high)
    if beyond <= 0.0:
        return 1.0
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return 2.0 * float(stdtr(len(values) - 1, -beyond / error)) if error > 0.0 else 0.0


def in_logarithms(claimed: Range) -> Range:
    """Return the range of logarithms that ``claimed`` is."""
    ends = (math.log(end) if end > 0.0 else -math.inf for end in (claimed.low, claimed.high))
    return Range(*ends)


def allowed_for(
    judged: Sequence[tuple[Judgement, tuple[Condition, ...]]],
) -> list[tuple[Condition, ...]]:
    """Return the conditions of each judgement; those that only seem to fail are undecided."""
    family = [
        condition
        for judgement, conditions in judged
        if not judgement.control and judgement.share == 1.0
        for condition in conditions
        if condition.outside_p is not None
    ]
    adjusted = holm([condition.outside_p or 0.0 for condition in family])
    doubtful = {
        id(condition): len(family)
        for condition, p_value in zip(family, adjusted, strict=True)
        if condition.outcome == "fails" and p_value > 1.0 - CONFIDENCE
    }
    return [
        tuple(_doubted(condition, doubtful.get(id(condition), 0)) for condition in conditions)
        for _, conditions in judged
    ]


def _doubted(condition: Condition, members: int) -> Condition:
    if not members:
        return condition
    why = f"outside, but so far one of {members} conditions of this claim may be by chance"
    return replace(condition, outcome="undecided", why=why)
