"""Findings about how far a figure reaches: what it leaves out, and what was not looked at."""

from __future__ import annotations

from bench.analysis.findings._evidence import Evidence, Judge, Kind, reading, worst_of
from bench.analysis.result import Finding
from bench.analysis.wording import figure, listed, quantity
from bench.scenario.arrival import Open
from bench.scenario.durability import Durability
from bench.scenario.metric import CLOSING, WARM_UP, counts_from_its_call

# Closing connections takes a few ms; longer, something was still to be written.
LONG_CLOSING_NS = 1e8
# Of the acknowledged checkpoints, this share compared in full is called thorough.
COMPARED_SHARE = 0.5

_OPERATION_IN_OPEN_LOAD = Kind(
    "operation_in_open_load",
    "warning",
    "In an open load only a cycle counts from when it was due. Of the operations inside, all but "
    "the first are due when they are called: while the load stands still they are not called, and "
    "their times do not show it (coordinated omission).",
    "Judge open loads by cycle.response, and name it in primary_metrics.",
)
_LONG_CLOSING = Kind(
    "long_closing",
    "note",
    "Closing the saver took so long that it may have written then what it had acknowledged before. "
    "A saver that does that loses those writes when its process is killed, whatever its durability "
    "class says; reading back comes after the closing and cannot tell.",
    "Ask the saver's authors whether it writes behind; a checkpoint of SQLite's log is harmless.",
)
_NOT_WARM = Kind(
    "not_warm",
    "warning",
    "The window opened before each connection had done every operation six times and, in a closed "
    "load, each client had been through all its threads: first plans, prepared statements and "
    "short threads are in the figures.",
    "Raise warmup_s; a closed load waits for it 10 s longer at most, an open one not at all.",
)
_PARTLY_COMPARED = Kind(
    "partly_compared",
    "note",
    "Everything was counted, and the latest checkpoint of the threads compared; of the others only "
    "a part was compared in content, parent and writes. A rare corruption may have been missed.",
    "Raise verify_s if that matters.",
)


def operation_in_open_load(evidence: Evidence) -> Finding | None:
    """Find primary metrics that count operations of an open load from their calls."""
    names = [name for name in evidence.scenario.primary_metrics if counts_from_its_call(name)]
    cells = [
        cell
        for cell in evidence.measured
        if isinstance(evidence.scenario.arrival(cell.cell.arrival), Open)
        and any(name in cell.cell.estimates for name in names)
    ]
    if not cells:
        return None
    message = f"{listed(names)} of an open load count from the call, not from when it was due"
    return _OPERATION_IN_OPEN_LOAD.found(worst_of(message, cells), cells)


def long_closing(evidence: Evidence) -> Finding | None:
    """Find savers that took long to close although what they acknowledged should be safe."""
    longest: dict[str, float] = {}
    for cell in evidence.measured:
        if cell.cell.durability in (Durability.FSYNC, Durability.RELAXED):
            found = [reading(record, CLOSING) for record in cell.measured]
            longest[cell.cell.name] = max((r.value for r in found if r is not None), default=0.0)
    cells = [c for c in evidence.measured if longest.get(c.cell.name, 0.0) > LONG_CLOSING_NS]
    if not cells:
        return None
    most = max(cells, key=lambda cell: longest[cell.cell.name])
    message = f"{most.cell.name}: closing took up to {quantity(longest[most.cell.name], 'ns')}"
    return _LONG_CLOSING.found(worst_of(message, cells), cells)


def not_warm(evidence: Evidence) -> Finding | None:
    """Find cells of which a trial's window opened before the load was warm."""
    cold = {
        cell.cell.name: found
        for cell in evidence.measured
        for record in cell.measured
        if (found := reading(record, WARM_UP)) is not None and found.value < 1.0
    }
    cells = [cell for cell in evidence.measured if cell.cell.name in cold]
    if not cells:
        return None
    name = min(cold, key=lambda cell: cold[cell].value)
    message = f"{name}: the window opened after {cold[name].detail}"
    return _NOT_WARM.found(worst_of(message, cells), cells)


def partly_compared(evidence: Evidence) -> Finding | None:
    """Find cells of whose checkpoints most were not compared in full."""
    shares: dict[str, float] = {}
    for cell in evidence.measured:
        found = (record.verification for record in cell.measured)
        # A saver without history has no whole threads to compare.
        verified = [v for v in found if v is not None and v.whole_threads]
        written = sum(verification.checkpoints for verification in verified)
        compared = sum(verification.steps for verification in verified)
        if written and compared < COMPARED_SHARE * written:
            shares[cell.cell.name] = compared / written
    cells = [cell for cell in evidence.measured if cell.cell.name in shares]
    if not cells:
        return None
    least = min(cells, key=lambda cell: shares[cell.cell.name])
    share = figure(100.0 * shares[least.cell.name])
    message = f"{least.cell.name}: {share} % of the checkpoints were compared in full"
    return _PARTLY_COMPARED.found(worst_of(message, cells), cells)


JUDGES: tuple[Judge, ...] = (operation_in_open_load, long_closing, not_warm, partly_compared)
