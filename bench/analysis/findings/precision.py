"""Findings about precision: how much the numbers say."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
from scipy.special import bdtrc

from bench.analysis.estimation import POOLED
from bench.analysis.findings._evidence import Evidence, Judge, Kind
from bench.analysis.quantiles import CONFIDENCE
from bench.analysis.result import Finding
from bench.analysis.summary import CellEvidence
from bench.analysis.wording import counted, figure, listed
from bench.spec.arrival import Closed
from bench.spec.metric import CYCLE, QUANTILES

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
    judged = [
        comparison
        for comparison in evidence.comparisons
        if comparison.is_aa
        and comparison.low is not None
        and comparison.high is not None
        and comparison.metric.name in evidence.scenario.primary_metrics
    ]
    differing = [
        comparison
        for comparison in judged
        if not (comparison.low or 0.0) <= 1.0 <= (comparison.high or math.inf)
    ]
    if not differing:
        return None
    most = max(differing, key=lambda comparison: abs(math.log(comparison.ratio)))
    by_chance = (1.0 - CONFIDENCE) * len(judged)
    message = (
        f"{most.candidate} is {most.baseline} measured again, yet its {most.metric.name} is "
        f"{figure(most.ratio)} times that (95 % interval {figure(most.low or 0.0)} to "
        f"{figure(most.high or 0.0)}, {' · '.join(most.condition)} on {most.loop}); "
        f"{len(differing)} of {counted(len(judged), 'A/A ratio')} exclude 1, "
        f"{figure(by_chance)} would by chance"
    )
    probability = float(bdtrc(len(differing) - 1, len(judged), 1.0 - CONFIDENCE))
    arms = {(c.condition, c.loop, c.candidate) for c in differing}
    cells = [
        cell
        for cell in evidence.cells
        if (cell.cell.condition, cell.cell.loop, cell.cell.subject) in arms
    ]
    # A single ratio has exactly this probability, up to rounding.
    unlikely = probability <= UNLIKELY_BY_CHANCE + 1e-9
    return _AA_DIFFERS.found(message, cells, severity="warning" if unlikely else "note")


JUDGES: tuple[Judge, ...] = (
    trials_disagree,
    aa_differs,
    single_trial,
    few_cycles,
    too_few_operations,
)
