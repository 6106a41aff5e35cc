"""How the load of a trial went, and of an open one what was planned, released and left open."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.analysis.cell import LoadFacts, OpenFacts
from bench.analysis.trial_samples import TrialSamples
from bench.records.outcome import Outcome
from bench.records.sample import Integers, Samples
from bench.records.trial import TrialRecord, Window
from bench.scenario.arrival import Closed, Open, Recorded, schedule_ns
from bench.scenario.metric import CYCLE, WRITE_OPERATION
from bench.stats.steadiness import swing_of

Floats = npt.NDArray[np.float64]

_NS_PER_S = 1_000_000_000
# Gaps count as equal within this share of the mean planned one, and within the smallest step that
# a sleeping thread can be relied on for: evenly spaced arrivals have no spread of their own.
GAP_TOLERANCE = 0.05
GAP_TOLERANCE_NS = 100_000
MOST_GAPS = 100_000
PARTS = 10
RISING = 0.05
_SILENCE_STEP_NS = 5_000_000


def load_facts(trial: TrialSamples, arrival: Closed | Open) -> LoadFacts:
    """Return the facts of the load of a trial."""
    samples, window = trial.samples, trial.window
    is_cycle = trial.is_one_of(CYCLE)
    due, finished = samples.column("due"), samples.column("finished")
    levels = open_cycles(due[is_cycle], finished[is_cycle], window)
    # Whole rows of the cycles of the window alone: copies of more do not fit beside ten millions.
    cycles = samples.where(is_cycle & trial.is_within("due"))
    open_load = None
    if isinstance(arrival, Open):
        open_load = open_facts(arrival, trial.record, window, cycles, levels)
    return LoadFacts(
        window_s=trial.window_s,
        under_way=float(np.mean(levels)),
        cycles_finished=trial.finished(CYCLE),
        timed_out=int(np.count_nonzero(trial.is_unit & trial.has(Outcome.TIMED_OUT))),
        shed=int(np.count_nonzero(trial.is_unit & trial.has(Outcome.SHED))),
        samples=int(np.count_nonzero(trial.is_within("finished"))),
        checkpoints=trial.finished(WRITE_OPERATION),
        swing=_swing(cycles, window, arrival),
        silent_ns=_silent_ns(samples, window),
        open_load=open_load,
    )


def changes_by_design(arrival: Closed | Open) -> bool:
    """Tell whether the offered rate changes, and with it all that answers it."""
    if isinstance(arrival, Recorded):
        return True
    return isinstance(arrival, Open) and len({r for s in arrival.segments for r in s[2:]}) > 1


def _swing(cycles: Samples, window: Window, arrival: Closed | Open) -> float:
    if changes_by_design(arrival):
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


def open_facts(
    arrival: Open,
    record: TrialRecord,
    window: Window,
    measured: Samples,
    levels: Floats,
) -> OpenFacts:
    """Judge the cycles due in the window by the schedule that they should have followed.

    ``measured`` are those cycles, ``levels`` what :func:`open_cycles` says.
    """
    trial = record.trial
    offsets = schedule_ns(arrival, trial.seed, trial.warmup_s, trial.duration_s)
    due_ns = np.frombuffer(offsets, dtype=np.int64) if offsets else np.empty(0, dtype=np.int64)
    planned_ns = due_ns[due_ns >= round(trial.warmup_s * _NS_PER_S)]
    lag_ns = released_late_ns(measured)
    released_ns = np.sort(measured.column("due") + lag_ns)
    started = measured.column("outcome") != Outcome.SHED
    service_ns = measured.column("service")[started]
    first, last, rises = _backlog(levels, measured.column("due"), window)
    return OpenFacts(
        planned=int(planned_ns.size),
        sampled=len(measured),
        released=int(np.count_nonzero(released_ns < window.end_ns)),
        lag_p99_ns=_quantile(lag_ns, 0.99),
        service_p50_ns=_quantile(service_ns, 0.50),
        gaps_distance=gaps_distance(_some(np.diff(planned_ns)), _some(np.diff(released_ns))),
        backlog_first=first,
        backlog_last=last,
        backlog_rises=rises,
    )


def _some(gaps_ns: Integers) -> Integers:
    """Of very many gaps, evenly chosen ones are as far apart from others as all of them."""
    return gaps_ns[:: max(1, gaps_ns.size // MOST_GAPS)]


def released_late_ns(cycles: Samples) -> Integers:
    """Return the generator's part of each wait, in ns: from due until the loop came to it."""
    late: Integers = np.maximum(cycles.column("wait") - cycles.column("pool_wait"), 0)
    return late


def gaps_distance(planned_ns: Integers, released_ns: Integers) -> float:
    """Return the largest difference of the two distribution functions, in [0, 1].

    The two-sample Kolmogorov-Smirnov distance, with gaps that differ by no more than a tolerance
    taken as equal: without it, evenly spaced arrivals that jitter by a nanosecond would be half as
    far from their plan as anything can be. 0 where either has no gap.
    """
    if not planned_ns.size or not released_ns.size:
        return 0.0
    tolerance_ns = max(GAP_TOLERANCE_NS, GAP_TOLERANCE * float(np.mean(planned_ns)))
    planned, released = np.sort(planned_ns), np.sort(released_ns)
    return max(
        _excess(planned, released, tolerance_ns), _excess(released, planned, tolerance_ns), 0.0
    )


def _excess(ordered: Integers, others: Integers, tolerance_ns: float) -> float:
    """Return by how much the share of ``ordered`` up to x exceeds that of ``others`` at most."""
    share = np.arange(1, ordered.size + 1) / ordered.size
    of_others = np.searchsorted(others, ordered + tolerance_ns, "right") / others.size
    return float(np.max(share - of_others))


def open_cycles(due_ns: Integers, finished_ns: Integers, window: Window) -> Floats:
    """Return the mean number of cycles that were queued or under way in each tenth of the window.

    ``due_ns`` and ``finished_ns``, shape (n,), are of all cycles of the trial. The mean over a
    tenth is the sum of each cycle's overlap with it, divided by its length.
    """
    edges = np.linspace(window.start_ns, window.end_ns, PARTS + 1)
    open_until = [float(np.sum(np.clip(edge, due_ns, finished_ns) - due_ns)) for edge in edges]
    levels: Floats = np.diff(open_until) * PARTS / (window.end_ns - window.start_ns)
    return levels


def _backlog(levels: Floats, due_ns: Integers, window: Window) -> tuple[float, float, bool]:
    """Return the first and the last of ``levels``, as if at one rate, and whether they rise."""
    from scipy.stats import kendalltau  # noqa: PLC0415 - slow to import, and for open loads alone

    edges = np.linspace(window.start_ns, window.end_ns, PARTS + 1)
    offered, _ = np.histogram(due_ns, bins=edges)
    scaled = levels * offered[-1] / np.maximum(offered, 1)
    trend = kendalltau(np.arange(PARTS), scaled)
    rises = bool(trend.statistic > 0.0 and trend.pvalue < RISING)
    return float(scaled[0]), float(scaled[-1]), rises


def _quantile(values: Integers, probability: float) -> float:
    if not values.size:
        return 0.0
    return float(np.quantile(values, probability, method="inverted_cdf"))
