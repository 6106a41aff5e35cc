"""Claims and runs → verdicts.

A judgement is **supported** if the whole interval lies in the claimed range in every selected
condition (or in the ``share`` of them that the claim asks for), **refuted** if so many intervals
lie wholly outside that this cannot be: with a share of 1, a single one, after allowance for how
many there are (``bench.claims._refutation``). A general statement that
holds only somewhere is refuted as such, and the verdict says where it holds. It is **invalid** if
a cell that it rests on is, and **inconclusive** otherwise: intervals straddle the range's end,
blocks lack, or nothing was measured. Of a claim's judgements the gravest counts; where a control
is not supported, those on the same scenario decide nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from bench.analysis.result import Analysis
from bench.analysis.wording import listed
from bench.claims import _bounds, _facts, _figures
from bench.claims._refutation import allowed_for
from bench.claims._words import because, claimed, depends_on, figure_of
from bench.claims.claim import (
    Bound,
    Claim,
    Count,
    FindingCheck,
    Judgement,
    Ratio,
    RunsOn,
    Scaling,
)
from bench.claims.result import (
    Condition,
    Dependence,
    JudgementVerdict,
    Verdict,
    VerdictOutcome,
    Verdicts,
)
from bench.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_INVALID,
    EXIT_PASS,
    EXIT_REGRESSION,
    InputError,
)

NOT_MEASURED_YET = "not measured yet"
# The gravest first; each with what a process ends with that has one.
GRAVITY: Mapping[VerdictOutcome, int] = {
    "refuted": EXIT_REGRESSION,
    "invalid": EXIT_INVALID,
    "inconclusive": EXIT_INCONCLUSIVE,
    "supported": EXIT_PASS,
}


def judge(claims: Sequence[Claim], runs: Mapping[str, Analysis]) -> Verdicts:
    """Give the verdict on each of ``claims``; ``runs`` are keyed by the name of their scenario.

    Raises:
        InputError: a claim bounds a metric in a unit that is not the metric's.
    """
    verdicts = tuple(_verdict(claim, runs) for claim in claims)
    found = [verdict.outcome for verdict in verdicts]
    return Verdicts(verdicts, GRAVITY[gravest(found)] if found else EXIT_INCONCLUSIVE)


def gravest(outcomes: Iterable[VerdictOutcome]) -> VerdictOutcome:
    """Return the gravest of ``outcomes`` (at least one)."""
    return min(outcomes, key=list(GRAVITY).index)


def _verdict(claim: Claim, runs: Mapping[str, Analysis]) -> Verdict:
    found = [
        (judgement, tuple(_conditions(claim, judgement, run)) if run else ())
        for judgement in claim.judgements
        for run in [runs.get(judgement.scenario)]
    ]
    judged = tuple(
        _judged(judgement, runs.get(judgement.scenario), conditions)
        for (judgement, _), conditions in zip(found, allowed_for(found), strict=True)
    )
    outcome: VerdictOutcome = "inconclusive"
    figure, text = "", NOT_MEASURED_YET
    if judged:
        outcome, deciding = _decided(judged)
        figure = deciding.figure or _settled(judged)
        text = "; ".join(_labelled(each, alone=len(judged) == 1) for each in judged)
    return Verdict(
        claim=claim.id,
        documents=claim.documents,
        kind=claim.kind,
        statement=claim.statement,
        why=claim.why,
        outcome=outcome,
        figure=figure,
        because=text,
        depends_on=(*_between(judged), *(one for each in judged for one in each.depends_on)),
        judgements=judged,
    )


def _decided(judged: Sequence[JudgementVerdict]) -> tuple[VerdictOutcome, JudgementVerdict]:
    """Return what the judgements say together, and the one that decides."""
    outcomes = [(_with_controls(each, judged), each) for each in judged if not each.control]
    outcome = gravest(found for found, _ in outcomes)
    return outcome, next(each for found, each in outcomes if found == outcome)


def _with_controls(
    judgement: JudgementVerdict, judged: Sequence[JudgementVerdict]
) -> VerdictOutcome:
    """Return what ``judgement`` says, which is nothing where a control of its scenario failed.

    What shows too little, or too much, where the answer is known shows nothing where it is not.
    """
    controls = [
        each.outcome for each in judged if each.control and each.scenario == judgement.scenario
    ]
    if all(outcome == "supported" for outcome in controls):
        return judgement.outcome
    return "invalid" if "invalid" in (judgement.outcome, *controls) else "inconclusive"


def _settled(judged: Sequence[JudgementVerdict]) -> str:
    """Say how many judgements are decided, where the one that decides has no figure."""
    asked = [each.outcome for each in judged if not each.control]
    told = [
        f"{asked.count(outcome)} of {len(asked)} {outcome}"
        for outcome in GRAVITY
        if outcome in asked and outcome != "inconclusive"
    ]
    return listed(told) if told else ""


def _labelled(judged: JudgementVerdict, *, alone: bool) -> str:
    if alone:
        return judged.because
    told = ("as it must" if judged.outcome == "supported" else "not as it must") * judged.control
    return f"{judged.label} ({told or judged.outcome}): {judged.because}"


def _between(judged: Sequence[JudgementVerdict]) -> tuple[Dependence, ...]:
    """Say that the answer differs from judgement to judgement, where it does."""
    known = [
        each for each in judged if each.outcome in ("supported", "refuted") and not each.control
    ]
    if len({each.outcome for each in known}) < 2:
        return ()
    return (Dependence("judgement", tuple((each.label, each.outcome) for each in known)),)


def _judged(
    judgement: Judgement, run: Analysis | None, conditions: tuple[Condition, ...]
) -> JudgementVerdict:
    outcome = verdict_of(conditions, judgement.share)
    dependences = depends_on(conditions)
    nothing = f"there is no run of {judgement.scenario}: {NOT_MEASURED_YET}"
    return JudgementVerdict(
        label=judgement.label,
        scenario=judgement.scenario,
        run_id=run.run.run_id if run else "",
        outcome=outcome,
        figure=figure_of(conditions),
        claimed=claimed(judgement, conditions),
        because=because(judgement, conditions, dependences) if run else nothing,
        conditions=conditions,
        depends_on=dependences,
        control=judgement.control,
    )


def _conditions(claim: Claim, judgement: Judgement, run: Analysis) -> Iterable[Condition]:
    match judgement:
        case Ratio():
            return _figures.ratios(run, judgement)
        case Scaling():
            return _figures.scalings(run, judgement)
        case Bound():
            try:
                return tuple(_bounds.bounds(run, judgement))
            except InputError as error:
                raise InputError(f"claims.{claim.id}: {error}") from error
        case RunsOn():
            return _facts.runs(run, judgement)
        case FindingCheck():
            return _facts.findings(run, judgement)
        case Count():
            return _facts.counts(run, judgement)
        case _:
            assert_never(judgement)


def verdict_of(conditions: Sequence[Condition], share: float = 1.0) -> VerdictOutcome:
    """Return what ``conditions`` say about a claim that is to hold in ``share`` of them."""
    outcomes = [condition.outcome for condition in conditions]
    needed = share * len(outcomes)
    if len(outcomes) - outcomes.count("fails") < needed:
        return "refuted"
    if "invalid" in outcomes:
        return "invalid"
    return "supported" if outcomes and outcomes.count("holds") >= needed else "inconclusive"
