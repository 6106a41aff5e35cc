"""Whether two verdicts on the same claims agree: the committed one and a new one.

A claim **agrees** if both verdicts are the same, whatever the figures; it **differs** if they are
not; it is **not comparable** where either side has no run to judge on. Every condition is named
whose answer changed, or whose two intervals do not overlap: that shows a machine, or a version, on
which a verdict holds and its figures have moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from bench.claims.result import (
    JudgedCondition,
    JudgementVerdict,
    Verdict,
    VerdictOutcome,
    Verdicts,
)
from bench.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_PASS

# What two conditions have in common that are about the same.
_KEY = attrgetter(
    *("subject", "baseline", "metric", "workload", "payload", "arrival", "loop", "fault")
)
Agreement = Literal["agrees", "differs", "not comparable"]


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """A condition of the judgement ``label`` that came out otherwise; ``None`` where it lacks.

    ``overlap`` tells whether the two intervals have a value in common; ``None`` where one of the
    sides has no interval.
    """

    label: str
    committed: JudgedCondition | None
    new: JudgedCondition | None
    overlap: bool | None


@dataclass(frozen=True, slots=True)
class ClaimAgreement:
    """Both verdicts on a claim, and in which of its ``conditions`` they part.

    ``why`` says what lacks where nothing can be told. ``committed_runs`` and ``new_runs`` are ids.
    """

    claim: str
    agreement: Agreement
    committed: VerdictOutcome
    new: VerdictOutcome
    committed_figure: str
    new_figure: str
    committed_runs: tuple[str, ...]
    new_runs: tuple[str, ...]
    why: str
    conditions: int
    changes: tuple[ConditionChange, ...]


@dataclass(frozen=True, slots=True)
class Agreements:
    """What became of each claim, and what the process should end with."""

    claims: tuple[ClaimAgreement, ...]
    exit_code: int


def compare_verdicts(committed: Verdicts, new: Verdicts) -> Agreements:
    """Compare the verdicts on the same claims, claim by claim and condition by condition.

    The exit code is that of an invalid measurement where a new verdict is invalid, else that of an
    inconclusive one unless every claim agrees (or there is none).

    Raises:
        ValueError: the two are not about the same claims.
    """
    pairs = zip(committed.verdicts, new.verdicts, strict=True)
    claims = tuple(_compared(before, after) for before, after in pairs)
    if any(claim.new == "invalid" for claim in claims):
        return Agreements(claims, EXIT_INVALID)
    agrees = bool(claims) and all(claim.agreement == "agrees" for claim in claims)
    return Agreements(claims, EXIT_PASS if agrees else EXIT_INCONCLUSIVE)


def _compared(before: Verdict, after: Verdict) -> ClaimAgreement:
    if before.claim != after.claim:
        raise ValueError(f"{before.claim} and {after.claim} are different claims")
    why = _lacking(before, after)
    agreement: Agreement = "agrees" if before.outcome == after.outcome else "differs"
    judged = tuple(zip(before.judgements, after.judgements, strict=True))
    matched = [pair for one, other in judged for pair in _matched(one, other)] if not why else []
    return ClaimAgreement(
        claim=before.claim,
        agreement="not comparable" if why else agreement,
        committed=before.outcome,
        new=after.outcome,
        committed_figure=before.figure,
        new_figure=after.figure,
        committed_runs=_runs(before),
        new_runs=_runs(after),
        why=why,
        conditions=len(matched),
        changes=tuple(filter(_is_change, matched)),
    )


def _lacking(before: Verdict, after: Verdict) -> str:
    if not before.judgements:
        return "it has no judgement yet: nothing to measure"
    for side, judgements in (("reference", before.judgements), ("new", after.judgements)):
        scenarios = [judged.scenario for judged in judgements if not judged.run_id]
        if scenarios:
            return f"there is no {side} run of {', '.join(dict.fromkeys(scenarios))}"
    return ""


def _runs(verdict: Verdict) -> tuple[str, ...]:
    found = (judged.run_id for judged in verdict.judgements if judged.run_id)
    return tuple(dict.fromkeys(found))


def _matched(before: JudgementVerdict, after: JudgementVerdict) -> Iterator[ConditionChange]:
    sides = [{_KEY(each): each for each in judged.conditions} for judged in (before, after)]
    for key in dict.fromkeys((*sides[0], *sides[1])):
        one, other = (side.get(key) for side in sides)
        yield ConditionChange(before.label, one, other, _overlap(one, other))


def _overlap(one: JudgedCondition | None, other: JudgedCondition | None) -> bool | None:
    sides = [side for side in (one, other) if side is not None]
    lows = [side.low for side in sides if side.low is not None]
    highs = [side.high for side in sides if side.high is not None]
    return max(lows) <= min(highs) if len(lows) == len(highs) == 2 else None


def _is_change(pair: ConditionChange) -> bool:
    one, other = pair.committed, pair.new
    return one is None or other is None or one.outcome != other.outcome or pair.overlap is False
