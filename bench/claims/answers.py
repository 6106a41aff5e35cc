"""What a run says of the claims that are judged on its scenario: what its report answers first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.analysis.result import Analysis
from bench.analysis.wording import Statement
from bench.claims.claim import Claim
from bench.claims.claim_scenario import measured_scenario
from bench.claims.judge import deciding, judge
from bench.claims.result import Verdict

# Of what else the run shows, so much is told behind the claims: the tables have all of it.
_OTHERS = 3


def with_claims(analysis: Analysis, claims: Sequence[Claim]) -> Analysis:
    """Return ``analysis`` with what it says about ``claims`` told first.

    That is left out where the scenario asks a question that has an answer of its own. A claim that
    is judged on other scenarios, too, is judged here on this one alone, and the statement says so.
    """
    told = () if analysis.answer.headline else tuple(_statements(analysis, claims))
    if not told:
        return analysis
    statements = (*told, *analysis.answer.statements[:_OTHERS])
    return replace(analysis, answer=replace(analysis.answer, statements=statements))


def _statements(analysis: Analysis, claims: Sequence[Claim]) -> Iterator[Statement]:
    scenario = measured_scenario(analysis.run.scenario_name)
    for claim in claims:
        if scenario not in claim.scenarios:
            continue
        here = tuple(each for each in claim.judgements if each.scenario == scenario)
        (verdict,) = judge([replace(claim, judgements=here)], {scenario: analysis}).verdicts
        if any(each.conditions for each in verdict.judgements):
            others = [each for each in claim.scenarios if each != scenario]
            yield Statement(verdict.outcome.capitalize(), _text(verdict, others))


def _text(verdict: Verdict, others: Sequence[str]) -> str:
    decides = deciding(verdict.judgements)
    label = f"{decides.label}: " if len(verdict.judgements) > 1 else ""
    figure = f"{decides.figure}, claimed: {decides.claimed}" if decides.figure else decides.because
    elsewhere = f" Judged on {' and '.join(others)}, too." if others else ""
    return f"{verdict.statement.removesuffix('.')} ({label}{figure}).{elsewhere}"
