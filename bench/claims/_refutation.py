"""Refuting by the least favourable of many conditions, with allowance for how many they are.

A claim that must hold everywhere is refuted by one condition in which it does not. With k of them,
one 95 % interval in 20 lies outside by chance where the truth is at the limit; so the p-values
against the limit are adjusted by Holm's method over all conditions of the claim that could refute
it alone (``bench.analysis.answer.limits.beyond_chance``). Each is that of the test which the
interval inverts; the exact one stands back for Student's t where so few blocks could not reach so
small a p, as in ``bench.stats.multiplicity``.
Supporting a claim needs no allowance: there every interval has to lie inside (Berger,
"Multiparameter hypothesis testing and acceptance sampling", Technometrics 1982).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.answer.limits import beyond_chance
from bench.claims.claim import Judgement
from bench.claims.result import JudgedCondition


def allowed_for(
    judged: Sequence[tuple[Judgement, tuple[JudgedCondition, ...]]],
) -> list[tuple[JudgedCondition, ...]]:
    """Return the conditions of each judgement; those that only seem to fail are undecided."""
    family = [
        condition
        for judgement, conditions in judged
        if not judgement.control and judgement.share == 1.0
        for condition in conditions
        if condition.outside_p is not None
    ]
    refutes = beyond_chance([(c.outcome == "fails", c.outside_p, c.blocks) for c in family])
    doubtful = {
        id(each)
        for each, is_beyond in zip(family, refutes, strict=True)
        if each.outcome == "fails" and not is_beyond
    }
    why = f"outside, but so far one of {len(family)} conditions of this claim may be by chance"
    return [
        tuple(
            replace(each, outcome="undecided", why=why) if id(each) in doubtful else each
            for each in conditions
        )
        for _, conditions in judged
    ]
