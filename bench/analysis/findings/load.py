"""Findings about the load: where the time was really spent, and by whom."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter

from bench.analysis.cell import Cell
from bench.analysis.findings.registry import (
    Symptom,
    cell_finding,
    value,
)
from bench.analysis.result import Analysis
from bench.analysis.wording import counted
from bench.records.trial import TrialRecord
from bench.scenario.metric import READ_OPERATION, WRITE_OPERATION
from bench.scenario.quantity import number, quantity

# Where most of what a caller feels is waiting, the service time is no longer what matters.
BLOCKED_WAIT_PER_SERVICE = 3.0
# An idle loop on a small machine shows lags of up to 1 ms; beyond twice that it was held.
BLOCKED_LOOP_LAG_NS = 2e6
# Below the time of a network round trip a single call holds nobody up: in a closed loop of what
# only computes, the wait is the other clients' service by arithmetic, and so is the lag.
BLOCKING_CALL_NS = 5e5
# More than half of the service time: waiting, not working, sets the pace.
MOST_OF_SERVICE = 0.5
# A pool wait below a twentieth of the lock wait says that connections lie idle.
IDLE_POOL_PER_LOCK_WAIT = 0.05

# Longer than any pause of a small machine; callers notice it.
STALLED_NS = 1e8
# For so long at most a control group waits that has used up its share of the processors.
THROTTLED_NS = 1e8

_LOOP_LAG = "loop_lag.p99"
_HELD = "loop_held.share"
_WAITED_FOR = {"lock_wait": "the saver's lock", "pool_wait": "a connection"}


@cell_finding(
    "warning",
    advice="Judge these cells by their response time; call a blocking saver in threads, or use the "
    "asynchronous one.",
)
def loop_blocked(_: Analysis, cell: Cell) -> Symptom | None:
    """The saver held the event loop, so the other clients stood still before their operations even
    started: a low service time hides the wait. In a server every other request stands still too.
    """
    # Waiting then dwarfs service while the loop lags. Savers that only compute, for microseconds,
    # are not named: with many clients they wait for each other on any loop.
    operation = _blocking(cell)
    if not operation:
        return None
    times = {time: value(cell, f"{operation}.{time}.p50") for time in ("service", "wait")}
    response = quantity(value(cell, f"{operation}.response.p50"), "ns")
    message = (
        f"a low service time hides the wait: {operation} service p50 "
        f"{quantity(times['service'], 'ns')}, wait p50 {quantity(times['wait'], 'ns')}, loop lag "
        f"p99 {quantity(value(cell, _LOOP_LAG), 'ns')}; judge it by its response time, p50 "
        f"{response}{_held_by(cell.measured)}"
    )
    return Symptom(message, size=times["wait"])


def _blocking(cell: Cell) -> str:
    """Return the saver's operation that shows that calls hold the loop; empty where none does."""
    if cell.concurrency < 2 or value(cell, _LOOP_LAG) < BLOCKED_LOOP_LAG_NS:
        return ""
    # Decoding a large state takes any saver long; so writing tells, where there is any.
    operation = WRITE_OPERATION if WRITE_OPERATION in cell.operations else READ_OPERATION
    service = value(cell, f"{operation}.service.p50")
    wait = value(cell, f"{operation}.wait.p50")
    holds = service >= BLOCKING_CALL_NS and wait >= BLOCKED_WAIT_PER_SERVICE * service
    return operation if holds else ""


@cell_finding(
    "warning",
    advice="Look at the place that is named, or profile what the saver does there: a first call "
    "that imports, connects or migrates belongs before the load, a blocking call into a thread.",
)
def loop_stalled(analysis: Analysis, cell: Cell) -> Symptom | None:
    """The event loop stood still for a long time at once, for longer than garbage collections and
    the host account for: a call held it. Medians do not show that; in a server every request that
    is under way then waits.
    """
    lengths = [(_stalled_ns(analysis, cell, record), record) for record in cell.measured]
    stalls = [stall for stall in lengths if stall[0] >= STALLED_NS]
    if not stalls or _blocking(cell):
        return None
    longest_ns, longest = max(stalls, key=itemgetter(0))
    message = (
        f"the event loop stood still for {quantity(longest_ns, 'ns')} at once, in {len(stalls)} of "
        f"{counted(len(cell.measured), 'trial')} for {quantity(STALLED_NS, 'ns')} or more"
        f"{_held_by([longest])}"
    )
    return Symptom(message, (), [record.trial.id for _, record in stalls], size=longest_ns)


def _stalled_ns(analysis: Analysis, cell: Cell, record: TrialRecord) -> float:
    """Return for how long the loop was held at once, less what was no call's doing.

    It was late for a timer, and meanwhile no operation started or ended: where many are ready and
    each takes its turn, the loop is late as well, but goes round.
    """
    facts = cell.load[record.trial.id]
    stolen = record.reading_value("host.steal_share")
    stolen_ns = stolen * analysis.run.environment.cores * facts.window_s * 1e9
    throttled_ns = record.reading_value("host.throttled") * THROTTLED_NS
    excused_ns = record.reading_value("gc.pause_max") + stolen_ns + throttled_ns
    return min(record.reading_value("loop_lag.max"), float(facts.silent_ns)) - excused_ns


def _held_by(records: Iterable[TrialRecord]) -> str:
    """Say where the loop was held in the trial in which it was held longest."""
    shares = (share for record in records if (share := record.reading(_HELD)) is not None)
    most = max((share for share in shares if share.detail), key=lambda r: r.value, default=None)
    if most is None:
        return ""
    return f"; held {number(100.0 * most.value)} % of the time, mostly by {most.detail}"


@cell_finding(
    "note",
    advice='Give each caller a saver of its own (over the same pool): saver_per = "client".',
    worst=" (highest share of {} cells)",
)
def lock_serialises(_: Analysis, cell: Cell) -> Symptom | None:
    """Callers queue for the saver's own lock, so one operation runs at a time. A pool behind that
    lock, where there is one, lies idle and its size changes nothing.
    """
    lock, pool = (value(cell, f"saver.{wait}.mean") for wait in ("lock_wait", "pool_wait"))
    if cell.concurrency < 2 or pool > IDLE_POOL_PER_LOCK_WAIT * lock:
        return None
    return _mostly_waiting(cell, "lock_wait", "pool_wait")


@cell_finding(
    "note",
    advice="Raise pool_size as far as the server has capacity, or offer fewer concurrent callers.",
    worst=" (highest share of {} cells)",
)
def pool_exhausted(_: Analysis, cell: Cell) -> Symptom | None:
    """Most of the service time is spent waiting for a connection of the pool."""
    return _mostly_waiting(cell, "pool_wait", "lock_wait")


def _mostly_waiting(cell: Cell, wait: str, other: str) -> Symptom | None:
    """Tell of the mean ``wait`` where it is most of the service time, and of the ``other`` one."""
    service, waited, otherwise = (
        value(cell, f"saver.{time}.mean") for time in ("service", wait, other)
    )
    if not waited >= MOST_OF_SERVICE * service > 0.0:
        return None
    share = waited / service
    message = (
        f"waiting for {_WAITED_FOR[wait]} is {number(100.0 * share)} % of the mean service time "
        f"({quantity(waited, 'ns')} of {quantity(service, 'ns')}), waiting for "
        f"{_WAITED_FOR[other]} {quantity(otherwise, 'ns')}"
    )
    return Symptom(message, size=share)
