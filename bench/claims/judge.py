"""Claims and runs → verdicts.

A judgement is **supported** if the whole interval lies in the claimed range in every selected
condition (or in the ``share`` of them that the claim asks for), **refuted** if so many intervals
lie wholly outside that this cannot be: with a share of 1, a single one, after allowance for how
many there are (Holm over all conditions that could refute the claim alone, each by the test
that its interval inverts: ``bench.analysis.answer.limits.beyond_chance``). Supporting a claim needs
no allowance: there every interval has to lie inside (Berger, "Multiparameter hypothesis testing and
acceptance sampling", Technometrics 1982). A general statement that
holds only somewhere is refuted as such, and the verdict says where it holds. It is **invalid** if
a cell that it rests on is, and **inconclusive** otherwise: intervals straddle the range's end,
blocks lack, or nothing was measured. Of a claim's judgements the gravest counts; where a control
is not supported, those on the same scenario decide nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bench.analysis.answer.limits import beyond_chance
from bench.analysis.result import Analysis
from bench.analysis.wording import listed
from bench.claims._words import because, claimed, depends_on, figure_of
from bench.claims.claim import Claim, Judgement
from bench.claims.conditions import conditions
from bench.claims.result import (
    Dependence,
    JudgedCondition,
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
    "not measured": EXIT_INCONCLUSIVE,
    "supported": EXIT_PASS,
}


def judge(claims: Sequence[Claim], analyses: Mapping[str, Analysis]) -> Verdicts:
    """Give the verdict on each of ``claims``; ``analyses`` are keyed by the name of their scenario.

    Raises:
        InputError: a claim bounds a metric in a unit that is not the metric's, or asks for a
            finding that there is not.
    """
    verdicts = tuple(_verdict(claim, analyses) for claim in claims)
    outcomes = [verdict.outcome for verdict in verdicts]
    return Verdicts(verdicts, GRAVITY[gravest(outcomes)] if outcomes else EXIT_INCONCLUSIVE)


def gravest(outcomes: Iterable[VerdictOutcome]) -> VerdictOutcome:
    """Return the gravest of ``outcomes`` (at least one)."""
    return min(outcomes, key=list(GRAVITY).index)


def _verdict(claim: Claim, analyses: Mapping[str, Analysis]) -> Verdict:
    try:
        found = [
            (
                each,
                tuple(conditions(analyses[each.scenario], each))
                if each.scenario in analyses
                else (),
            )
            for each in claim.judgements
        ]
    except InputError as error:
        raise InputError(f"claims.{claim.id}: {error}") from error
    judged = tuple(
        _judged(judgement, analyses.get(judgement.scenario), allowed)
        for (judgement, _), allowed in zip(found, allowed_for(found), strict=True)
    )
    outcome: VerdictOutcome = "not measured"
    figure, text = "", NOT_MEASURED_YET
    if judged:
        decided, decides = _decided(judged)
        outcome = decided if any(each.run_id for each in judged) else outcome
        figure = decides.figure or _settled(judged)
        text = "; ".join(map(_labelled, judged)) if len(judged) > 1 else judged[0].because
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


def deciding(judged: Sequence[JudgementVerdict]) -> JudgementVerdict:
    """Return the judgement that decides, of those of a claim."""
    return _decided(judged)[1]


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
        tuple(each.but("undecided", why) if id(each) in doubtful else each for each in conditions)
        for _, conditions in judged
    ]


def _decided(judged: Sequence[JudgementVerdict]) -> tuple[VerdictOutcome, JudgementVerdict]:
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


def _labelled(judged: JudgementVerdict) -> str:
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
    judgement: Judgement, analysis: Analysis | None, found: tuple[JudgedCondition, ...]
) -> JudgementVerdict:
    dependences = depends_on(found)
    nothing = f"there is no run of {judgement.scenario}: {NOT_MEASURED_YET}"
    return JudgementVerdict(
        label=judgement.label,
        scenario=judgement.scenario,
        run_id=analysis.run.run_id if analysis else "",
        outcome=verdict_of(found, judgement.share),
        figure=figure_of(found),
        claimed=claimed(judgement, found),
        because=because(judgement, found, dependences) if analysis else nothing,
        conditions=found,
        depends_on=dependences,
        control=judgement.control,
    )


def verdict_of(conditions: Sequence[JudgedCondition], share: float = 1.0) -> VerdictOutcome:
    """Return what ``conditions`` say about a claim that is to hold in ``share`` of them."""
    outcomes = [condition.outcome for condition in conditions]
    needed = share * len(outcomes)
    if len(outcomes) - outcomes.count("fails") < needed:
        return "refuted"
    if "invalid" in outcomes:
        return "invalid"
    return "supported" if outcomes and outcomes.count("holds") >= needed else "inconclusive"
