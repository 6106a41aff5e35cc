"""Findings about what was offered: whether it was released as planned, served, and piled up."""

from __future__ import annotations

import math
from collections.abc import Callable

from bench.analysis.findings._evidence import (
    Evidence,
    Judge,
    Kind,
    most_trials,
    open_facts,
    worst_of,
)
from bench.analysis.load_facts import LoadFacts
from bench.analysis.open_load import OpenFacts
from bench.analysis.result import Finding
from bench.analysis.summary import CellEvidence
from bench.analysis.wording import counted, figure, quantity
from bench.scenario.arrival import Closed

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

_RATE_NOT_REACHED = Kind(
    "rate_not_reached",
    "warning",
    "Fewer cycles ended well in the window than were due: the saver, the server or the client "
    "cannot keep up, and response times grow with the length of the window.",
    "Quote no response time at this rate as one that lasts; offer less, or search for the highest "
    "rate that meets an objective.",
)
_ARRIVALS_NOT_AS_PLANNED = Kind(
    "arrivals_not_as_planned",
    "warning",
    "Cycles were released in other intervals than planned, in bursts as a rule: the queueing that "
    "bursts cause is in the times. Response times count from when a cycle was due all the same.",
    "Look for what held the loop; offer less load, or use a quieter machine.",
)
_LITTLE_LAW = Kind(
    "little_law",
    "warning",
    "Samples or time are missing. In a closed loop without think time every client always has a "
    "cycle under way, so throughput × mean response time is the number of clients (Little 1961); "
    "in an open one every planned arrival has a sample.",
    "Look for failed cycles and for time that clients spend outside their cycles.",
)
_BACKLOG_GREW = Kind(
    "backlog_grew",
    "warning",
    "More and more cycles were queued or under way: the offered rate is above what can be served, "
    "and response times depend on how long the window was.",
    "Do not quote these times; offer less load, or search for the highest rate that can be served.",
)


def rate_not_reached(evidence: Evidence) -> Finding | None:
    """Find open loads of which fewer cycles ended well in the window than were due in it."""
    shares = {cell.cell.name: _reached(evidence, cell) for cell in evidence.measured}
    cells = [cell for cell in evidence.measured if shares[cell.cell.name] < 1.0]
    if not cells:
        return None
    most = min(cells, key=lambda cell: shares[cell.cell.name])
    window_s = sum(facts.window_s for facts in most.load.values())
    asked = sum(facts.planned for facts in open_facts(evidence, most)) / window_s
    message = (
        f"{most.cell.name}: of {figure(asked)} cycles per second that were due "
        f"{figure(asked * shares[most.cell.name])} finished"
    )
    return _RATE_NOT_REACHED.found(worst_of(message, cells), cells)


def _reached(evidence: Evidence, cell: CellEvidence) -> float:
    """Return the share of the planned cycles that finished, 1 where that is enough."""
    planned = sum(facts.planned for facts in open_facts(evidence, cell))
    if not planned:
        return 1.0
    finished = sum(facts.cycles_finished for facts in cell.load.values())
    slack = sum(_straddling(facts) for facts in cell.load.values())
    return finished / planned if finished + slack < REACHED_RATE * planned else 1.0


def _straddling(facts: LoadFacts) -> float:
    """Return by how many cycles the two ends of the window may differ by chance.

    What is open for long because it is queued is no chance: more than a tenth is not excused.
    """
    most = 0.1 * (facts.open_load.planned if facts.open_load else 0.0)
    return min(1.0 + STRADDLING_DEVIATIONS * math.sqrt(2.0 * facts.under_way), max(1.0, most))


