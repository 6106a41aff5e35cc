"""Findings about precision: how much the numbers say."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from bench.analysis.cell import Cell, by_place
from bench.analysis.comparison import false_alarms
from bench.analysis.estimation import POOLED
from bench.analysis.findings.registry import Symptom, cell_finding, finding
from bench.analysis.precision import (
    Condition,
    looks,
    precise_after,
    widest,
    width_in_words,
)
from bench.analysis.result import Analysis, Comparison
from bench.analysis.wording import counted, listed, ratios_in_words
from bench.scenario.arrival import Closed
from bench.scenario.metric import CYCLE, time_name
from bench.scenario.plan import blocks_of
from bench.scenario.quantity import number
from bench.scenario.scenario import Precision

# The same arm measured twice differs by 10 to 20 % on a small shared machine; a standard deviation
# of the logarithms above 0.25 is beyond that: one trial in three is off by more than a quarter.
DISAGREEING_SD_OF_LOGARITHMS = 0.25
# Of fewer rounds the two that the window's edges cut are a large part.
FEW_CYCLES = 5


@cell_finding(
    "warning",
    advice="Close what else runs on the machine, lengthen the trials, and add repetitions.",
    worst="; worst of {} cells",
)
def trials_disagree(analysis: Analysis, cell: Cell) -> Symptom | None:
    """Trials of the same cell differ more than repeated trials usually do: something besides the
    saver changed between them, and the interval is wide.
    """
    symptoms: list[Symptom] = []
    for name in analysis.scenario.primary_metrics:
        estimate = cell.estimates.get(name)
        values = estimate.trial_values if estimate else ()
        if len(values) < 2 or min(values) <= 0.0:
            continue
        deviation = float(np.std(np.log(values), ddof=1))
        message = (
            f"the largest {name} of its trials is {number(max(values) / min(values))} times the "
            f"smallest (standard deviation of the logarithms {number(deviation)})"
        )
        if deviation > DISAGREEING_SD_OF_LOGARITHMS:
            symptoms.append(Symptom(message, size=deviation))
    return max(symptoms, key=lambda symptom: symptom.size, default=None)


@finding(
    "warning",
    advice="Believe no difference smaller than this one; add repetitions, or use a quieter "
    "machine.",
)
def aa_differs(analysis: Analysis) -> Symptom | None:
    """The same subject measured under two names seems to differ from itself: machine or method see
    a difference where there is none, and may do so for the other subjects.
    """
    # Of many 95 % intervals a few exclude 1 by chance. The finding warns where there are more of
    # them than chance explains (binomial tail, as if they were independent), else it is a note.
    primary = analysis.scenario.primary_metrics
    alarms = false_alarms(analysis.comparisons, primary)
    if alarms is None or not alarms.different:
        return None
    differing = [
        comparison
        for comparison in analysis.comparisons
        if comparison.is_aa and comparison.effect.side() and comparison.metric.name in primary
    ]
    most = max(differing, key=lambda comparison: abs(math.log(comparison.effect.ratio)))
    ratio, low, high = most.effect.ratio, most.effect.low or 0.0, most.effect.high or 0.0
    message = (
        f"{most.candidate} is {most.baseline} measured again, yet its {most.metric.name} is "
        f"{number(ratio)} times that (95 % interval {number(low)} to {number(high)}, "
        f"{' · '.join(most.condition)} on {most.loop}); "
        f"{alarms.different} of {counted(alarms.compared, 'A/A ratio')} exclude 1, "
        f"{number(alarms.by_chance * alarms.compared)} would by chance"
    )
    arms = by_place(comparison.candidate_cell for comparison in differing)
    cells = [cell for cell in analysis.cells if (cell.subject, *cell.place) in arms]
    return Symptom(message, cells, severity=None if alarms.is_unlikely else "note")


@finding(
    "warning",
    advice="Add a subject with same_as = the baseline's label to the scenario, and measure again.",
)
def no_aa_arm(analysis: Analysis) -> Symptom | None:
    """No subject was measured a second time under another label, so nobody knows by how much this
    machine makes a subject differ from itself: what is called a difference may be smaller.
    """
    comparisons = analysis.comparisons
    if not comparisons or any(comparison.is_aa for comparison in comparisons):
        return None
    return Symptom(f"{counted(len(comparisons), 'comparison')}, no A/A arm")


@finding(
    "note",
    advice="Raise duration_s, so that more operations lie beyond that quantile, or compare "
    "medians.",
)
def tails_disagree(analysis: Analysis) -> Symptom | None:
    """A tail quantile rests on few operations of each trial. The interval over blocks and the one
    that resamples these operations too answer differently, so the comparison is unresolved.
    """
    tails = [c for c in analysis.comparisons if c.tail_low is not None]
    doubted = [c for c in tails if c.tail_disagrees]
    if not doubted:
        return None
    first = doubted[0]
    return Symptom(
        f"{len(doubted)} of {counted(len(tails), 'ratio')} of tail quantiles; for example "
        f"{first.metric.name} of {first.candidate} against {first.baseline} "
        f"({' · '.join(first.condition)} on {first.loop}): 95 % interval "
        f"{ratios_in_words(first.effect.low or 0.0, first.effect.high or math.inf)} over blocks, "
        f"{ratios_in_words(first.tail_low or 0.0, first.tail_high or math.inf)} "
        "with operations resampled"
    )


@finding("note", advice="Set repetitions to 5 or more before quoting any of these numbers.")
def single_trial(analysis: Analysis) -> Symptom | None:
    """One trial says nothing about how much the next one would differ: there is no interval."""
    cells = [cell for cell in analysis.measured if len(cell.measured) == 1]
    if not cells:
        return None
    measured = counted(len(analysis.measured), "measured cell")
    return Symptom(f"{len(cells)} of {measured} rest on a single trial", cells)


@cell_finding(
    "note",
    advice="Raise duration_s, or have fewer clients.",
    worst=" (fewest of {} cells)",
)
def few_cycles(analysis: Analysis, cell: Cell) -> Symptom | None:
    """Each client went round only a few times: medians and tails rest on few rounds, and on what
    the window's edges cut off.
    """
    # At an offered rate the number of clients is only a limit: it says nothing about rounds.
    is_closed = isinstance(analysis.scenario.arrival(cell.arrival), Closed)
    if not is_closed or not any(CYCLE in record.operations for record in cell.measured):
        return None
    finished = sum(facts.cycles_finished for facts in cell.load.values())
    per_client = finished / len(cell.load) / cell.concurrency
    if per_client >= FEW_CYCLES:
        return None
    message = f"{number(per_client)} cycles per client finished on average in the window of a trial"
    return Symptom(message, size=-per_client)


@finding("note", advice="Raise duration_s or the number of clients if that quantile matters.")
def too_few_operations(analysis: Analysis) -> Symptom | None:
    """A quantile is stated only from as many operations as are needed to bound it from both sides;
    where no trial has them but all trials together do, it is pooled and has no interval.
    """
    # Service and wait have as many operations as the response; one of the three is told.
    quantiles = [
        (cell, estimate)
        for cell in analysis.measured
        for name, estimate in cell.estimates.items()
        if (of := time_name(name)) and of.time.name == "response"
    ]
    missing = [(cell, estimate) for cell, estimate in quantiles if estimate.why_not]
    pooled = [(cell, estimate) for cell, estimate in quantiles if estimate.method == POOLED]
    parts: list[str] = []
    if missing:
        cell, estimate = missing[0]
        example = f"{cell.name}: {estimate.why_not}"
        names = _by_count(estimate.metric.name for _, estimate in missing)
        parts.append(f"not estimable: {names} (for example {example})")
    if pooled:
        names = _by_count(estimate.metric.name for _, estimate in pooled)
        parts.append(f"pooled over trials: {names}")
    if not parts:
        return None
    cells = {cell.name: cell for cell, e in quantiles if e.why_not or e.method == POOLED}
    return Symptom("; ".join(parts), [*cells.values()])


def _by_count(metrics: Iterable[str]) -> str:
    cells = Counter(metrics).most_common()
    return listed((f"{name} in {counted(count, 'cell')}" for name, count in cells), 4)


@finding(
    "note",
    advice="Raise most_repetitions and budget_s, lengthen the trials, or use a quieter machine; "
    "complete an interrupted run with --resume.",
)
def precision_not_reached(analysis: Analysis) -> Symptom | None:
    """The measuring ended by most_repetitions or budget_s, or was interrupted, before these ratios
    were known as precisely as the scenario wants. Their intervals hold all the same.
    """
    precision = analysis.scenario.precision
    if precision is None:
        return None
    by_condition: dict[Condition, list[Comparison]] = {}
    for each in analysis.comparisons:
        if each.metric.name in analysis.primary_metrics:
            by_condition.setdefault(each.condition, []).append(each)
    wide = {
        condition: width
        for condition, compared in by_condition.items()
        if (width := _too_wide(analysis, precision, condition, compared))
    }
    if not wide:
        return None
    _, condition, text = max((share, condition, text) for condition, (share, text) in wide.items())
    message = f"{' · '.join(condition)}: {text}"
    if len(wide) > 1:
        message += f" (worst of {counted(len(wide), 'condition')})"
    return Symptom(message, [cell for cell in analysis.cells if cell.condition in wide])


def _too_wide(
    analysis: Analysis,
    precision: Precision,
    condition: Condition,
    compared: Sequence[Comparison],
) -> tuple[float, str] | None:
    """Return the half-width of the widest interval and what to say; ``None`` if precise enough."""
    scenario = analysis.scenario
    certain, most = blocks_of(scenario, scenario.sweeps[condition[0]], condition[3])
    begun = max(e.blocks.planned for e in analysis.cells if e.condition == condition)
    worst = widest(compared, begun)
    if most == certain or worst is None:
        return None
    looked = looks(certain, begun)
    if not looked:
        return worst[1], f"{counted(begun, 'block')}, the first look is at {looked.start}"
    if precise_after(compared, precision.half_width, looked) is not None:
        return None
    width = width_in_words(*worst, precision.half_width)
    return worst[1], f"{width}, after {counted(begun, 'block')}"
