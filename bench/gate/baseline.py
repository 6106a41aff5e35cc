"""A run against a stored one: a soft answer, since no block holds both.

Only on the same machine and of the same scenario; whatever else changed between the two runs is in
the ratio. So a slow-down counts as a regression only if the whole interval lies beyond 1 + smallest
effect, and it is adjusted for all that is judged by Bonferroni.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from bench.analysis.claim_run import ClaimRun
from bench.analysis.result import Analysis, Cell
from bench.analysis.wording import figure, ratios_in_words
from bench.gate._places import grown
from bench.gate.arms import Rule
from bench.gate.judge import gravest
from bench.gate.result import GateResult, Judgement
from bench.gate.unpaired import unpaired_effect
from bench.records.baseline import FORMAT_VERSION, Baseline, BaselineCell, machine_of
from bench.scenario.counted import COUNTED
from bench.scenario.metric import ERRORS, Metric


def baseline_of(name: str, seen: ClaimRun) -> Baseline:
    """Keep of a run what a later one is compared with: primary metrics and counts, by trial."""
    analysis = seen.analysis
    kept = {metric for cell in analysis.cells for metric in _kept(analysis, cell)}
    described = {
        metric: estimate.metric
        for cell in analysis.cells
        for metric, estimate in cell.estimates.items()
        if metric in kept
    }
    return Baseline(
        format_version=FORMAT_VERSION,
        name=name,
        run=analysis.run,
        metrics=described,
        cells=tuple(
            BaselineCell(
                name=_name(cell),
                subject=cell.subject,
                durability=cell.durability,
                doubt=_doubt(seen, cell),
                values={
                    metric: cell.estimates[metric].trial_values for metric in _kept(analysis, cell)
                },
            )
            for cell in analysis.cells
        ),
    )


def judge_against(baseline: Baseline, seen: ClaimRun, rule: Rule) -> GateResult:
    """Judge every cell of ``seen`` against the same cell of ``baseline``."""
    refused = _refused(baseline, seen)
    judgements = () if refused else tuple(_judgements(baseline, seen, rule))
    outcome = "cannot tell" if refused else gravest([judged.outcome for judged in judgements])
    told = [
        f"{judged.metric.name} of {judged.head}, {judged.place}: {judged.because}"
        for judged in judgements
        if judged.outcome == outcome != "pass"
    ]
    return GateResult(
        outcome=outcome,
        because=(refused,) if refused else tuple(told) or ("nothing is shown to be worse",),
        rule=rule,
        runs=(seen.analysis.run, baseline.run),
        judgements=judgements,
        confirming=(),
        confirmation="",
        is_soft=True,
    )


def _refused(baseline: Baseline, seen: ClaimRun) -> str:
    run = seen.analysis.run
    if baseline.run.scenario_digest != run.scenario_digest:
        digests = f"{baseline.run.scenario_digest} and {run.scenario_digest}"
        return f"the baseline is of another scenario: the digests are {digests}"
    here, there = machine_of(run.environment), machine_of(baseline.run.environment)
    changed = sorted({name for name, _ in here.items() ^ there.items()})
    if changed:
        return f"the baseline is from another machine: these differ: {', '.join(changed)}"
    return ""


def _judgements(baseline: Baseline, seen: ClaimRun, rule: Rule) -> Iterator[Judgement]:
    cells = {cell.name: cell for cell in baseline.cells}
    now = {_name(cell) for cell in seen.analysis.cells}
    primary = seen.analysis.primary_metrics
    judged = max(1, len(primary) * len(now))
    for cell in seen.analysis.cells:
        for name in primary:
            yield _of_time(cells.get(_name(cell)), baseline, seen, cell, name, rule, judged)
        yield from _of_counts(cells.get(_name(cell)), baseline, cell, rule)


def _of_time(
    stored: BaselineCell | None,
    baseline: Baseline,
    seen: ClaimRun,
    cell: Cell,
    name: str,
    rule: Rule,
    judged_in_all: int,
) -> Judgement:
    estimate = cell.estimates.get(name)
    metric = estimate.metric if estimate else baseline.metrics.get(name)
    judged = Judgement(
        kind="time",
        place=_name(cell),
        base=baseline.name,
        head=cell.subject,
        metric=metric or Metric(name, "ratio", "neither", "nothing has it"),
        outcome="cannot tell",
        because="",
        head_value=cell.value(name),
    )
    invalid = seen.invalid_because(cell)
    if invalid:
        return replace(judged, outcome="invalid", because=invalid)
    doubt = _doubt(seen, cell) or (stored.doubt if stored else "the baseline has no such cell")
    head = tuple(seen.values(cell, name).values())
    base = stored.values.get(name, ()) if stored else ()
    if stored and not doubt and stored.durability != cell.durability:
        doubt = f"{cell.durability} against {stored.durability}: not the same promise"
    if not doubt and min(len(head), len(base)) < rule.fewest_blocks:
        doubt = f"too few trials: {len(head)} against {len(base)}"
    if doubt:
        return replace(judged, because=doubt)
    judged = replace(judged, base_value=median(base), base_values=base, head_values=head)
    return _answered(judged, rule, judged_in_all)


def _answered(judged: Judgement, rule: Rule, judged_in_all: int) -> Judgement:
    over, under = judged.head_values, judged.base_values
    if min(*over, *under) <= 0.0:
        return replace(judged, because="a value is 0, so there is no ratio")
    if judged.metric.better == "higher":
        over, under = under, over
    strict = unpaired_effect(over, under, 1.0 - (1.0 - rule.confidence) / judged_in_all)
    found = unpaired_effect(over, under, rule.confidence)
    judged = replace(judged, slowdown=found)
    bound = 1.0 + rule.smallest_effect
    low, high = found.equivalence_low, found.equivalence_high
    if low is None or high is None:
        return replace(judged, because="so few trials have no interval")
    said = f"{figure(found.ratio)} times as slow, {ratios_in_words(low, high)}, not paired"
    if high < bound:
        return replace(judged, outcome="pass", because=f"{said}: below {figure(bound)}")
    if strict.equivalence_low is not None and strict.equivalence_low > bound:
        return replace(judged, outcome="regression", because=f"{said}: beyond {figure(bound)}")
    return replace(judged, because=f"{said}: the interval holds {figure(bound)}")


def _of_counts(
    stored: BaselineCell | None, baseline: Baseline, cell: Cell, rule: Rule
) -> Iterator[Judgement]:
    if cell.invalid_because or not cell.trial_ids:
        return
    known = {name for name in (stored.values if stored else {}) if _is_count(name)}
    known |= {name for name in cell.estimates if _is_count(name)}
    for name in sorted(known):
        estimate = cell.estimates.get(name)
        head = estimate.trial_values if estimate else ()
        base = stored.values.get(name, ()) if stored else ()
        outcome, because = grown(base, head, rule)
        metric = estimate.metric if estimate else baseline.metrics[name]
        yield Judgement(
            kind="count",
            place=_name(cell),
            base=baseline.name,
            head=cell.subject,
            metric=metric,
            outcome=outcome,
            because=because,
            base_value=median(base) if base else None,
            head_value=median(head) if head else None,
        )


def _kept(analysis: Analysis, cell: Cell) -> Sequence[str]:
    wanted = analysis.primary_metrics
    return [name for name in cell.estimates if name in wanted or _is_count(name)]


def _is_count(name: str) -> bool:
    return name.rpartition(".")[2] in COUNTED


def _doubt(seen: ClaimRun, cell: Cell) -> str:
    if cell.status != "measured":
        return f"{cell.subject} is {cell.status}: {cell.reason}"
    share = cell.value(ERRORS.name) or 0.0
    failed = f"{share:.2g} of the cycles of {cell.subject} failed" if share > 0.0 else ""
    return seen.invalid_because(cell) or failed


def _name(cell: Cell) -> str:
    return f"{cell.sweep} · {cell.name}"
