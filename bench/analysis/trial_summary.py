"""One trial's samples → its values of every metric.

With ``load_facts``, which it calls, the only module that looks at samples.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.analysis.comparison import compared_tails
from bench.analysis.load_facts import (
    LoadFacts,
    drifts,
    growth_values,
    load_facts,
    warmup_values,
)
from bench.records.outcome import Outcome
from bench.records.sample import Integers, Samples
from bench.records.store import Run
from bench.records.trial import TrialRecord
from bench.scenario.arrival import Open
from bench.scenario.metric import (
    ANY_SAVER_OPERATION,
    CYCLE,
    QUANTILES,
    SAVER_MEANS,
    SAVER_OPERATIONS,
    SERVICE_PARTS,
    TIMES,
    WAIT_PARTS,
    series_of,
)
from bench.stats.quantiles import Distribution, operations_needed
from bench.stats.resampling import Floats, quantile_replicates

_NS_PER_S = 1e9
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TrialSummary:
    """What one measured trial says.

    ``values`` is keyed by metric name; a quantile with too few operations is not in it.
    ``lower_bounds`` names the quantiles that fall among operations that were cut off.
    ``operations`` counts the samples due inside the window, ``distributions`` holds the times of
    each (operation, time), in nanoseconds, for what is pooled over trials. ``replicates`` has, for
    each tail quantile that is compared, what resampling the trial gives
    (:func:`~bench.stats.resampling.quantile_replicates`). ``drifts`` has, by series of a primary
    metric, the logarithm of second half ÷ first half of the window.
    """

    record: TrialRecord
    values: Mapping[str, float]
    lower_bounds: frozenset[str]
    operations: Mapping[str, int]
    distributions: Mapping[tuple[str, str], Distribution]
    load: LoadFacts
    replicates: Mapping[str, Floats]
    drifts: Mapping[str, float]


def summarise_trial(
    run: Run, record: TrialRecord, tails: Sequence[str] | None = None
) -> TrialSummary:
    """Summarise a trial that has samples and a window.

    Failed operations have no time; those that were cut off count at the time when they were given
    up, as censored values. Peak memory is the samples and a few columns of one operation. ``tails``
    names the quantiles that are resampled; ``None``: those that are compared.

    Raises:
        InputError: the samples cannot be read.
    """
    if record.window is None:
        raise ValueError(f"trial {record.trial.id} has no window")
    samples = run.samples(record)
    arrival = run.scenario.arrival(record.trial.arrival)
    operations: dict[str, int] = {}
    distributions: dict[tuple[str, str], Distribution] = {}
    values: dict[str, float] = {}
    sums = dict.fromkeys(SAVER_MEANS, 0.0)
    timed = 0
    replicates: dict[str, Floats] = {}
    tails = compared_tails(run.scenario) if tails is None else tails
    for name, rows in _by_operation(samples, record):
        operations[name] = len(rows)
        for time in TIMES:
            distributions[name, time] = rows.distribution(time)
        replicates |= _replicates(record.trial.id, name, rows, tails)
        if name == CYCLE and isinstance(arrival, Open):
            for part in WAIT_PARTS:
                distributions[name, part] = rows.distribution(part)
        if name in SAVER_OPERATIONS:
            timed += rows.timed
            for time in SAVER_MEANS:
                sums[time] += rows.total(time)
            values |= _service_parts(name, rows)
    if timed:
        values |= {
            f"{ANY_SAVER_OPERATION}.{time}.mean": total / timed for time, total in sums.items()
        }
    quantiles, lower_bounds = _quantiles(distributions)
    values |= quantiles
    rates, load = load_facts(samples, record, record.window, arrival)
    values |= rates
    values |= warmup_values(samples, record, record.window)
    values |= growth_values(samples, record, record.window)
    values |= {reading.name: reading.value for reading in record.readings}
    primary = dict.fromkeys(filter(None, map(series_of, run.scenario.primary_metrics)))
    return TrialSummary(
        record,
        values,
        lower_bounds,
        operations,
        distributions,
        load,
        replicates,
        drifts(samples, record, record.window, arrival, primary),
    )


class _Rows:
    """The samples of one operation that were due inside the window, column by column."""

    def __init__(self, samples: Samples, index: npt.NDArray[np.intp]) -> None:
        self._samples = samples
        outcome = samples.column("outcome")[index]
        self._count = int(index.size)
        self._index = index[outcome != Outcome.FAILED]
        outcome = outcome[outcome != Outcome.FAILED]
        self._started = outcome != Outcome.SHED
        self._cut_off = (outcome == Outcome.TIMED_OUT) | ~self._started

    def __len__(self) -> int:
        return self._count

    @property
    def timed(self) -> int:
        return int(np.count_nonzero(self._started))

    def distribution(self, time: str) -> Distribution:
        values = self._column(time)
        if time in ("wait", "queueing"):
            return Distribution.of(values, values[~self._started])
        if time == "lag":
            return Distribution.of(values[self._started])
        if time == "response":
            return Distribution.of(values, values[self._cut_off])
        # What was never started has no service time, and no waits inside it.
        return Distribution.of(values[self._started], values[self._started & self._cut_off])

    def in_order(self, time: str) -> Integers:
        """Return the values of :meth:`distribution` in the order in which they were due."""
        is_of_all = time in ("response", "wait")
        kept = np.ones_like(self._started) if is_of_all else self._started
        due = self._samples.column("due")[self._index][kept]
        values: Integers = self._column(time)[kept][np.argsort(due, kind="stable")]
        return values

    def total(self, time: str) -> float:
        return float(np.sum(self._column(time)[self._started]))

    def _column(self, time: str) -> Integers:
        if time == "queueing":
            time = "pool_wait"
        if time == "lag":
            lag = self._column("wait")
            lag -= self._column("queueing")
            return np.maximum(lag, 0, out=lag)
        # Not Samples.column: a difference of whole columns would be made for each operation.
        ends = {
            "response": ("finished", "due"),
            "service": ("finished", "started"),
            "wait": ("started", "due"),
        }
        if time not in ends:
            column: Integers = self._samples.column(time)[self._index]
            return column
        until, since = ends[time]
        difference: Integers = self._samples.column(until)[self._index]
        difference -= self._samples.column(since)[self._index]
        return difference


def _by_operation(samples: Samples, record: TrialRecord) -> Iterator[tuple[str, _Rows]]:
    window = record.window
    if window is None:
        return
    due, operation = samples.column("due"), samples.column("operation")
    measured: Mask = (due >= window.start_ns) & (due < window.end_ns)
    for code, name in enumerate(record.operations):
        index = np.flatnonzero(measured & (operation == code))
        if index.size:
            yield name, _Rows(samples, index)


def _service_parts(operation: str, rows: _Rows) -> dict[str, float]:
    values: dict[str, float] = {}
    for part in SERVICE_PARTS:
        distribution = rows.distribution(part)
        if len(distribution):
            values[f"{operation}.{part}.mean"] = float(np.mean(distribution.values))
        if distribution.estimable(QUANTILES["p99"]):
            values[f"{operation}.{part}.p99"] = distribution.quantile(QUANTILES["p99"]).value
    return values


def _replicates(trial: str, operation: str, rows: _Rows, tails: Sequence[str]) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for name in tails:
        of, _, rest = name.partition(".")
        time, _, statistic = rest.partition(".")
        if of == operation and time in TIMES:
            times = rows.in_order(time)
            if times.size >= operations_needed(QUANTILES[statistic]):
                seed = zlib.crc32(f"{trial} {name}".encode())
                found[name] = quantile_replicates(times, QUANTILES[statistic], seed)
    return found


def _quantiles(
    distributions: Mapping[tuple[str, str], Distribution],
) -> tuple[dict[str, float], frozenset[str]]:
    values: dict[str, float] = {}
    lower_bounds: set[str] = set()
    for (operation, time), distribution in distributions.items():
        for statistic, probability in QUANTILES.items():
            if not distribution.estimable(probability):
                continue
            quantile = distribution.quantile(probability)
            name = f"{operation}.{time}.{statistic}"
            values[name] = float(quantile.value)
            if quantile.is_lower_bound:
                lower_bounds.add(name)
    return values, frozenset(lower_bounds)
