"""Is head worse than base? Judged inside blocks, failing closed.

Times are judged by ``bench.gate.rule``: by interval, and a slow-down counts only if a
second run shows it, too. A count per operation is exact, has no interval and needs no second run:
it must not grow. Nor must the share of cycles that fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.comparison import compare, heeded
from bench.analysis.result import Analysis
from bench.gate._cell_pairs import CellPair, cell_pairs, counts, errors, judgement, refused
from bench.gate.arms import Pair, Rule
from bench.gate.result import GRAVEST, GateOutcome, GateResult, Judgement
from bench.gate.rule import answered, answered_again, answered_together, is_in_question
from bench.records.run import RunRecord
from bench.scenario.metric import Metric

UNKNOWN_METRIC = "nothing in this run has it"


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
    matched = [arms for pair in pairs for arms in cell_pairs(analysis.cells, pair)]
    names = analysis.primary_metrics
    times = [_of_time(analysis, arms, name) for arms in matched for name in names]
    level = rule.false_alarms / max(1, len(matched))
    exact = [judged for arms in matched for judged in errors(analysis, arms, level)]
    exact += [judged for arms in matched for judged in counts(analysis, arms, rule)]
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
    agreed = [*first]
    if second is not None:
        asked = {judged.key for judged in first if is_in_question(judged)}
        agreed = [*answered_together(first, second, rule)]
        agreed += [j for j in second if j.outcome == "invalid" or j.key not in asked]
    outcome = gravest([judged.outcome for judged in agreed])
    told = [f"{_named(j)}: {j.because}" for j in agreed if j.outcome == outcome != "pass"]
    return GateResult(
        outcome=outcome,
        because=tuple(dict.fromkeys(told)) or (_nothing_found(agreed),),
        rule=rule,
        runs=tuple(runs),
        judgements=tuple(agreed[: len(first)]),
        confirming=tuple(second or ()),
        confirmation=_confirmation(first, second, agreed),
        minutes=minutes,
    )


def gravest(outcomes: Sequence[GateOutcome]) -> GateOutcome:
    """Return the gravest of ``outcomes``; of none, "inconclusive"."""
    return min(outcomes, key=GRAVEST.index, default="inconclusive")


def _confirmation(
    first: Sequence[Judgement], second: Sequence[Judgement] | None, agreed: Sequence[Judgement]
) -> str:
    if second is None:
        alone = any(judged.kind == "time" and judged.outcome == "regression" for judged in first)
        return "not confirmed: there was no second run" if alone else ""
    asked = {judged.key for judged in first if is_in_question(judged)}
    outcomes = [judged.outcome for judged in agreed if judged.key in asked]
    return (
        f"a second run measured {len(asked)} of them again: "
        f"{outcomes.count('regression')} confirmed as worse, {outcomes.count('pass')} passed"
    )


def _named(judged: Judgement) -> str:
    return f"{judged.metric.name} of {judged.head} against {judged.base}, {judged.place}"


def _nothing_found(judged: Sequence[Judgement]) -> str:
    if not judged:
        return "nothing was judged: no cell holds both arms"
    return f"none of {len(judged)} is worse by the smallest effect or more"


def _of_time(analysis: Analysis, arms: CellPair, name: str) -> Judgement:
    """Return what the rule needs of a time, or why there is nothing that it could judge."""
    estimate = arms.head.estimates.get(name) or arms.base.estimates.get(name)
    metric = estimate.metric if estimate else Metric(name, "ratio", "neither", UNKNOWN_METRIC)
    judged = judgement(arms, "time", metric, arms.trials(name))
    invalid = analysis.invalid_because(arms.head) or analysis.invalid_because(arms.base)
    if invalid:
        return replace(judged, outcome="invalid", because=invalid)
    if reason := refused(arms, name):
        return replace(judged, because=reason)
    sides = (arms.head, arms.base) if metric.better != "higher" else (arms.base, arms.head)
    compared = compare(*sides, name)
    if compared is None or heeded(compared, "gate") == "blocks":
        blocks = len(compared.ratios) if compared else 0
        planned = min(cell.blocks.planned for cell in sides)
        return replace(judged, because=f"{blocks} of {planned} blocks have a ratio")
    return replace(judged, block_ratios=tuple(compared.ratios.values()))
