"""Findings about the load generator: whether it, not the saver, made the times."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.analysis.findings._evidence import (
    Evidence,
    Judge,
    Kind,
    most_trials,
    open_facts,
    reading,
    worst_of,
)
from bench.analysis.open_load import OpenFacts
from bench.analysis.result import Finding, Severity
from bench.analysis.summary import CellEvidence
from bench.analysis.wording import counted, figure, quantity
from bench.scenario.arrival import Open

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
_LOOP_LAG = "loop_lag.p99"
_LOOP_SHARE = "loop.cpu_share"
_HELD_BY_SAVER = "loop_held.by_saver"

_GENERATOR_LATE = Kind(
    "generator_late",
    "invalid",
    "The generator released its cycles so late, or so few of them, that the load was not the one "
    "that was asked for: times are the generator's, not the saver's.",
    "Offer less load, close what else runs on the machine, and measure again.",
)
_GENERATOR_SATURATED = Kind(
    "generator_saturated",
    "warning",
    "The worker process was at the end of one core, or its loop was: times include queueing in the "
    "client, and differences between servers shrink.",
    "Offer less load, use a smaller payload, or compare these cells by throughput alone.",
)


def generator_late(evidence: Evidence) -> Finding | None:
    """Find open loads that were not offered. Invalid where most trials of a cell were not.

    A saver that holds the loop holds the generator too, and that is no fault of the generator's:
    where the loop was late although its thread hardly computed, it is a warning.
    """
    late = {
        cell.cell.name: [number for number, facts in cell.load.items() if _is_late(cell, number)]
        for cell in evidence.measured
        if open_facts(evidence, cell)
    }
    cells = [cell for cell in evidence.measured if late.get(cell.cell.name)]
    if not cells:
        return None
    most = max(cells, key=lambda cell: len(late[cell.cell.name]) / len(cell.load))
    worst = max(_of(most, late[most.cell.name]), key=lambda facts: facts.lag_p99_ns)
    message = (
        f"{most.cell.name}: in {len(late[most.cell.name])} of {counted(len(most.load), 'trial')} "
        f"cycles were released up to {quantity(worst.lag_p99_ns, 'ns')} late (p99; a cycle takes "
        f"{quantity(worst.service_p50_ns, 'ns')}), {worst.released} of {worst.planned} in time"
    )
    unusable = any(
        most_trials(late[cell.cell.name], cell) and not _is_held(evidence, cell) for cell in cells
    )
    trials = [number for cell in cells for number in late[cell.cell.name]]
    severity: Severity = "invalid" if unusable else "warning"
    return _GENERATOR_LATE.found(worst_of(message, cells), cells, trials, severity=severity)


def _is_held(evidence: Evidence, cell: CellEvidence) -> bool:
    """Tell whether the loop stood still: it lagged, and its thread was idle for half of the time.

    The generator computes; only a call that waits keeps the loop without using it.
    """
    idle = evidence.value(cell, _LOOP_SHARE) < HELD_LOOP_SHARE
    return idle and evidence.value(cell, _LOOP_LAG) > LEAST_LAG_NS


def _of(cell: CellEvidence, trials: Sequence[str]) -> list[OpenFacts]:
    return [facts for number in trials if (facts := cell.load[number].open_load) is not None]


def _is_late(cell: CellEvidence, trial: str) -> bool:
    facts = cell.load[trial].open_load
    if facts is None or _is_held_by_saver(cell, trial):
        return False
    few = facts.released + 1 < RELEASED_RATE * min(facts.planned, facts.sampled)
    return few or facts.lag_p99_ns > max(LATE_NS, facts.service_p50_ns)


def _is_held_by_saver(cell: CellEvidence, trial: str) -> bool:
    record = next(record for record in cell.measured if record.trial.id == trial)
    by_saver = reading(record, _HELD_BY_SAVER)
    return by_saver is not None and by_saver.value > 0.5


def generator_saturated(evidence: Evidence) -> Finding | None:
    """Find cells where the client is the bottleneck, or adds much to what it measures."""
    busy = [cell for cell in evidence.measured if _is_busy(evidence, cell)]
    lags = {cell.cell.name: _lag_ns(evidence, cell) for cell in evidence.measured}
    lagging = [cell for cell in evidence.measured if lags[cell.cell.name] > 0.0]
    said: list[str] = []
    if busy:
        most = max(busy, key=lambda cell: evidence.value(cell, _CPU_SHARE))
        share, loop = (figure(evidence.value(most, name)) for name in (_CPU_SHARE, _LOOP_SHARE))
        said.append(
            f"the worker used up to {share} of a core, its loop {loop} ({most.cell.name}), in "
            f"{counted(len(busy), 'cell')} where it should be waiting for a server or a schedule"
        )
    if lagging:
        most = max(lagging, key=lambda cell: lags[cell.cell.name])
        said.append(
            f"it released cycles up to {quantity(lags[most.cell.name], 'ns')} late (median of the "
            f"trials' p99, {most.cell.name}), the worst of {counted(len(lagging), 'cell')}"
        )
    if not said:
        return None
    names = {cell.cell.name for cell in (*busy, *lagging)}
    cells = [cell for cell in evidence.measured if cell.cell.name in names]
    return _GENERATOR_SATURATED.found("; ".join(said), cells)


def _is_busy(evidence: Evidence, cell: CellEvidence) -> bool:
    """Tell whether the worker is at its end though its work is to wait for somebody else."""
    is_open = isinstance(evidence.scenario.arrival(cell.cell.arrival), Open)
    is_networked = bool(cell.cell.server)
    return (is_open or is_networked) and (
        evidence.value(cell, _CPU_SHARE) > SATURATED_CPU_SHARE
        or evidence.value(cell, _LOOP_SHARE) > SATURATED_LOOP_SHARE
    )


def _lag_ns(evidence: Evidence, cell: CellEvidence) -> float:
    """Return by how much the generator is late, where that is much; else 0."""
    trials = open_facts(evidence, cell)
    if not trials:
        return 0.0
    lag = median(facts.lag_p99_ns for facts in trials)
    service = median(facts.service_p50_ns for facts in trials)
    return lag if lag > max(LEAST_LAG_NS, LAG_PER_SERVICE * service) else 0.0


JUDGES: tuple[Judge, ...] = (generator_late, generator_saturated)
