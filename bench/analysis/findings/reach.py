"""Findings about how far a figure reaches: what it leaves out, and what was not looked at."""

from __future__ import annotations

from bench.analysis.cell import Cell
from bench.analysis.findings.registry import (
    Symptom,
    cell_finding,
    finding,
)
from bench.analysis.result import Analysis
from bench.analysis.wording import counted, listed
from bench.scenario.arrival import Open
from bench.scenario.durability import Durability
from bench.scenario.metric import CLOSING, WARM_UP, counts_from_its_call
from bench.scenario.quantity import number, quantity

# Closing connections takes a few ms; longer, something was still to be written.
LONG_CLOSING_NS = 1e8
# Of the acknowledged checkpoints, this share compared in full is called thorough.
COMPARED_SHARE = 0.5


@finding("warning", advice="Judge open loads by cycle.response, and name it in primary_metrics.")
def operation_in_open_load(analysis: Analysis) -> Symptom | None:
    """In an open load only a cycle counts from when it was due. Of the operations inside, all but
    the first are due when they are called: while the load stands still they are not called, and
    their times do not show it (coordinated omission).
    """
    names = [name for name in analysis.scenario.primary_metrics if counts_from_its_call(name)]
    cells = [
        cell
        for cell in analysis.measured
        if isinstance(analysis.scenario.arrival(cell.arrival), Open)
        and any(name in cell.estimates for name in names)
    ]
    if not cells:
        return None
    message = (
        f"{listed(names)} of an open load count from the call, not from when it was due, in "
        f"{counted(len(cells), 'cell')}"
    )
    return Symptom(message, cells)


@cell_finding(
    "note",
    advice="Ask the saver's authors whether it writes behind; a checkpoint of SQLite's log is "
    "harmless.",
)
def long_closing(_: Analysis, cell: Cell) -> Symptom | None:
    """Closing the saver took so long that it may have written then what it had acknowledged before.
    A saver that does that loses those writes when its process is killed, whatever its durability
    class says; reading back comes after the closing and does not show it.
    """
    longest_ns = max(record.reading_value(CLOSING) for record in cell.measured)
    is_durable = cell.durability in (Durability.FSYNC, Durability.RELAXED)
    if not is_durable or longest_ns <= LONG_CLOSING_NS:
        return None
    return Symptom(f"closing took up to {quantity(longest_ns, 'ns')}", size=longest_ns)


@cell_finding(
    "warning",
    advice="A program that uses the saver would not end, or lose what it still had to write: ask "
    "its authors.",
)
def unclean_closing(_: Analysis, cell: Cell) -> Symptom | None:
    """The saver could not be closed, or left threads or processes running. They were ended with
    their worker; what is measured came before.
    """
    closings = [record.reading(CLOSING) for record in cell.measured]
    details = [closing.detail for closing in closings if closing and closing.detail]
    if not details:
        return None
    trials = counted(len(cell.measured), "trial")
    return Symptom(f"in {len(details)} of {trials}: {details[0]}", size=len(details))


@cell_finding(
    "warning",
    advice="Raise warmup_s; a closed load waits for it 10 s longer at most, an open one not at "
    "all.",
)
def not_warm(_: Analysis, cell: Cell) -> Symptom | None:
    """The window opened before each connection had done every operation six times and, in a closed
    load, each client had been through all its threads and had finished a cycle since all of them
    started: first plans, prepared statements, short threads and the rush of the start are in the
    figures.
    """
    shares = (record.reading(WARM_UP) for record in cell.measured)
    cold = [share for share in shares if share is not None and share.value < 1.0]
    if not cold:
        return None
    coldest = min(cold, key=lambda share: share.value)
    return Symptom(f"the window opened after {coldest.detail}", size=-coldest.value)


@cell_finding("note", advice="Raise verify_s if that matters.")
def partly_compared(_: Analysis, cell: Cell) -> Symptom | None:
    """Everything was counted, and the latest checkpoint of the threads compared; of the others only
    a part was compared in content, parent and writes. A rare corruption may have been missed.
    """
    verifications = (record.verification for record in cell.measured)
    # A saver without history has no whole threads to compare.
    verified = [v for v in verifications if v is not None and v.whole_threads]
    written = sum(verification.checkpoints for verification in verified)
    compared = sum(verification.steps for verification in verified)
    if not written or compared >= COMPARED_SHARE * written:
        return None
    share = compared / written
    message = f"{number(100.0 * share)} % of the checkpoints were compared in full"
    return Symptom(message, size=-share)
