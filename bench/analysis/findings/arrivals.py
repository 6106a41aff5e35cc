"""Findings about what was offered: whether it was released as planned, served, and piled up."""

from __future__ import annotations

import math

from bench.analysis.cell import Cell, LoadFacts
from bench.analysis.findings.registry import (
    Symptom,
    cell_finding,
    is_most,
)
from bench.analysis.result import Analysis
from bench.analysis.wording import counted
from bench.scenario.arrival import Closed
from bench.scenario.quantity import number, quantity

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
