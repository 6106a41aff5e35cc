"""Findings about the load: where the time was really spent, and by whom."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter

from bench.analysis.findings._evidence import Evidence, Judge, Kind, reading, worst_of
from bench.analysis.result import Finding
from bench.analysis.summary import CellEvidence
from bench.analysis.wording import counted, figure, quantity
from bench.records.trial import TrialRecord
from bench.scenario.metric import READ_OPERATION, WRITE_OPERATION

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

_LOOP_BLOCKED = Kind(
    "loop_blocked",
    "warning",
    "The saver held the event loop, so the other clients stood still before their operations even "
    "started: a low service time hides the wait. In a server every other request stands still too.",
    "Judge these cells by their response time; call a blocking saver in threads, or use the "
    "asynchronous one.",
)
_LOOP_STALLED = Kind(
    "loop_stalled",
    "warning",
    "The event loop stood still for a long time at once, for longer than garbage collections and "
    "the host account for: a call held it. Medians do not show that; in a server every request "
    "that is under way then waits.",
    "Look at the place that is named, or profile what the saver does there: a first call that "
    "imports, connects or migrates belongs before the load, a blocking call into a thread.",
)
_LOCK_SERIALISES = Kind(
    "lock_serialises",
    "note",
    "Callers queue for the saver's own lock, so one operation runs at a time. A pool behind that "
    "lock, where there is one, lies idle and its size changes nothing.",
    'Give each caller a saver of its own (over the same pool): saver_per = "client".',
)
_POOL_EXHAUSTED = Kind(
    "pool_exhausted",
    "note",
    "Most of the service time is spent waiting for a connection of the pool.",
    "Raise pool_size as far as the server has capacity, or offer fewer concurrent callers.",
)


def loop_blocked(evidence: Evidence) -> Finding | None:
    """Find cells where each call holds the loop for as long as a server takes to answer.

    Waiting then dwarfs service while the loop lags. Savers that only compute, for microseconds,
    are not named: with many clients they wait for each other on any loop.
    """
    scores = {cell.cell.name: _blocked(evidence, cell) for cell in evidence.measured}
    blocked = [cell for cell in evidence.measured if scores[cell.cell.name] is not None]
    if not blocked:
        return None
    most = max(blocked, key=lambda cell: (scores[cell.cell.name] or ("", 0.0))[1])
    operation = (scores[most.cell.name] or ("", 0.0))[0]
    service, wait, response = (
        quantity(evidence.value(most, f"{operation}.{time}.p50"), "ns")
        for time in ("service", "wait", "response")
    )
    lag = quantity(evidence.value(most, _LOOP_LAG), "ns")
    message = (
        f"{most.cell.name}: a low service time hides the wait: {operation} service p50 {service}, "
        f"wait p50 {wait}, loop lag p99 {lag}; judge it by its response time, p50 {response}"
    )
    message += _held_by(most.measured)
    if len(blocked) > 1:
        message += f" (worst of {len(blocked)} cells)"
    return _LOOP_BLOCKED.found(message, blocked)


def loop_stalled(evidence: Evidence) -> Finding | None:
    """Find cells in which the loop stood still once for long, though no call always holds it."""
    stalls = {
        cell.cell.name: [
            (stalled_ns, record)
            for record in cell.measured
            if (stalled_ns := _stalled_ns(evidence, cell, record)) >= STALLED_NS
        ]
        for cell in evidence.measured
        if _blocked(evidence, cell) is None
    }
    cells = [cell for cell in evidence.measured if stalls.get(cell.cell.name)]
    if not cells:
        return None
    longest = {cell.cell.name: max(stalls[cell.cell.name], key=itemgetter(0)) for cell in cells}
    most = max(cells, key=lambda cell: longest[cell.cell.name][0])
    found = stalls[most.cell.name]
    longest_ns, record = longest[most.cell.name]
    message = (
        f"{most.cell.name}: the event loop stood still for {quantity(longest_ns, 'ns')} at once, "
        f"in {len(found)} of {counted(len(most.measured), 'trial')} for "
        f"{quantity(STALLED_NS, 'ns')} or more{_held_by([record])}"
    )
    trials = [record.trial.id for cell in cells for _, record in stalls[cell.cell.name]]
    return _LOOP_STALLED.found(worst_of(message, cells), cells, trials)


def _stalled_ns(evidence: Evidence, cell: CellEvidence, record: TrialRecord) -> float:
    """Return for how long the loop was held at once, less what was no call's doing.

    It was late for a timer, and meanwhile no operation started or ended: where many are ready and
    each takes its turn, the loop is late as well, but goes round.
    """
    late = reading(record, "loop_lag.max")
    if late is None:
        return 0.0
    facts = cell.load[record.trial.id]
    collected, stolen, throttled = (
        found.value if (found := reading(record, name)) else 0.0
        for name in ("gc.pause_max", "host.steal_share", "host.throttled")
    )
    stolen_ns = stolen * evidence.run.environment.cores * facts.window_s * 1e9
    excused_ns = collected + stolen_ns + throttled * THROTTLED_NS
    return min(late.value, float(facts.silent_ns)) - excused_ns


def _held_by(records: Iterable[TrialRecord]) -> str:
    """Say where the loop was held in the trial in which it was held longest."""
    held = [found for record in records if (found := reading(record, _HELD)) is not None]
    most = max((found for found in held if found.detail), key=lambda r: r.value, default=None)
    if most is None:
        return ""
    return f"; held {figure(100.0 * most.value)} % of the time, mostly by {most.detail}"


def _blocked(evidence: Evidence, cell: CellEvidence) -> tuple[str, float] | None:
    """Return the saver's operation that shows it, and its wait."""
    if cell.cell.concurrency < 2 or evidence.value(cell, _LOOP_LAG) < BLOCKED_LOOP_LAG_NS:
        return None
    # Decoding a large state takes any saver long; so writing tells, where there is any.
    operation = WRITE_OPERATION if WRITE_OPERATION in cell.cell.operations else READ_OPERATION
    service = evidence.value(cell, f"{operation}.service.p50")
    wait = evidence.value(cell, f"{operation}.wait.p50")
    holds = service >= BLOCKING_CALL_NS and wait >= BLOCKED_WAIT_PER_SERVICE * service
    return (operation, wait) if holds else None


