"""One trial's samples → its values of every metric."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysis.cell import LoadFacts, Trace
from bench.analysis.comparison import compared_tails
from bench.analysis.load_facts import changes_by_design, load_facts
from bench.analysis.trial_samples import OperationTimes, TrialSamples
from bench.records.store import Run
from bench.records.trial import TrialRecord
from bench.scenario.arrival import Closed, Open
from bench.scenario.metric import (
    METRICS,
    Statistic,
    Time,
    series_of,
    statistics_of,
    time_metric,
    time_name,
    times_of,
)
from bench.stats.quantiles import Distribution, operations_needed
from bench.stats.resampling import Floats, quantile_replicates

# Operations to show over time: of a whole run, and at least and at most of a trial of it.
_MOST_TRACED = 40_000
_FEWEST_TRACED_OF_TRIAL = 40
_MOST_TRACED_OF_TRIAL = 400
# Of fewer rounds of each client, the one that a part of the window cuts looks like a change.
FEWEST_ROUNDS = 10
# A window's beginning, which is compared with what comes after two fifths of it.
BEGINNING_S = 0.5
SHORTEST_WITH_BEGINNING_S = 2.0
_SETTLED_FROM = 0.4
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class TrialSummary:
    """What one measured trial says.

    ``values`` is keyed by metric name; a statistic with too few operations is not in it.
    ``lower_bounds`` names the quantiles that fall among operations that were cut off.
    ``operations`` counts the samples due inside the window, ``distributions`` holds the times of
    each (operation, time), in nanoseconds, for what is pooled over trials. ``replicates`` has, for
    each tail quantile that is compared, what resampling the trial gives
    (:func:`~bench.stats.resampling.quantile_replicates`). ``drifts`` has, by series of a primary
    metric, the logarithm of second half ÷ first half of the window, ``beginnings`` that of what
    comes after two fifths ÷ the first half second, of windows of 2 s or more. ``trace``: what is
    shown of it over time.
    """

    record: TrialRecord
    values: Mapping[str, float]
    lower_bounds: frozenset[str]
    operations: Mapping[str, int]
    distributions: Mapping[tuple[str, str], Distribution]
    load: LoadFacts
    replicates: Mapping[str, Floats]
    drifts: Mapping[str, float]
    beginnings: Mapping[str, float]
    trace: Trace


def summarise_trial(
    run: Run, record: TrialRecord, tails: Sequence[str] | None = None
) -> TrialSummary:
    """Summarise a trial that has samples and a window.

    Peak memory is the samples and a few columns of one operation. ``tails`` names the quantiles
    that are resampled; ``None``: those that are compared.

    Raises:
        InputError: the samples cannot be read.
    """
    if record.window is None:
        raise ValueError(f"trial {record.trial.id} has no window")
    trial = TrialSamples(run.samples(record), record, record.window)
    arrival = run.scenario.arrival(record.trial.arrival)
    traced = min(_MOST_TRACED_OF_TRIAL, _MOST_TRACED // max(1, len(run.trials)))
    operations: dict[str, int] = {}
    distributions: dict[tuple[str, str], Distribution] = {}
    values: dict[str, float] = {}
    lower_bounds: set[str] = set()
    replicates: dict[str, Floats] = {}
    tails = compared_tails(run.scenario) if tails is None else tails
    for operation, times in trial.operations():
        operations[operation] = len(times)
        replicates |= _replicates(record.trial.id, operation, times, tails)
        for time in times_of(operation):
            if time.part_of == "wait" and not isinstance(arrival, Open):
                continue
            distribution = times.distribution(time.name)
            for name, (value, is_lower_bound) in _stated(operation, time, distribution).items():
                values[name] = value
                lower_bounds |= {name} if is_lower_bound else set()
            # Parts of the service time are not pooled over trials, and would fill the memory.
            if time.part_of != "service":
                distributions[operation, time.name] = distribution
    window, primary = record.window, run.scenario.primary_metrics
    length_ns = window.end_ns - window.start_ns
    middle_ns = (window.start_ns + window.end_ns) // 2
    begun_ns = window.start_ns + round(BEGINNING_S * _NS_PER_S)
    settled_ns = window.start_ns + round(_SETTLED_FROM * length_ns)
    is_long = length_ns >= SHORTEST_WITH_BEGINNING_S * _NS_PER_S
    declared = {name: metric.of(trial) for name, metric in METRICS.items()}
    values |= {name: value for name, value in declared.items() if value is not None}
    values |= {reading.name: reading.value for reading in record.readings}
    return TrialSummary(
        record=record,
        values=values,
        lower_bounds=frozenset(lower_bounds),
        operations=operations,
        distributions=distributions,
        load=load_facts(trial, arrival),
        replicates=replicates,
        drifts=_changes(trial, arrival, primary, middle_ns, middle_ns),
        beginnings=_changes(trial, arrival, primary, begun_ns, settled_ns) if is_long else {},
        trace=trial.trace(max(_FEWEST_TRACED_OF_TRIAL, traced)),
    )


def _stated(operation: str, time: Time, times: Distribution) -> dict[str, tuple[float, bool]]:
    return {
        time_metric(operation, time.name, statistic.name).name: stated(statistic, times)
        for statistic in statistics_of(time)
        if len(times) >= operations_for(statistic)
    }


def operations_for(statistic: Statistic) -> int:
    """Return how many operations a statistic needs to be stated."""
    if statistic.quantile is None:
        return statistic.needed
    return operations_needed(statistic.quantile)


def stated(statistic: Statistic, times: Distribution) -> tuple[float, bool]:
    """Return a statistic of enough ``times``, and whether it is only a lower bound."""
    if statistic.quantile is not None:
        quantile = times.quantile(statistic.quantile)
        return float(quantile.value), quantile.is_lower_bound
    left_out = int(statistic.trimmed * len(times))
    kept = times.values[left_out : len(times) - left_out]
    is_lower_bound = times.censored.size > 0 and bool(times.censored[0] <= kept[-1])
    return float(np.mean(kept)), is_lower_bound


def _replicates(
    trial: str, operation: str, times: OperationTimes, tails: Sequence[str]
) -> dict[str, Floats]:
    replicates: dict[str, Floats] = {}
    for name in tails:
        of = time_name(name)
        if of is None or of.operation != operation or of.statistic.quantile is None:
            continue
        in_order = times.in_order(of.time.name)
        if in_order.size >= operations_for(of.statistic):
            seed = zlib.crc32(f"{trial} {name}".encode())
            replicates[name] = quantile_replicates(in_order, of.statistic.quantile, seed)
    return replicates


def _changes(
    trial: TrialSamples,
    arrival: Closed | Open,
    metrics: Sequence[str],
    early_until_ns: int,
    late_from_ns: int,
) -> dict[str, float]:
    """Return by series the logarithm of what the window gives from an instant on ÷ until another.

    Of those that ``metrics`` are statistics of. A part with fewer operations than a median needs
    tells nothing, nor a rate of few rounds.
    """
    if changes_by_design(arrival):
        return {}
    rounds = FEWEST_ROUNDS * (arrival.clients if isinstance(arrival, Closed) else 1)
    window = trial.window
    longer = (window.end_ns - late_from_ns) / (early_until_ns - window.start_ns)
    series = filter(None, map(series_of, metrics))
    parts = {name: trial.parts(name, early_until_ns, late_from_ns) for name in series}
    return {
        name: math.log(late / early / (longer if name in METRICS else 1.0))
        for name, (early, late) in parts.items()
        if min(early, late) >= (rounds if name in METRICS else 1)
    }
