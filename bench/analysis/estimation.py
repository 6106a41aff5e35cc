"""Trials of one cell → the cell's estimate of every metric."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from bench.analysis.cell import Estimate
from bench.analysis.trial_summary import TrialSummary, operations_for, stated
from bench.analysis.wording import counted
from bench.records.trial import Reading
from bench.scenario.metric import (
    CYCLE,
    ERRORS,
    METRICS,
    SAVER_OPERATIONS,
    Combined,
    DeclaredMetric,
    Metric,
    Statistic,
    Time,
    statistics_of,
    time_metric,
    times_of,
)
from bench.stats.intervals import Interval, arithmetic, geometric
from bench.stats.quantiles import CONFIDENCE, Distribution

POOLED = "pooled over trials, no interval"
LOWER_BOUND = "lower bound, no interval: it falls among operations that were cut off"


def estimate_all(
    trials: Sequence[TrialSummary], error_shares: Sequence[float]
) -> dict[str, Estimate]:
    """Estimate every metric that the measured ``trials`` of a cell have, by name.

    ``error_shares`` are of the measured trials and of those that lack a measurement since no cycle
    succeeded, in the plan's order.
    """
    if not trials:
        return {}
    operations = operations_in(trials)
    estimates = [each for name in operations for each in _of_operation(name, trials)]
    for declared in METRICS.values():
        values = error_shares if declared.metric == ERRORS else _values(declared.metric, trials)
        if values or _is_due(declared, operations):
            estimates.append(_declared(declared, values, trials))
    for reading in readings_of(trials).values():
        metric = Metric(reading.name, reading.unit, reading.better, reading.description)
        # All by the arithmetic mean: growth can be 0 or less in one cell and not in the next, and
        # cells are put side by side.
        values = _values(metric, trials)
        if values:
            estimates.append(over_trials(metric, values, "arithmetic"))
    return {estimate.metric.name: estimate for estimate in estimates}


def operations_in(trials: Sequence[TrialSummary]) -> tuple[str, ...]:
    """Name the operations that occurred: the saver's, then the cycle, then marks, made or not."""
    present = {name for trial in trials for name in trial.operations}
    own = (*SAVER_OPERATIONS, CYCLE)
    marks = (name for trial in trials for name in trial.record.operations if name not in own)
    return (*(name for name in own if name in present), *dict.fromkeys(marks))


def readings_of(trials: Sequence[TrialSummary]) -> Mapping[str, Reading]:
    """Return one reading of each name, which describes them all."""
    return {reading.name: reading for trial in trials for reading in trial.record.readings}


def _of_operation(operation: str, trials: Sequence[TrialSummary]) -> Iterator[Estimate]:
    present = {time for trial in trials for name, time in trial.distributions if name == operation}
    for time in times_of(operation):
        if time.name in present or time.part_of == "service":
            for statistic in statistics_of(time):
                yield _statistic(operation, time, statistic, trials)


def _statistic(
    operation: str, time: Time, statistic: Statistic, trials: Sequence[TrialSummary]
) -> Estimate:
    """Estimate a statistic: over trials if each has enough operations, else from all of them.

    Pooled operations give the value alone: they are no replicates, so no interval is claimed.
    """
    metric = time_metric(operation, time.name, statistic.name)
    values = _values(metric, trials)
    if any(metric.name in trial.lower_bounds for trial in trials):
        bound = _interval(values, time.combined).value
        return _estimate(metric, Interval(bound, None, None, LOWER_BOUND), values, len(values))
    needed = operations_for(statistic)
    if len(values) == len(trials) or (values and needed <= 1):
        return over_trials(metric, values, time.combined)
    # Of the parts of the service time nothing is kept to be pooled; they are as many as it.
    is_kept = time.part_of != "service"
    kept = (operation, time.name if is_kept else time.part_of)
    parts = [trial.distributions[kept] for trial in trials if kept in trial.distributions]
    pooled = Distribution.pooled(parts)
    if not is_kept or len(pooled) < needed:
        fewest = min(map(len, parts)) if len(parts) == len(trials) else 0
        among = f" ({len(pooled)} in all {len(trials)})" if is_kept and len(trials) > 1 else ""
        return _too_few(metric, fewest, among, needed, len(trials))
    value, is_lower_bound = stated(statistic, pooled)
    interval = Interval(value, None, None, LOWER_BOUND if is_lower_bound else POOLED)
    return _estimate(metric, interval, (), len(trials))


def _is_due(declared: DeclaredMetric, operations: Sequence[str]) -> bool:
    """Tell whether a metric without a value is listed all the same."""
    is_present = not declared.operations or bool(set(declared.operations) & set(operations))
    return is_present and not declared.if_known


def _declared(
    declared: DeclaredMetric, values: Sequence[float], trials: Sequence[TrialSummary]
) -> Estimate:
    if values:
        return over_trials(declared.metric, values, declared.combined)
    counts = (sum(trial.operations.get(o, 0) for o in declared.operations) for trial in trials)
    return _too_few(declared.metric, min(counts), "", declared.needed, len(trials))


def _values(metric: Metric, trials: Sequence[TrialSummary]) -> list[float]:
    return [trial.values[metric.name] for trial in trials if metric.name in trial.values]


def over_trials(metric: Metric, values: Sequence[float], combined: Combined) -> Estimate:
    """Estimate ``metric`` from a value of each trial (at least one)."""
    # What grows may shrink as well, so 0 is no bound of it.
    least = -math.inf if metric.name.endswith("growth") else 0.0
    return _estimate(metric, _interval(values, combined, least), values, len(values))


def _interval(values: Sequence[float], combined: Combined, least: float = 0.0) -> Interval:
    is_geometric = combined == "geometric" and min(values) > 0.0
    return geometric(values) if is_geometric else arithmetic(values, least)


def _estimate(metric: Metric, interval: Interval, values: Sequence[float], trials: int) -> Estimate:
    return Estimate(
        metric=metric,
        value=interval.value,
        low=interval.low,
        high=interval.high,
        confidence=CONFIDENCE,
        trials=trials,
        method=interval.method,
        why_not="",
        trial_values=tuple(values),
    )


def _too_few(metric: Metric, fewest: int, among: str, needed: int, trials: int) -> Estimate:
    why_not = "nothing was due inside the window"
    if needed > 1:
        statistic = metric.name.rpartition(".")[2]
        operations = counted(fewest, "operation")
        why_not = f"{operations} in the smallest trial{among}, {statistic} needs {needed}"
    return Estimate(metric, None, None, None, CONFIDENCE, trials, "not estimable", why_not, ())