def lock_serialises(evidence: Evidence) -> Finding | None:
    """Find cells where callers queue for the saver's lock while the pool lies idle."""
    shares: dict[str, float] = {}
    for cell in evidence.measured:
        lock, pool, service = _waits(evidence, cell)
        behind_lock = cell.cell.concurrency > 1 and lock >= MOST_OF_SERVICE * service > 0.0
        if behind_lock and pool <= IDLE_POOL_PER_LOCK_WAIT * lock:
            shares[cell.cell.name] = lock / service
    cells = [cell for cell in evidence.measured if cell.cell.name in shares]
    if not cells:
        return None
    most = max(cells, key=lambda cell: shares[cell.cell.name])
    lock, pool, service = _waits(evidence, most)
    message = (
        f"{most.cell.name}: waiting for the saver's lock is {figure(100.0 * lock / service)} % of "
        f"the mean service time ({quantity(lock, 'ns')} of {quantity(service, 'ns')}), waiting for "
        f"a connection {quantity(pool, 'ns')}"
    )
    if len(cells) > 1:
        message += f" (highest share of {len(cells)} cells)"
    return _LOCK_SERIALISES.found(message, cells)


def pool_exhausted(evidence: Evidence) -> Finding | None:
    """Find cells where most of the service time is spent waiting for a connection."""
    shares: dict[str, float] = {}
    for cell in evidence.measured:
        _, pool, service = _waits(evidence, cell)
        if pool >= MOST_OF_SERVICE * service > 0.0:
            shares[cell.cell.name] = pool / service
    cells = [cell for cell in evidence.measured if cell.cell.name in shares]
    if not cells:
        return None
    most = max(cells, key=lambda cell: shares[cell.cell.name])
    lock, pool, service = _waits(evidence, most)
    message = (
        f"{most.cell.name}: waiting for a connection is {figure(100.0 * pool / service)} % of the "
        f"mean service time ({quantity(pool, 'ns')} of {quantity(service, 'ns')}), waiting for the "
        f"saver's lock {quantity(lock, 'ns')}"
    )
    if len(cells) > 1:
        message += f" (highest share of {len(cells)} cells)"
    return _POOL_EXHAUSTED.found(message, cells)


def _waits(evidence: Evidence, cell: CellEvidence) -> tuple[float, float, float]:
    lock, pool, service = (
        evidence.value(cell, f"saver.{time}.mean") for time in ("lock_wait", "pool_wait", "service")
    )
    return lock, pool, service


JUDGES: tuple[Judge, ...] = (
    loop_blocked,
    loop_stalled,
    lock_serialises,
    pool_exhausted,
)
