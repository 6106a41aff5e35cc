"""The samples of one trial, as metrics are made of them (``bench.scenario.metric``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt

from bench.analysis.cell import Thinned, Trace
from bench.records.outcome import Outcome
from bench.records.sample import Integers, Samples
from bench.records.trial import TrialRecord, Window
from bench.scenario.metric import CYCLE, METRICS, SAVER_OPERATIONS
from bench.stats.quantiles import Distribution, operations_needed
from bench.stats.steadiness import growth_ns
from bench.stats.thinning import extremes

_NS_PER_S = 1e9
_MEDIAN = 0.5
_NEVER = np.iinfo(np.int64).max
MOST_PUTS = 100_000
Mask = npt.NDArray[np.bool_]


class TrialSamples:
    """A ``bench.scenario.metric.MeasuredTrial``: its methods are described there.

    Masks have the shape (samples,). Where there are very many, whole rows are not copied.
    """

    def __init__(self, samples: Samples, record: TrialRecord, window: Window) -> None:
        self.samples = samples
        self.record = record
        self.window = window
        self._within: dict[str, Mask] = {}
        # Of the operations that were asked for last: means are asked for one after the other.
        self._times: dict[tuple[str, ...], OperationTimes] = {}

    @property
    def window_s(self) -> float:
        """The length of the window."""
        return (self.window.end_ns - self.window.start_ns) / _NS_PER_S

    def is_one_of(self, *operations: str) -> Mask:
        """Tell which samples are of one of ``operations``."""
        # Not numpy.isin, which takes as much memory as the column.
        codes = self.samples.column("operation")
        chosen: Mask = np.zeros(codes.size, dtype=np.bool_)
        for code, name in enumerate(self.record.operations):
            if name in operations:
                chosen |= codes == code
        return chosen

    def is_within(self, instant: str) -> Mask:
        """Tell which samples have an instant, ``due`` or ``finished``, in the window."""
        if instant not in self._within:
            at = self.samples.column(instant)
            self._within[instant] = (at >= self.window.start_ns) & (at < self.window.end_ns)
        return self._within[instant]

    def has(self, outcome: Outcome) -> Mask:
        """Tell which samples have that outcome."""
        having: Mask = self.samples.column("outcome") == outcome
        return having

    @cached_property
    def is_unit(self) -> Mask:
        """Which samples are cycles, or operations where the workload records no cycles."""
        is_cycle = self.is_one_of(CYCLE)
        return is_cycle if is_cycle.any() else self.is_one_of(*SAVER_OPERATIONS)

    @cached_property
    def _due(self) -> Mapping[str, npt.NDArray[np.intp]]:
        """Where the samples of each operation are that was due in the window."""
        within = self.is_within("due")
        every = ((n, np.flatnonzero(within & self.is_one_of(n))) for n in self.record.operations)
        return {name: index for name, index in every if index.size}

    def operations(self) -> Iterator[tuple[str, OperationTimes]]:
        """Yield each operation that was due in the window, with its times there."""
        for name, index in self._due.items():
            yield name, OperationTimes(self.samples, index)

    def trace(self, most: int) -> Trace:
        """Return what happened in the window, with about ``most`` of the operations."""
        parts = max(1, most // (2 * max(1, len(self._due))))
        start_ns, length_ns = self.window.start_ns, self.window.end_ns - self.window.start_ns
        return Trace(
            window_ns=length_ns,
            operations={
                name: self._thinned(index, parts, start_ns) for name, index in self._due.items()
            },
            spans={
                reading.name: tuple((at - start_ns, length) for at, length in reading.spans)
                for reading in self.record.readings
                if reading.spans
            },
        )

    def _thinned(self, index: npt.NDArray[np.intp], parts: int, start_ns: int) -> Thinned:
        due, finished = (self.samples.column(name)[index] for name in ("due", "finished"))
        is_well = self.samples.column("outcome")[index] == Outcome.OK
        kept = [
            some[extremes(due[some], (finished - due)[some], parts)]
            for some in (np.flatnonzero(is_well), np.flatnonzero(~is_well))
            if some.size
        ]
        chosen = np.concatenate(kept)
        chosen = chosen[np.argsort(due[chosen], kind="stable")]
        started = self.samples.column("started")[index[chosen]]
        outcomes = self.samples.column("outcome")[index[chosen]].tolist()
        return Thinned(
            count=int(index.size),
            due=tuple((due[chosen] - start_ns).tolist()),
            wait=tuple((started - due[chosen]).tolist()),
            service=tuple((finished[chosen] - started).tolist()),
            ended={
                at: Outcome(outcome).name.lower().replace("_", " ")
                for at, outcome in enumerate(outcomes)
                if outcome != Outcome.OK
            },
        )

    def finished(self, *operations: str) -> int:
        """Return how many of ``operations`` ended well in the window."""
        well = self.is_within("finished") & self.has(Outcome.OK)
        return int(np.count_nonzero(well & self.is_one_of(*operations)))

    def rate_per_s(self, *operations: str) -> float:
        """Return a rate."""
        return self.finished(*operations) / self.window_s

    def failed_share(self) -> float | None:
        """Return the share that failed."""
        outcome = self.samples.column("outcome")[self.is_unit & self.is_within("due")]
        return float(np.mean(outcome != Outcome.OK)) if outcome.size else None

    def mean_ns(self, time: str, *operations: str) -> float | None:
        """Return the mean of a time over operations."""
        if operations not in self._times:
            index = np.flatnonzero(self.is_within("due") & self.is_one_of(*operations))
            self._times = {operations: OperationTimes(self.samples, index)}
        return self._times[operations].mean_of_started(time)

    def growth_ns(self, operation: str) -> float | None:
        """Return the growth per 1000 of an operation."""
        due, finished = self.samples.column("due"), self.samples.column("finished")
        stored = self.is_one_of(operation) & self.has(Outcome.OK)
        index = np.flatnonzero(stored & self.is_within("due"))
        # Some of very many puts give the same slope.
        index = index[:: max(1, index.size // MOST_PUTS)]
        numbers = np.searchsorted(np.sort(finished[stored]), due[index])
        return growth_ns(finished[index] - due[index], numbers)

    @cached_property
    def _warm_up(self) -> TrialSamples | None:
        """What was due from the first cycle to the window, or nothing."""
        early = self.where(self.samples.column("due") < self.window.start_ns)
        first_ns = early.samples.column("due")[early.is_one_of(CYCLE)].min(initial=_NEVER)
        if first_ns == _NEVER:
            return None
        return early.where(early.samples.column("due") >= first_ns)

    def where(self, chosen: Mask) -> TrialSamples:
        """Return those of the samples that a mask selects, as copies."""
        return TrialSamples(self.samples.where(chosen), self.record, self.window)

    def count_before_window(self, *operations: str) -> float | None:
        """Return a count of the warm-up."""
        if self._warm_up is None:
            return None
        return float(np.count_nonzero(self._warm_up.is_one_of(*operations)))

    def median_before_window_ns(self, operation: str) -> float | None:
        """Return a median of the warm-up."""
        if self._warm_up is None:
            return None
        well = self._warm_up.is_one_of(operation) & self._warm_up.has(Outcome.OK)
        times = Distribution.of(self._warm_up.samples.column("response")[well])
        return float(times.quantile(_MEDIAN).value) if times.estimable(_MEDIAN) else None

    def parts(self, series: str, early_until_ns: int, late_from_ns: int) -> tuple[float, float]:
        """Return what two parts of the window give of a series: until an instant, and from one on.

        The series is one of ``metric.series_of``. Of a rate how many ended well, of a time the
        median of what was due; 0 of too few.
        """
        operation, _, time = series.rpartition(".")
        rate = METRICS.get(series)
        instant = "finished" if rate else "due"
        chosen = self.is_within(instant).copy()
        chosen &= self.is_one_of(*(rate.operations if rate else (operation,)))
        chosen &= self.has(Outcome.OK) if rate else ~self.has(Outcome.FAILED)
        index = np.flatnonzero(chosen)
        at_ns = self.samples.column(instant)[index]
        early, late = index[at_ns < early_until_ns], index[at_ns >= late_from_ns]
        if min(early.size, late.size) < operations_needed(_MEDIAN):
            return 0.0, 0.0
        if rate:
            return float(early.size), float(late.size)
        values = self.samples.column(time)
        return float(np.median(values[early])), float(np.median(values[late]))


class OperationTimes:
    """The times of the samples at ``index`` (n,), column by column.

    Failed operations have none; those that were cut off count at the time when they were given up,
    as censored values.
    """

    def __init__(self, samples: Samples, index: npt.NDArray[np.intp]) -> None:
        self._samples = samples
        self._count = int(index.size)
        outcome = samples.column("outcome")[index]
        has_times = outcome != Outcome.FAILED
        self._index = index[has_times]
        self._started = outcome[has_times] != Outcome.SHED
        self._cut_off = (outcome[has_times] == Outcome.TIMED_OUT) | ~self._started

    def __len__(self) -> int:
        return self._count

    def distribution(self, time: str) -> Distribution:
        """Return a time of ``metric.TIMES``, in ns."""
        values = self._column(time)
        # What was never started has no service time, and no waits inside it.
        match time:
            case "response":
                return Distribution.of(values, values[self._cut_off])
            case "wait" | "queueing":
                return Distribution.of(values, values[~self._started])
            case "service":
                return Distribution.of(values[self._started], values[self._started & self._cut_off])
            case _:
                return Distribution.of(values[self._started])

    def in_order(self, time: str) -> Integers:
        """Return the values of :meth:`distribution` in the order in which they were due."""
        kept = np.ones_like(self._started) if time in ("response", "wait") else self._started
        due = self._samples.column("due")[self._index][kept]
        values: Integers = self._column(time)[kept][np.argsort(due, kind="stable")]
        return values

    def mean_of_started(self, time: str) -> float | None:
        """Return the mean over what was started; nothing where nothing was."""
        values = self._column(time)[self._started]
        return float(np.sum(values)) / values.size if values.size else None

    def _column(self, time: str) -> Integers:
        # Not Samples.column: a difference of whole columns would be made for each operation.
        match time:
            case "response":
                return self._difference("finished", "due")
            case "service":
                return self._difference("finished", "started")
            case "wait":
                return self._difference("started", "due")
            case "queueing":
                return self._at("pool_wait")
            case "lag":
                lag = self._difference("started", "due")
                lag -= self._at("pool_wait")
                return np.maximum(lag, 0, out=lag)
            case _:
                return self._at(time)

    def _difference(self, until: str, since: str) -> Integers:
        difference = self._at(until)
        difference -= self._at(since)
        return difference

    def _at(self, column: str) -> Integers:
        values: Integers = self._samples.column(column)[self._index]
        return values
