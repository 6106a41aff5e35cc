"""Is head worse than base? Judged inside blocks, failing closed.

A time is judged by the effect of ``bench.analysis.effects`` on the ratio head ÷ base (base ÷ head
where higher is better), so that above 1 is always worse:

- *pass*: the upper one-sided bound lies below 1 + smallest effect (non-inferiority, Schuirmann
  1987). All metrics have to pass, so this needs no adjustment for their number (Berger 1982).
- *regression*: it is not shown to be so small, and the slow-down is shown to be above 1 after
  Holm's adjustment over all times that are judged: a false alarm among them is as rare as
  1 − confidence, and an alarm counts only if a second run agrees (:func:`decide`).
- else the interval is too wide to tell.

A count per operation is exact, has no interval and needs no second run: it must not grow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.analysis._gate_places import Place, counts, places_of, refused
from bench.analysis.claim_run import ClaimRun
from bench.analysis.effects import Effect, effect, holm
from bench.analysis.gate_result import GRAVEST, GateOutcome, GateResult, Judgement
from bench.analysis.result import Cell
from bench.analysis.wording import figure, ratios_in_words
from bench.records.run import RunRecord
from bench.spec.gate import Pair, Rule
from bench.spec.metric import Metric

UNKNOWN_METRIC = "nothing in this run has it"


def judge(seen: ClaimRun, pairs: Sequence[Pair], rule: Rule) -> tuple[Judgement, ...]:
    """Judge each primary metric, and each count, wherever a pair was to be measured."""
    places = [place for pair in pairs for place in places_of(seen, pair)]
    names = seen.analysis.primary_metrics
    fewest = _fewest_blocks(len(places) * len(names), rule)
    times = [_of_time(seen, place, name, rule, fewest) for place in places for name in names]
    exact = (judged for place in places for judged in counts(seen, place, rule))
    return (*_adjusted(times, rule), *exact)


def decide(
    first: Sequence[Judgement],
    second: Sequence[Judgement] | None,
    rule: Rule,
    runs: Sequence[RunRecord],
) -> GateResult:
    """Answer from one run, or from two where the first one raised an alarm that needs confirming.

    With two, a time has regressed if both runs say so. An alarm that the second run refutes (it
    passes there) is dropped; one that it neither confirms nor refutes leaves the question open.
    Nothing judged at all is "cannot tell".
    """
    alarms = {judged.key for judged in first if needs_confirming(judged)}
    confirmation, agreed = "", [*first]
    if second is not None:
        again = {judged.key: judged for judged in second}
        agreed = [
            _confirmed(judged, again.get(judged.key)) if judged.key in alarms else judged
            for judged in first
        ]
        agreed += [j for j in second if j.outcome == "invalid" or j.kind == "count"]
        kept = sum(1 for judged in agreed if needs_confirming(judged))
        confirmation = f"a second run with another seed confirmed {kept} of {len(alarms)} alarms"
    elif alarms:
        confirmation = "not confirmed: there was no second run"
    outcome = gravest([judged.outcome for judged in agreed])
    told = [f"{_named(j)}: {j.because}" for j in agreed if j.outcome == outcome != "pass"]
    return GateResult(
        outcome=outcome,
        because=tuple(dict.fromkeys(told)) or (_nothing_found(agreed),),
        rule=rule,
        runs=tuple(runs),
        judgements=tuple(first),
        confirming=tuple(second or ()),
        confirmation=confirmation,
    )


def gravest(outcomes: Sequence[GateOutcome]) -> GateOutcome:
    """Return the gravest of ``outcomes``; of none, "cannot tell"."""
    return min(outcomes, key=GRAVEST.index, default="cannot tell")


def needs_confirming(judged: Judgement) -> bool:
    """Tell whether ``judged`` is an alarm that chance may have raised."""
    return judged.kind == "time" and judged.outcome == "regression"


def _confirmed(alarm: Judgement, again: Judgement | None) -> Judgement:
    if again is None:
        return replace(alarm, outcome="cannot tell", because="the second run does not have it")
    if again.outcome == "regression":
        return replace(alarm, because=f"{alarm.because}; again: {again.because}")
    doubt = "the second run does not confirm the alarm"
    return replace(alarm, outcome=again.outcome, because=f"{doubt}: {again.because}")


def _named(judged: Judgement) -> str:
    return f"{judged.metric.name} of {judged.head} against {judged.base}, {judged.place}"


def _nothing_found(judged: Sequence[Judgement]) -> str:
    if not judged:
        return "nothing was judged: no cell holds both arms"
    return f"none of {len(judged)} is worse by the smallest effect or more"


def _fewest_blocks(judged: int, rule: Rule) -> int:
    """Return how many blocks an alarm needs: the smallest one-sided p of n of them is 1 ÷ 2ⁿ."""
    needed = math.ceil(math.log2(max(1, judged) / (1.0 - rule.confidence)))
    return max(rule.fewest_blocks, needed)


def _of_time(seen: ClaimRun, place: Place, name: str, rule: Rule, fewest: int) -> Judgement:
    estimate = place.head.estimates.get(name) or place.base.estimates.get(name)
    metric = estimate.metric if estimate else Metric(name, "ratio", "neither", UNKNOWN_METRIC)
    judged = Judgement(
        kind="time",
        place=place.name,
        base=place.base.subject,
        head=place.head.subject,
        metric=metric,
        outcome="cannot tell",
        because="",
        base_value=place.base.value(name),
        head_value=place.head.value(name),
        base_values=_trial_values(place.base, name),
        head_values=_trial_values(place.head, name),
    )
    invalid = seen.invalid_because(place.head) or seen.invalid_because(place.base)
    if invalid:
        return replace(judged, outcome="invalid", because=invalid)
    reason = refused(seen, place, name)
    if reason:
        return replace(judged, because=reason)
    found = _slowdown(seen, place, metric, rule)
    planned = min(seen.planned[cell.name] for cell in (place.base, place.head))
    if found is None or found.blocks < planned:
        paired = found.blocks if found else 0
        return replace(judged, because=f"{paired} of {planned} blocks have a ratio")
    if found.blocks < fewest:
        text = f"too few trials: {found.blocks} blocks, an answer needs {fewest}"
        return replace(judged, slowdown=found, because=text)
    return replace(judged, slowdown=found)


def _trial_values(cell: Cell, name: str) -> tuple[float, ...]:
    estimate = cell.estimates.get(name)
    return estimate.trial_values if estimate else ()


def _slowdown(seen: ClaimRun, place: Place, metric: Metric, rule: Rule) -> Effect | None:
    values = {
        cell.subject: {
            seen.blocks[trial]: value for trial, value in seen.values(cell, metric.name).items()
        }
        for cell in (place.base, place.head)
    }
    base, head = values[place.base.subject], values[place.head.subject]
    blocks = [b for b in head if head[b] > 0.0 and base.get(b, 0.0) > 0.0]
    if not blocks:
        return None
    over, under = [head[block] for block in blocks], [base[block] for block in blocks]
    if metric.better == "higher":
        over, under = under, over
    return effect(over, under, rule.confidence)


def _adjusted(times: Sequence[Judgement], rule: Rule) -> Iterator[Judgement]:
    """Yield ``times`` with their answers; those that have one already count in the adjustment."""
    adjusted = holm([_one_sided_p(judged.slowdown) for judged in times])
    for judged, p_value in zip(times, adjusted, strict=True):
        if judged.because or judged.slowdown is None:
            yield judged
        else:
            yield _answered(judged, judged.slowdown, p_value, rule)


def _one_sided_p(found: Effect | None) -> float:
    """Return p for "not slower", from the two-sided one of a symmetric test."""
    if found is None or found.p_value is None:
        return 1.0
    return found.p_value / 2.0 if found.ratio > 1.0 else 1.0 - found.p_value / 2.0


def _answered(judged: Judgement, found: Effect, p_value: float, rule: Rule) -> Judgement:
    low, high = found.equivalence_low, found.equivalence_high
    judged = replace(judged, p_value=p_value)
    bound = 1.0 + rule.smallest_effect
    if low is None or high is None:
        return replace(judged, because="a single block has no interval")
    said = f"{figure(found.ratio)} times as slow, {ratios_in_words(low, high)}"
    if high < bound:
        return replace(judged, outcome="pass", because=f"{said}: below {figure(bound)}")
    if p_value <= 1.0 - rule.confidence:
        return replace(judged, outcome="regression", because=f"{said}, p = {p_value:.2g}")
    text = f"{said}: the interval is too wide to exclude {figure(bound)}"
    return replace(judged, because=text)