def arrivals_not_as_planned(evidence: Evidence) -> Finding | None:
    """Find open loads whose cycles were released in other intervals than planned."""

    def is_off(facts: OpenFacts) -> bool:
        allowed = max(UNPLANNED_LAG_NS, UNPLANNED_LAG_PER_SERVICE * facts.service_p50_ns)
        return facts.gaps_distance > GAPS_DISTANCE and facts.lag_p99_ns > allowed

    cells = _where_most(evidence, is_off)
    if not cells:
        return None
    found = {cell.cell.name: open_facts(evidence, cell) for cell in cells}
    most = max(cells, key=lambda cell: max(f.gaps_distance for f in found[cell.cell.name]))
    worst = max(found[most.cell.name], key=lambda facts: facts.gaps_distance)
    message = (
        f"{most.cell.name}: the intervals between releases are {figure(worst.gaps_distance)} from "
        f"the planned ones (Kolmogorov-Smirnov distance), releases up to "
        f"{quantity(worst.lag_p99_ns, 'ns')} late (p99)"
    )
    return _ARRIVALS_NOT_AS_PLANNED.found(worst_of(message, cells), cells)


def backlog_grew(evidence: Evidence) -> Finding | None:
    """Find open loads that ended with far more cycles open than they began with, rising."""

    def has_grown(facts: OpenFacts) -> bool:
        allowed = GROWN_BACKLOG * facts.backlog_first + GROWN_BACKLOG_CYCLES
        return facts.backlog_rises and facts.backlog_last > allowed

    cells = _where_most(evidence, has_grown)
    if not cells:
        return None
    found = {cell.cell.name: open_facts(evidence, cell) for cell in cells}
    most = max(cells, key=lambda cell: max(f.backlog_last for f in found[cell.cell.name]))
    worst = max(found[most.cell.name], key=lambda facts: facts.backlog_last)
    message = (
        f"{most.cell.name}: {figure(worst.backlog_last)} cycles were queued or under way in the "
        f"last tenth of the window, {figure(worst.backlog_first)} in the first"
    )
    return _BACKLOG_GREW.found(worst_of(message, cells), cells)


def _where_most(evidence: Evidence, is_so: Callable[[OpenFacts], bool]) -> list[CellEvidence]:
    """Return the cells with an open load for most of whose trials ``is_so`` holds."""
    return [
        cell
        for cell in evidence.measured
        if most_trials([facts for facts in open_facts(evidence, cell) if is_so(facts)], cell)
    ]


def little_law(evidence: Evidence) -> Finding | None:
    """Find cells where samples are missing: by the law, or by the plan of an open loop.

    The mean number of cycles under way is taken from the overlap of each cycle with the window,
    which throughput × mean response time equals in the long run, so that short windows are not
    judged by what straddles their ends.
    """
    off: dict[str, str] = {}
    by_share: dict[str, float] = {}
    for cell in evidence.measured:
        arrival = evidence.scenario.arrival(cell.cell.arrival)
        name = cell.cell.name
        planned = sum(facts.planned for facts in open_facts(evidence, cell))
        sampled = sum(facts.sampled for facts in open_facts(evidence, cell))
        if planned != sampled:
            off[name] = f"{sampled} of {planned} planned cycles have a sample"
            by_share[name] = abs(sampled / max(1, planned) - 1.0)
        elif isinstance(arrival, Closed) and not arrival.think_s:
            under_way = [facts.under_way for facts in cell.load.values()]
            mean = sum(under_way) / len(under_way)
            off_by = abs(mean / arrival.clients - 1.0)
            if off_by > LITTLE_TOLERANCE:
                clients = counted(arrival.clients, "client")
                off[name] = (
                    f"{figure(mean)} cycles were under way on average where {clients} should "
                    "always have one each"
                )
                by_share[name] = off_by
    cells = [cell for cell in evidence.measured if cell.cell.name in off]
    if not cells:
        return None
    most = max(cells, key=lambda cell: by_share[cell.cell.name]).cell.name
    return _LITTLE_LAW.found(worst_of(f"{most}: {off[most]}", cells), cells)


JUDGES: tuple[Judge, ...] = (
    rate_not_reached,
    arrivals_not_as_planned,
    backlog_grew,
    little_law,
)
