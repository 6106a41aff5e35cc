"""How the load of a trial went."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.analysis.open_load import OpenFacts, open_cycles, open_facts
from bench.analysis.steadiness import swing_of
from bench.analysis.trial_samples import TrialSamples
from bench.records.outcome import Outcome
from bench.records.sample import Samples
from bench.records.trial import Window
from bench.scenario.arrival import Closed, Open
from bench.scenario.metric import CYCLE, WRITE_OPERATION

_SILENCE_STEP_NS = 5_000_000


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
