"""Findings about precision: how much the numbers say."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

from bench.analysis.comparison import false_alarms
from bench.analysis.estimation import POOLED
from bench.analysis.findings._evidence import Evidence, Judge, Kind
from bench.analysis.result import Finding
from bench.analysis.summary import CellEvidence
from bench.analysis.wording import counted, figure, listed, ratios_in_words
from bench.scenario.arrival import Closed
from bench.scenario.metric import CYCLE, QUANTILES

# The same arm measured twice differs by 10 to 20 % on a small shared machine; a standard deviation
# of the logarithms above 0.25 is beyond that: one trial in three is off by more than a quarter.
DISAGREEING_SD_OF_LOGARITHMS = 0.25
# More A/A ratios that exclude 1 than chance gives in one of twenty runs.
UNLIKELY_BY_CHANCE = 0.05
# Of fewer rounds the two that the window's edges cut are a large part.
FEW_CYCLES = 5

_TOO_FEW_OPERATIONS = Kind(
    "too_few_operations",
    "note",
    "A quantile is stated only from as many operations as are needed to bound it from both sides; "
    "where no trial has them but all trials together do, it is pooled and has no interval.",
    "Raise duration_s or the number of clients if that quantile matters.",
)
_FEW_CYCLES = Kind(
    "few_cycles",
    "note",
    "Each client went round only a few times: medians and tails rest on few rounds, and on what "
    "the window's edges cut off.",
    "Raise duration_s, or have fewer clients.",
)
_TRIALS_DISAGREE = Kind(
    "trials_disagree",
    "warning",
    "Trials of the same cell differ more than repeated trials usually do: something besides the "
    "saver changed between them, and the interval is wide.",
    "Close what else runs on the machine, lengthen the trials, and add repetitions.",
)
_SINGLE_TRIAL = Kind(
    "single_trial",
    "note",
    "One trial says nothing about how much the next one would differ: there is no interval.",
    "Set repetitions to 5 or more before quoting any of these numbers.",
)
_AA_DIFFERS = Kind(
    "aa_differs",
    "warning",
    "The same subject measured under two names seems to differ from itself: machine or method "
    "see a difference where there is none, and may do so for the other subjects.",
    "Believe no difference smaller than this one; add repetitions, or use a quieter machine.",
)
_NO_AA_ARM = Kind(
    "no_aa_arm",
    "warning",
    "No subject was measured a second time under another label, so nobody knows by how much this "
    "machine makes a subject differ from itself: what is called a difference may be smaller.",
    "Add a subject with same_as = the baseline's label to the scenario, and measure again.",
)
_TAILS_DISAGREE = Kind(
    "tails_disagree",
    "note",
    "A tail quantile rests on few operations of each trial. The interval over blocks and the one "
    "that resamples these operations too answer differently, so the comparison is unresolved.",
    "Raise duration_s, so that more operations lie beyond that quantile, or compare medians.",
)


def too_few_operations(evidence: Evidence) -> Finding | None:
    """Find quantiles that could not be stated, or only from all trials together."""
    without: dict[str, int] = defaultdict(int)
    pooled: dict[str, int] = defaultdict(int)
    reasons: list[str] = []
    cells: list[CellEvidence] = []
    for cell in evidence.measured:
        # Service and wait have as many operations as the response; one of the three is told.
        quantiles = [
            estimate
            for name, estimate in cell.cell.estimates.items()
            if ".response." in name and name.split(".")[-1] in QUANTILES
        ]
        missing = [e for e in quantiles if e.why_not]
        joined = [e for e in quantiles if e.method == POOLED]
        if missing or joined:
            cells.append(cell)
        for estimate in missing:
            without[estimate.metric.name] += 1
            reasons.append(f"{cell.cell.name}: {estimate.why_not}")
        for estimate in joined:
            pooled[estimate.metric.name] += 1
    if not cells:
        return None
    said = []
    if without:
        said.append(f"not estimable: {_by_count(without)} (for example {reasons[0]})")
    if pooled:
        said.append(f"pooled over trials: {_by_count(pooled)}")
    return _TOO_FEW_OPERATIONS.found("; ".join(said), cells)


def _by_count(cells_by_metric: dict[str, int]) -> str:
    ordered = sorted(cells_by_metric.items(), key=lambda item: -item[1])
    return listed((f"{name} in {counted(cells, 'cell')}" for name, cells in ordered), 4)


def few_cycles(evidence: Evidence) -> Finding | None:
    """Find cells of a closed loop whose clients finished few cycles in the window."""
    rounds: dict[str, float] = {}
    for cell in evidence.measured:
        # At an offered rate the number of clients is only a limit: it says nothing about rounds.
        is_closed = isinstance(evidence.scenario.arrival(cell.cell.arrival), Closed)
        has_cycles = any(CYCLE in record.operations for record in cell.measured)
        if is_closed and has_cycles:
            finished = sum(facts.cycles_finished for facts in cell.load.values())
            of_client = finished / len(cell.load) / cell.cell.concurrency
            if of_client < FEW_CYCLES:
                rounds[cell.cell.name] = of_client
    cells = [cell for cell in evidence.measured if cell.cell.name in rounds]
    if not cells:
        return None
    name, fewest = min(rounds.items(), key=lambda item: item[1])
    message = (
        f"{name}: {figure(fewest)} cycles per client finished on average in the window of a trial"
    )
    if len(cells) > 1:
        message += f" (fewest of {len(cells)} cells)"
    return _FEW_CYCLES.found(message, cells)


def trials_disagree(evidence: Evidence) -> Finding | None:
    """Find cells whose trials are far apart in a primary metric."""
    spread: dict[str, tuple[float, str, float, float]] = {}
    for cell in evidence.measured:
        for name in evidence.scenario.primary_metrics:
            estimate = cell.cell.estimates.get(name)
            values = estimate.trial_values if estimate else ()
            if len(values) < 2 or min(values) <= 0.0:
                continue
            deviation = float(np.std(np.log(values), ddof=1))
            if deviation > max(DISAGREEING_SD_OF_LOGARITHMS, spread.get(cell.cell.name, (0.0,))[0]):
                spread[cell.cell.name] = (deviation, name, min(values), max(values))
    cells = [cell for cell in evidence.measured if cell.cell.name in spread]
    if not cells:
        return None
    worst, (deviation, metric, low, high) = max(spread.items(), key=lambda item: item[1][0])
    message = (
        f"{worst}: the largest {metric} of its trials is {figure(high / low)} times the smallest "
        f"(standard deviation of the logarithms {figure(deviation)})"
    )
    if len(cells) > 1:
        message += f"; worst of {len(cells)} cells"
    return _TRIALS_DISAGREE.found(message, cells)


def single_trial(evidence: Evidence) -> Finding | None:
    """Find cells that rest on one trial."""
    cells = [cell for cell in evidence.measured if len(cell.measured) == 1]
    if not cells:
        return None
    message = (
        f"{len(cells)} of {counted(len(evidence.measured), 'measured cell')} rest on a single trial"
    )
    return _SINGLE_TRIAL.found(message, cells)


def aa_differs(evidence: Evidence) -> Finding | None:
    """Find A/A arms whose interval excludes 1 in a primary metric.

    Of many 95 % intervals a few exclude 1 by chance. The finding warns where there are more of
    them than chance explains (binomial tail, as if they were independent), else it is a note.
    """
    primary = evidence.scenario.primary_metrics
    alarms = false_alarms(evidence.comparisons, primary)
    if alarms is None or not alarms.different:
        return None
    differing = [
        comparison
        for comparison in evidence.comparisons
        if comparison.is_aa and comparison.effect.side() and comparison.metric.name in primary
    ]
    most = max(differing, key=lambda comparison: abs(math.log(comparison.effect.ratio)))
    found = most.effect
    message = (
        f"{most.candidate} is {most.baseline} measured again, yet its {most.metric.name} is "
        f"{figure(found.ratio)} times that (95 % interval {figure(found.low or 0.0)} to "
        f"{figure(found.high or 0.0)}, {' · '.join(most.condition)} on {most.loop}); "
        f"{alarms.different} of {counted(alarms.compared, 'A/A ratio')} exclude 1, "
        f"{figure(alarms.by_chance * alarms.compared)} would by chance"
    )
    arms = {(c.condition, c.loop, c.candidate) for c in differing}
    cells = [
        cell
        for cell in evidence.cells
        if (cell.cell.condition, cell.cell.loop, cell.cell.subject) in arms
    ]
    # A single ratio has exactly this probability, up to rounding.
    unlikely = alarms.p_value <= UNLIKELY_BY_CHANCE + 1e-9
    return _AA_DIFFERS.found(message, cells, severity="warning" if unlikely else "note")


def no_aa_arm(evidence: Evidence) -> Finding | None:
    """Find that arms are compared and none is compared with itself."""
    comparisons = evidence.comparisons
    if not comparisons or any(comparison.is_aa for comparison in comparisons):
        return None
    return _NO_AA_ARM.found(f"{counted(len(comparisons), 'comparison')}, no A/A arm")


def tails_disagree(evidence: Evidence) -> Finding | None:
    """Find ratios of tail quantiles that the hierarchical bootstrap judges otherwise."""
    tails = [c for c in evidence.comparisons if c.tail_low is not None]
    doubted = [c for c in tails if c.tail_disagrees]
    if not doubted:
        return None
    first = doubted[0]
    message = (
        f"{len(doubted)} of {counted(len(tails), 'ratio')} of tail quantiles; for example "
        f"{first.metric.name} of {first.candidate} against {first.baseline} "
        f"({' · '.join(first.condition)} on {first.loop}): 95 % interval "
        f"{ratios_in_words(first.effect.low or 0.0, first.effect.high or math.inf)} over blocks, "
        f"{ratios_in_words(first.tail_low or 0.0, first.tail_high or math.inf)} "
        "with operations resampled"
    )
    return _TAILS_DISAGREE.found(message)


JUDGES: tuple[Judge, ...] = (
    trials_disagree,
    aa_differs,
    no_aa_arm,
    tails_disagree,
    single_trial,
    few_cycles,
    too_few_operations,
)
