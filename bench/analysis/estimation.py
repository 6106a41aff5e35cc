"""Trials of one cell → the cell's estimate of every metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bench.analysis.result import Estimate
from bench.analysis.steadiness import FEWEST_BUCKETS, PUTS_PER_GROUP
from bench.analysis.trial_summary import TrialSummary
from bench.records.trial import Reading
from bench.scenario.metric import (
    ANY_SAVER_OPERATION,
    CYCLE,
    ERRORS,
    OPERATION_RATE,
    QUANTILES,
    RESPONSE_GROWTH,
    SAVER_MEANS,
    SAVER_OPERATIONS,
    SERVICE_PARTS,
    THROUGHPUT,
    TIMES,
    WAIT_PARTS,
    WARMUP_OPERATIONS,
    WARMUP_TOLD,
    WRITE_OPERATION,
    Metric,
    time_metric,
    warmup_metric,
)
from bench.stats.intervals import Interval, arithmetic, geometric
from bench.stats.quantiles import CONFIDENCE, Distribution, operations_needed

POOLED = "pooled over trials, no interval"
# All by the arithmetic mean: they are 0 in one cell and not in the next.
_ZERO_IS_USUAL = ("wait", *WAIT_PARTS)
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
    estimates: list[Estimate] = []
    operations = operations_in(trials)
    for operation in operations:
        estimates += _of_operation(operation, trials)
    for time in SAVER_MEANS:
        if any(operation in SAVER_OPERATIONS for operation in operations):
            # All by the arithmetic mean: the waits are parts of the service time and must add up.
            metric = time_metric(ANY_SAVER_OPERATION, time, "mean")
            estimates.append(_over_trials(metric, trials, use_logarithms=False))
    estimates.append(_over_trials(THROUGHPUT, trials, use_logarithms=True))
    estimates.append(_over_trials(OPERATION_RATE, trials, use_logarithms=True))
    estimates.append(_over_values(ERRORS, error_shares, len(trials), use_logarithms=False))
    estimates += _beside_the_window(operations, trials)
    for reading in readings_of(trials).values():
        metric = Metric(reading.name, reading.unit, reading.better, reading.description)
        # All by the arithmetic mean: growth can be 0 or less in one cell and not in the next, and
        # cells are put side by side.
        estimates.append(_over_trials(metric, trials, use_logarithms=False))
    return {estimate.metric.name: estimate for estimate in estimates}


def operations_in(trials: Sequence[TrialSummary]) -> tuple[str, ...]:
    """Name the operations that occurred: the saver's, then the cycle, then marks."""
    found = dict.fromkeys(name for trial in trials for name in trial.operations)
    known = [name for name in (*SAVER_OPERATIONS, CYCLE) if name in found]
    return (*known, *(name for name in found if name not in known))


def readings_of(trials: Sequence[TrialSummary]) -> Mapping[str, Reading]:
    """Return one reading of each name, which describes them all."""
    return {reading.name: reading for trial in trials for reading in trial.record.readings}


def _quantile(
    metric: Metric, operation: str, time: str, statistic: str, trials: Sequence[TrialSummary]
) -> Estimate:
    """Estimate a quantile: over trials if each has enough operations, else from all of them.

    Pooled operations give the value alone: they are no replicates, so no interval is claimed.
    """
    if any(metric.name in trial.lower_bounds for trial in trials):
        values = _values(metric, trials)
        bound = geometric(values) if min(values) > 0.0 else arithmetic(values)
        interval = Interval(bound.value, None, None, LOWER_BOUND)
        return _estimate(metric, interval, values, len(values))
    if all(metric.name in trial.values for trial in trials):
        return _over_trials(metric, trials, use_logarithms=time not in _ZERO_IS_USUAL)
    parts = [trial.distributions.get((operation, time)) for trial in trials]
    pooled = Distribution.pooled(part for part in parts if part is not None)
    probability = QUANTILES[statistic]
    if not pooled.estimable(probability):
        fewest = min(len(part) if part is not None else 0 for part in parts)
        needed = operations_needed(probability)
        noun = "operation" if fewest == 1 else "operations"
        together = f" ({len(pooled)} in all {len(trials)})" if len(trials) > 1 else ""
        why_not = f"{fewest} {noun} in the smallest trial{together}, {statistic} needs {needed}"
        return _not_estimable(metric, why_not, len(trials))
    quantile = pooled.quantile(probability)
    method = LOWER_BOUND if quantile.is_lower_bound else POOLED
    interval = Interval(float(quantile.value), None, None, method)
    return _estimate(metric, interval, [], len(trials))


