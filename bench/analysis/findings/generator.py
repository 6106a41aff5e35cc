"""Findings about the load generator: whether it, not the saver, made the times."""

from __future__ import annotations

from statistics import median

from bench.analysis.cell import Cell, OpenFacts
from bench.analysis.findings.registry import (
    Symptom,
    cell_finding,
    finding,
    is_most,
    value,
)
from bench.analysis.result import Analysis, Severity
from bench.analysis.wording import counted
from bench.scenario.arrival import Open
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
_LOOP_LAG = "loop_lag.p99"
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
