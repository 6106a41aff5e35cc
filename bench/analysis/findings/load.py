"""Findings about the load: who made the times, where they were spent, what came as planned."""

from __future__ import annotations

import math
from collections.abc import Iterable
from operator import itemgetter
from statistics import median

from bench.analysis.cell import Cell, LoadFacts, OpenFacts
from bench.analysis.findings.registry import (
    Symptom,
    cell_finding,
    finding,
    is_most,
    value,
)
from bench.analysis.result import Analysis, Severity
from bench.analysis.wording import counted
from bench.records.trial import TrialRecord
from bench.scenario.arrival import Closed, Open
from bench.scenario.metric import READ_OPERATION, WRITE_OPERATION
from bench.scenario.quantity import number, quantity

# Near one core a Python process can do no more, and its own queueing is added to what it measures.
SATURATED_CPU_SHARE = 0.9
# The loop's thread alone: what is ready waits for four others on average (M/M/1: ρ ÷ (1 − ρ)).
SATURATED_LOOP_SHARE = 0.8
# Times include what the generator adds; beyond half of what a cycle takes that is a large part, and
# below this an idle loop on a small machine does the same.
LAG_PER_SERVICE = 0.5
LEAST_LAG_NS = 2e6
# An idle generator is late by the interpreter lock's 5 ms at most. Later than that, and later than
# a cycle takes: most of the highest times are the generator's own.
LATE_NS = 5e6
RELEASED_RATE = 0.99

HELD_LOOP_SHARE = 0.5

_CPU_SHARE = "worker.cpu_share"
_LOOP_SHARE = "loop.cpu_share"
_HELD_BY_SAVER = "loop_held.by_saver"


@cell_finding(
    "invalid",
    advice="Offer less load, close what else runs on the machine, and measure again.",
)
def generator_late(_: Analysis, cell: Cell) -> Symptom | None:
    """The generator released its cycles so late, or so few of them, that the load was not the one
    that was asked for: times are the generator's, not the saver's.
    """
    # Invalid where most trials of a cell were not.
    # A saver that holds the loop holds the generator too, and that is no fault of the generator's:
    # where the loop was late although its thread hardly computed, it is a warning.
    late = {
        record.trial.id: facts
        for record in cell.measured
        if (facts := cell.load[record.trial.id].open_load) is not None
        and record.reading_value(_HELD_BY_SAVER) <= 0.5
        and _is_late(facts)
    }
    if not late:
        return None
    worst = max(late.values(), key=lambda facts: facts.lag_p99_ns)
    message = (
        f"in {len(late)} of {counted(len(cell.load), 'trial')} cycles were released up to "
        f"{quantity(worst.lag_p99_ns, 'ns')} late (p99; a cycle takes "
        f"{quantity(worst.service_p50_ns, 'ns')}), {worst.released} of {worst.planned} in time"
    )
    is_unusable = is_most([*late], cell) and not _is_held(cell)
    severity: Severity = "invalid" if is_unusable else "warning"
    return Symptom(message, (), [*late], severity, size=len(late) / len(cell.load))


def _is_late(facts: OpenFacts) -> bool:
    few = facts.released + 1 < RELEASED_RATE * min(facts.planned, facts.sampled)
    return few or facts.lag_p99_ns > max(LATE_NS, facts.service_p50_ns)


def _is_held(cell: Cell) -> bool:
    """Tell whether the loop stood still: it lagged, and its thread was idle for half of the time.

    The generator computes; only a call that waits keeps the loop without using it.
    """
    is_idle = value(cell, _LOOP_SHARE) < HELD_LOOP_SHARE
    return is_idle and value(cell, _LOOP_LAG) > LEAST_LAG_NS


@finding(
    "warning",
    advice="Offer less load, use a smaller payload, or compare these cells by throughput alone.",
)
def generator_saturated(analysis: Analysis) -> Symptom | None:
    """The worker process was at the end of one core, or its loop was: times include queueing in the
    client, and differences between servers shrink.
    """
    busy = [cell for cell in analysis.measured if _is_busy(analysis, cell)]
    lagging = [cell for cell in analysis.measured if _lag_ns(cell) > 0.0]
    parts: list[str] = []
    if busy:
        most = max(busy, key=lambda cell: value(cell, _CPU_SHARE))
        share, loop = (number(value(most, name)) for name in (_CPU_SHARE, _LOOP_SHARE))
        parts.append(
            f"the worker used up to {share} of a core, its loop {loop} ({most.name}), in "
            f"{counted(len(busy), 'cell')} where it should be waiting for a server or a schedule"
        )
    if lagging:
        most = max(lagging, key=_lag_ns)
        parts.append(
            f"it released cycles up to {quantity(_lag_ns(most), 'ns')} late (median of the "
            f"trials' p99, {most.name}), the worst of {counted(len(lagging), 'cell')}"
        )
    if not parts:
        return None
    names = {cell.name for cell in (*busy, *lagging)}
    cells = [cell for cell in analysis.measured if cell.name in names]
    return Symptom("; ".join(parts), cells)


def _is_busy(analysis: Analysis, cell: Cell) -> bool:
    """Tell whether the worker is at its end though its work is to wait for somebody else."""
    is_open = isinstance(analysis.scenario.arrival(cell.arrival), Open)
    return (is_open or bool(cell.server)) and (
        value(cell, _CPU_SHARE) > SATURATED_CPU_SHARE
        or value(cell, _LOOP_SHARE) > SATURATED_LOOP_SHARE
    )


