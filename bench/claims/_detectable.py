"""The minimum detectable effect beside a verdict."""

from __future__ import annotations

from collections.abc import Iterable

from bench.analysis.wording import figure
from bench.claims.result import Condition, Verdict


def detectable(conditions: Iterable[Condition]) -> str:
    """Write the factors that ``conditions`` could show, e.g. ``MDE 1.12 to 1.4``, or nothing."""
    factors = sorted(
        each.detectable_factor for each in conditions if each.detectable_factor is not None
    )
    ends = dict.fromkeys(figure(factor) for factor in (*factors[:1], *factors[-1:]))
    return f"MDE {' to '.join(ends)}" if ends else ""


def detectable_of(verdict: Verdict) -> str:
    """Write the factors that the conditions behind ``verdict`` could show, or nothing."""
    deciding = (judged for judged in verdict.judgements if not judged.control)
    return detectable(each for judged in deciding for each in judged.conditions)
