"""Findings about the load: where the time was really spent, and by whom."""

from __future__ import annotations

from bench.analysis.findings._evidence import Evidence, Judge, Kind
from bench.analysis.result import Finding
from bench.analysis.summary import CellEvidence
from bench.analysis.wording import counted, figure, quantity
from bench.spec.arrival import Closed, Constant
from bench.spec.metric import READ_OPERATION, WRITE_OPERATION

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
# Near one core a Python process can do no more, and its own queueing is added to what it measures.
SATURATED_CPU_SHARE = 0.9
# An offered rate counts as reached when 99 % of it finished; one cycle may straddle each end.
REACHED_RATE = 0.99
STRADDLING_CYCLES = 1
# Little's law is an identity; a tenth allows for warm-up, failed cycles and the window's ends.
LITTLE_TOLERANCE = 0.10

_LOOP_LAG = "loop_lag.p99"
_CPU_SHARE = "worker.cpu_share"
_NS_PER_S = 1e9

_LOOP_BLOCKED = Kind(
    "loop_blocked",
    "warning",
    "The saver held the event loop, so the other clients stood still before their operations even "
    "started: a low service time hides the wait. In a server every other request stands still too.",
    "Judge these cells by their response time; call a blocking saver in threads, or use the "
    "asynchronous one.",
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
_GENERATOR_SATURATED = Kind(
    "generator_saturated",
    "warning",
    "The worker process was at the end of one core, or an offered rate was not reached: times "
    "include queueing in the client, and differences between servers shrink.",
    "Offer less load, use a smaller payload, or compare these cells by throughput alone.",
)
_LITTLE_LAW = Kind(
    "little_law",
    "warning",
    "In a closed loop without think time every client always has a cycle under way, so throughput "
    "× mean response time is the number of clients (Little 1961). Here samples or time are "
    "missing.",
    "Look for failed cycles and for time that clients spend outside their cycles.",
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
    if len(blocked) > 1:
        message += f" (worst of {len(blocked)} cells)"
    return _LOOP_BLOCKED.found(message, blocked)


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


def generator_saturated(evidence: Evidence) -> Finding | None:
    """Find cells where the client is the bottleneck, or an offered rate was not reached."""
    busy = [cell for cell in evidence.measured if _is_busy(evidence, cell)]
    behind = {cell.cell.name: _reached(evidence, cell) for cell in evidence.measured}
    slow = [cell for cell in evidence.measured if behind[cell.cell.name] is not None]
    said: list[str] = []
    if busy:
        most = max(busy, key=lambda cell: evidence.value(cell, _CPU_SHARE))
        share = figure(evidence.value(most, _CPU_SHARE))
        said.append(
            f"the worker used up to {share} of a core ({most.cell.name}) in "
            f"{counted(len(busy), 'cell')} where it should be waiting for a server or a schedule"
        )
    if slow:
        most = min(slow, key=lambda cell: behind[cell.cell.name] or 0.0)
        arrival = evidence.scenario.arrival(most.cell.arrival)
        asked = arrival.rate_per_s if isinstance(arrival, Constant) else 0.0
        reached = (behind[most.cell.name] or 0.0) * asked
        said.append(
            f"of {figure(asked)} cycles per second that were due {figure(reached)} finished "
            f"({most.cell.name}), the worst of {counted(len(slow), 'cell')} behind its schedule"
        )
    if not said:
        return None
    names = {cell.cell.name for cell in (*busy, *slow)}
    cells = [cell for cell in evidence.measured if cell.cell.name in names]
    return _GENERATOR_SATURATED.found("; ".join(said), cells)


def _is_busy(evidence: Evidence, cell: CellEvidence) -> bool:
    """Tell whether the worker is at its end though its work is to wait for somebody else."""
    is_open = isinstance(evidence.scenario.arrival(cell.cell.arrival), Constant)
    is_networked = bool(cell.cell.server)
    return (is_open or is_networked) and evidence.value(cell, _CPU_SHARE) > SATURATED_CPU_SHARE


def _reached(evidence: Evidence, cell: CellEvidence) -> float | None:
    """Return the share of the offered cycles that finished, if it is too small."""
    arrival = evidence.scenario.arrival(cell.cell.arrival)
    if not isinstance(arrival, Constant) or not cell.load:
        return None
    finished = sum(facts.cycles_finished for facts in cell.load.values())
    offered = sum(facts.window_s * arrival.rate_per_s for facts in cell.load.values())
    slack = STRADDLING_CYCLES * len(cell.load)
    return finished / offered if finished + slack < REACHED_RATE * offered else None


def little_law(evidence: Evidence) -> Finding | None:
    """Find cells where the mean number of cycles under way is not the number of clients.

    It is taken from the overlap of each cycle with the window, which throughput × mean response
    time equals in the long run, so that short windows are not judged by what straddles their ends.
    """
    off: dict[str, float] = {}
    for cell in evidence.measured:
        arrival = evidence.scenario.arrival(cell.cell.arrival)
        if not isinstance(arrival, Closed) or arrival.think_s:
            continue
        under_way = [facts.under_way for facts in cell.load.values()]
        mean = sum(under_way) / len(under_way)
        if abs(mean - arrival.clients) > LITTLE_TOLERANCE * arrival.clients:
            off[cell.cell.name] = mean
    cells = [cell for cell in evidence.measured if cell.cell.name in off]
    if not cells:
        return None
    most = max(cells, key=lambda cell: abs(off[cell.cell.name] / cell.cell.concurrency - 1.0))
    message = (
        f"{most.cell.name}: {figure(off[most.cell.name])} cycles were under way on average where "
        f"{counted(most.cell.concurrency, 'client')} should always have one each"
    )
    if len(cells) > 1:
        message += f" (worst of {len(cells)} cells)"
    return _LITTLE_LAW.found(message, cells)


JUDGES: tuple[Judge, ...] = (
    loop_blocked,
    lock_serialises,
    pool_exhausted,
    generator_saturated,
    little_law,
)