def _lag_ns(cell: Cell) -> float:
    """Return by how much the generator is late, where that is much; else 0."""
    trials = cell.open_load
    if not trials:
        return 0.0
    lag = median(facts.lag_p99_ns for facts in trials)
    service = median(facts.service_p50_ns for facts in trials)
    return lag if lag > max(LEAST_LAG_NS, LAG_PER_SERVICE * service) else 0.0


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


# An offered rate counts as reached when 99 % of it finished.
REACHED_RATE = 0.99
# How many more may be open at the window's end than at its beginning, by chance: three standard
# deviations of the difference of two Poisson numbers.
STRADDLING_DEVIATIONS = 3.0
# Gaps between releases that are further from plan than this, by releases this late.
GAPS_DISTANCE = 0.2
UNPLANNED_LAG_NS = 1e6
UNPLANNED_LAG_PER_SERVICE = 0.05
# Little's law is an identity; a tenth allows for warm-up, failed cycles and the window's ends.
LITTLE_TOLERANCE = 0.10
# More than chance does to what is open at a time, for the few that are open under a light load.
GROWN_BACKLOG = 1.5
GROWN_BACKLOG_CYCLES = 2.0


@cell_finding(
    "warning",
    advice="Quote no response time at this rate as one that lasts; offer less, or search for the "
    "highest rate that meets an objective.",
)
def rate_not_reached(_: Analysis, cell: Cell) -> Symptom | None:
    """Fewer cycles ended well in the window than were due: the saver, the server or the client
    cannot keep up, and response times grow with the length of the window.
    """
    planned = sum(facts.planned for facts in cell.open_load)
    finished = sum(facts.cycles_finished for facts in cell.load.values())
    slack = sum(_straddling(facts) for facts in cell.load.values())
    if finished + slack >= REACHED_RATE * planned:
        return None
    due_per_s = planned / sum(facts.window_s for facts in cell.load.values())
    share = finished / planned
    message = (
        f"of {number(due_per_s)} cycles per second that were due {number(due_per_s * share)} "
        "finished"
    )
    return Symptom(message, size=-share)


def _straddling(facts: LoadFacts) -> float:
    """Return by how many cycles the two ends of the window may differ by chance.

    What is open for long because it is queued is no chance: more than a tenth is not excused.
    """
    most = 0.1 * (facts.open_load.planned if facts.open_load else 0.0)
    return min(1.0 + STRADDLING_DEVIATIONS * math.sqrt(2.0 * facts.under_way), max(1.0, most))


@cell_finding(
    "warning",
    advice="Look for what held the loop; offer less load, or use a quieter machine.",
)
def arrivals_not_as_planned(_: Analysis, cell: Cell) -> Symptom | None:
    """Cycles were released in other intervals than planned, in bursts as a rule: the queueing that
    bursts cause is in the times. Response times count from when a cycle was due all the same.
    """
    off = [
        facts
        for facts in cell.open_load
        if facts.gaps_distance > GAPS_DISTANCE
        and facts.lag_p99_ns
        > max(UNPLANNED_LAG_NS, UNPLANNED_LAG_PER_SERVICE * facts.service_p50_ns)
    ]
    if not is_most(off, cell):
        return None
    worst = max(cell.open_load, key=lambda facts: facts.gaps_distance)
    message = (
        f"the intervals between releases are {number(worst.gaps_distance)} from the planned ones "
        f"(Kolmogorov-Smirnov distance), releases up to {quantity(worst.lag_p99_ns, 'ns')} late "
        "(p99)"
    )
    return Symptom(message, size=worst.gaps_distance)


@cell_finding(
    "warning",
    advice="Look for failed cycles and for time that clients spend outside their cycles.",
)
def little_law(analysis: Analysis, cell: Cell) -> Symptom | None:
    """Samples or time are missing. In a closed loop without think time every client always has a
    cycle under way, so throughput × mean response time is the number of clients (Little 1961); in
    an open one every planned arrival has a sample.
    """
    # The mean number of cycles under way is taken from the overlap of each cycle with the window,
    # which throughput × mean response time equals in the long run, so that short windows are not
    # judged by what straddles their ends.
    planned = sum(facts.planned for facts in cell.open_load)
    sampled = sum(facts.sampled for facts in cell.open_load)
    if planned != sampled:
        message = f"{sampled} of {planned} planned cycles have a sample"
        return Symptom(message, size=abs(sampled / max(1, planned) - 1.0))
    arrival = analysis.scenario.arrival(cell.arrival)
    if not isinstance(arrival, Closed) or arrival.think_s:
        return None
    mean = sum(facts.under_way for facts in cell.load.values()) / len(cell.load)
    departure = abs(mean / arrival.clients - 1.0)
    if departure <= LITTLE_TOLERANCE:
        return None
    message = (
        f"{number(mean)} cycles were under way on average where "
        f"{counted(arrival.clients, 'client')} should always have one each"
    )
    return Symptom(message, size=departure)


@cell_finding(
    "warning",
    advice="Do not quote these times; offer less load, or search for the highest rate that can be "
    "served.",
)
def backlog_grew(_: Analysis, cell: Cell) -> Symptom | None:
    """More and more cycles were queued or under way: the offered rate is above what can be served,
    and response times depend on how long the window was.
    """
    grown = [
        facts
        for facts in cell.open_load
        if facts.backlog_rises
        and facts.backlog_last > GROWN_BACKLOG * facts.backlog_first + GROWN_BACKLOG_CYCLES
    ]
    if not is_most(grown, cell):
        return None
    worst = max(cell.open_load, key=lambda facts: facts.backlog_last)
    message = (
        f"{number(worst.backlog_last)} cycles were queued or under way in the last tenth of the "
        f"window, {number(worst.backlog_first)} in the first"
    )
    return Symptom(message, size=worst.backlog_last)
