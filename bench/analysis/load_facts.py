"""How the load of a trial went, and what of it is no time of an operation of the window."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bench.analysis.open_load import OpenFacts, open_cycles, open_facts
from bench.analysis.steadiness import growth_ns, swing_of
from bench.records.outcome import Outcome
from bench.records.sample import Integers, Samples
from bench.records.trial import TrialRecord, Window
from bench.scenario.arrival import Closed, Open
from bench.scenario.metric import (
    CYCLE,
    ERRORS,
    OPERATION_RATE,
    QUANTILES,
    RESPONSE_GROWTH,
    SAVER_OPERATIONS,
    THROUGHPUT,
    WARMUP_OPERATIONS,
    WARMUP_TOLD,
    WRITE_OPERATION,
    warmup_metric,
)
from bench.stats.quantiles import Distribution, operations_needed

_NS_PER_S = 1e9
_RATES = {THROUGHPUT.name: (CYCLE,), OPERATION_RATE.name: SAVER_OPERATIONS}
MOST_PUTS = 100_000
_SILENCE_STEP_NS = 5_000_000
# Of fewer rounds of each client, the one that the middle of the window cuts looks like a drift.
ROUNDS_PER_HALF = 10
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LoadFacts:
    """How the load of a trial went.

    ``under_way`` is the mean number of cycles under way during the window of ``window_s``;
    ``cycles_finished`` ended well inside it. ``timed_out`` and ``shed`` count cycles of the whole
    trial (operations, where the workload records no cycles). ``samples`` and ``checkpoints`` are
    those that ended, or were stored, inside the window. ``swing`` is the relative amplitude of
    response times that swung, else 0. ``silent_ns`` is the longest time in which no operation
    started or ended, 5 ms too short at most. ``open_load`` is there for open loads.
    """

    window_s: float
    under_way: float
    cycles_finished: int
    timed_out: int
    shed: int
    samples: int = 0
    checkpoints: int = 0
    swing: float = 0.0
    silent_ns: int = 0
    open_load: OpenFacts | None = None


def load_facts(
    samples: Samples, record: TrialRecord, window: Window, arrival: Closed | Open
) -> tuple[dict[str, float], LoadFacts]:
    """Return the rates of a trial, by name of the metric, and the facts of its load."""
    operation, outcome = samples.column("operation"), samples.column("outcome")
    due, finished = samples.column("due"), samples.column("finished")
    window_ns = window.end_ns - window.start_ns
    window_s = window_ns / _NS_PER_S
    is_cycle = _one_of(operation, record, (CYCLE,))
    is_saver = _one_of(operation, record, SAVER_OPERATIONS)
    is_unit = is_cycle if is_cycle.any() else is_saver
    ended: Mask = (finished >= window.start_ns) & (finished < window.end_ns)
    well = ended & (outcome == Outcome.OK)
    cycles = int(np.count_nonzero(well & is_cycle))
    values = {
        THROUGHPUT.name: cycles / window_s,
        OPERATION_RATE.name: int(np.count_nonzero(well & is_saver)) / window_s,
    }
    of_window = outcome[is_unit & (due >= window.start_ns) & (due < window.end_ns)]
    if of_window.size:
        values[ERRORS.name] = float(np.mean(of_window != Outcome.OK))
    puts = _one_of(operation, record, (WRITE_OPERATION,))
    levels = open_cycles(due[is_cycle], finished[is_cycle], window)
    # Whole rows of the cycles of the window alone: copies of more do not fit beside ten millions.
    of_cycles = samples.where(is_cycle & (due >= window.start_ns) & (due < window.end_ns))
    facts = LoadFacts(
        window_s=window_s,
        under_way=float(np.mean(levels)),
        cycles_finished=cycles,
        timed_out=int(np.count_nonzero(outcome[is_unit] == Outcome.TIMED_OUT)),
        shed=int(np.count_nonzero(outcome[is_unit] == Outcome.SHED)),
        samples=int(np.count_nonzero(ended)),
        checkpoints=int(np.count_nonzero(well & puts)),
        swing=_swing(of_cycles, window, arrival),
        silent_ns=_silent_ns(samples, window),
    )
    if isinstance(arrival, Open):
        facts = replace(facts, open_load=open_facts(arrival, record, window, of_cycles, levels))
    return values, facts


def _swing(cycles: Samples, window: Window, arrival: Closed | Open) -> float:
    if _changes_by_design(arrival):
        return 0.0
    timed = cycles.column("outcome") != Outcome.FAILED
    due, response = cycles.column("due")[timed], cycles.column("response")[timed]
    return swing_of(due, response, window.start_ns, window.end_ns)


def _silent_ns(samples: Samples, window: Window) -> int:
    # Buckets instead of sorted instants: no copy of a column is as small.
    steps = max(1, (window.drained_ns - window.start_ns) // _SILENCE_STEP_NS)
    is_silent = np.ones(steps, dtype=np.bool_)
    for name in ("started", "finished"):
        step = (samples.column(name) - window.start_ns) // _SILENCE_STEP_NS
        is_silent[step[(step >= 0) & (step < steps)]] = False
    busy = np.concatenate(([-1], np.flatnonzero(~is_silent), [steps]))
    return int(np.max(np.diff(busy)) - 1) * _SILENCE_STEP_NS


def _changes_by_design(arrival: Closed | Open) -> bool:
    """Tell whether the offered rate changes, and with it all that answers it."""
    return isinstance(arrival, Open) and len({r for s in arrival.segments for r in s[2:]}) > 1


def drifts(
    samples: Samples,
    record: TrialRecord,
    window: Window,
    arrival: Closed | Open,
    series: Iterable[str],
) -> dict[str, float]:
    """Return by series the logarithm of what the window's second half gives ÷ what the first does.

    Medians of the times of what was due in either half, or rates of what ended well in it. A half
    with fewer operations than a median needs tells nothing, nor a rate of few rounds.
    """
    if _changes_by_design(arrival):
        return {}
    rounds = ROUNDS_PER_HALF * (arrival.clients if isinstance(arrival, Closed) else 1)
    halves = {name: _halves(samples, record, window, name) for name in series}
    return {
        name: math.log(late / early)
        for name, (early, late) in halves.items()
        if min(early, late) >= (rounds if name in _RATES else 1)
    }


def _halves(
    samples: Samples, record: TrialRecord, window: Window, series: str
) -> tuple[float, float]:
    """Return of both halves the count of a rate, or the median of a time; 0 of too few."""
    operation, _, time = series.rpartition(".")
    outcome, at = samples.column("outcome"), samples.column("due")
    if series in _RATES:
        at = samples.column("finished")
    kept = outcome == Outcome.OK if series in _RATES else outcome != Outcome.FAILED
    kept &= (at >= window.start_ns) & (at < window.end_ns)
    index = np.flatnonzero(
        kept & _one_of(samples.column("operation"), record, _RATES.get(series, (operation,)))
    )
    is_early = at[index] < (window.start_ns + window.end_ns) // 2
    early, late = index[is_early], index[~is_early]
    if min(early.size, late.size) < operations_needed(QUANTILES["p50"]):
        return 0.0, 0.0
    if series in _RATES:
        return float(early.size), float(late.size)
    values = samples.column(time)
    return float(np.median(values[early])), float(np.median(values[late]))


def warmup_values(samples: Samples, record: TrialRecord, window: Window) -> dict[str, float]:
    """Tell what was due before the window, from the load's first cycle on."""
    early = samples.where(samples.column("due") < window.start_ns)
    cycles = early.where(_one_of(early.column("operation"), record, (CYCLE,)))
    if not len(cycles):
        return {}
    early = early.where(early.column("due") >= np.min(cycles.column("due")))
    codes = early.column("operation")
    is_saver = _one_of(codes, record, SAVER_OPERATIONS)
    values = {WARMUP_OPERATIONS.name: float(np.count_nonzero(is_saver))}
    well = early.column("outcome") == Outcome.OK
    for name in WARMUP_TOLD:
        median = Distribution.of(
            early.where(well & _one_of(codes, record, (name,))).column("response")
        )
        if median.estimable(QUANTILES["p50"]):
            values[warmup_metric(name).name] = float(median.quantile(QUANTILES["p50"]).value)
    return values


def growth_values(samples: Samples, record: TrialRecord, window: Window) -> dict[str, float]:
    """Tell by how much put takes longer for every checkpoint that the store holds already."""
    due, finished = samples.column("due"), samples.column("finished")
    stored = _one_of(samples.column("operation"), record, (WRITE_OPERATION,))
    stored &= samples.column("outcome") == Outcome.OK
    index = np.flatnonzero(stored & (due >= window.start_ns) & (due < window.end_ns))
    # Some of very many puts give the same slope.
    index = index[:: max(1, index.size // MOST_PUTS)]
    numbers = np.searchsorted(np.sort(finished[stored]), due[index])
    growth = growth_ns(finished[index] - due[index], numbers)
    return {} if growth is None else {RESPONSE_GROWTH.name: growth}


def _one_of(operation: Integers, record: TrialRecord, names: tuple[str, ...]) -> Mask:
    # Not numpy.isin, which takes as much memory as the column.
    chosen: Mask = np.zeros(operation.size, dtype=np.bool_)
    for code, name in enumerate(record.operations):
        if name in names:
            chosen |= operation == code
    return chosen