def _of_operation(operation: str, trials: Sequence[TrialSummary]) -> Iterator[Estimate]:
    found = {time for trial in trials for name, time in trial.distributions if name == operation}
    for time in (*TIMES, *(part for part in WAIT_PARTS if part in found)):
        for statistic in QUANTILES:
            metric = time_metric(operation, time, statistic)
            yield _quantile(metric, operation, time, statistic, trials)
    if operation in SAVER_OPERATIONS:
        yield from _service_parts(operation, trials)


def _beside_the_window(
    operations: Sequence[str], trials: Sequence[TrialSummary]
) -> Iterator[Estimate]:
    if WRITE_OPERATION in operations:
        yield _growth(trials)
    for metric in (WARMUP_OPERATIONS, *(warmup_metric(name) for name in WARMUP_TOLD)):
        if _values(metric, trials):
            yield _over_trials(metric, trials, use_logarithms=False)


def _growth(trials: Sequence[TrialSummary]) -> Estimate:
    if _values(RESPONSE_GROWTH, trials):
        return _over_trials(RESPONSE_GROWTH, trials, use_logarithms=False)
    fewest = min(trial.operations.get(WRITE_OPERATION, 0) for trial in trials)
    needed = FEWEST_BUCKETS * PUTS_PER_GROUP
    why_not = f"{fewest} operations in the smallest trial, growth needs {needed}"
    return _not_estimable(RESPONSE_GROWTH, why_not, len(trials))


def _service_parts(operation: str, trials: Sequence[TrialSummary]) -> list[Estimate]:
    estimates: list[Estimate] = []
    for part in SERVICE_PARTS:
        mean = time_metric(operation, part, "mean")
        estimates.append(_over_trials(mean, trials, use_logarithms=False))
        tail = time_metric(operation, part, "p99")
        if all(tail.name in trial.values for trial in trials):
            estimates.append(_over_trials(tail, trials, use_logarithms=False))
        else:
            fewest = min(trial.operations.get(operation, 0) for trial in trials)
            needed = operations_needed(QUANTILES["p99"])
            why_not = f"{fewest} operations in the smallest trial, p99 needs {needed}"
            estimates.append(_not_estimable(tail, why_not, len(trials)))
    return estimates


def _over_trials(metric: Metric, trials: Sequence[TrialSummary], use_logarithms: bool) -> Estimate:
    return _over_values(metric, _values(metric, trials), len(trials), use_logarithms)


def _over_values(
    metric: Metric, values: Sequence[float], trials: int, use_logarithms: bool
) -> Estimate:
    if not values:
        return _not_estimable(metric, "nothing was due inside the window", trials)
    positive = use_logarithms and min(values) > 0.0
    interval = geometric(values) if positive else arithmetic(values)
    return _estimate(metric, interval, values, len(values))


def _values(metric: Metric, trials: Sequence[TrialSummary]) -> list[float]:
    return [trial.values[metric.name] for trial in trials if metric.name in trial.values]


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


def _not_estimable(metric: Metric, why_not: str, trials: int) -> Estimate:
    return Estimate(metric, None, None, None, CONFIDENCE, trials, "not estimable", why_not, ())
