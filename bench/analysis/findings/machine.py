"""Findings about the machine: what else it did while it was measured."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from bench.analysis.findings._evidence import Evidence, Judge, Kind, reading
from bench.analysis.result import Finding
from bench.analysis.summary import CellEvidence
from bench.analysis.wording import counted, figure, listed
from bench.records.trial import TrialRecord

# A hypervisor that takes a fiftieth does so in pieces that are longer than most operations.
STOLEN_SHARE = 0.02
# An idle desktop uses a tenth of a core; a quarter is a noticeable part of one of a few cores.
OTHERS_CORES = 0.25
# Control groups are throttled for the rest of a period of 100 ms: one is a stall.
THROTTLED_PERIODS = 1.0
# Turbo and power saving change the clock by tens of percents, its measuring by one or two.
CHANGED_CLOCK = 1.1

_NOISY_NEIGHBOURS = Kind(
    "noisy_neighbours",
    "warning",
    "Something else took processor time while it was measured, or the system held it back: times "
    "are longer than they need be, and not equally in all trials.",
    "Close what else runs, use a machine or container of your own without a processor quota, and "
    "measure again.",
)
_CLOCK_FREQUENCY_CHANGED = Kind(
    "clock_frequency_changed",
    "warning",
    "The processors' clock did not stay the same: the same work takes longer at a lower clock, "
    "whichever saver does it.",
    "Fix the clock (governor performance, no turbo), plug in the laptop, and measure again.",
)


def noisy_neighbours(evidence: Evidence) -> Finding | None:
    """Find cells in whose trials (their median) the machine was not theirs."""
    by_cell = {cell.cell.name: dict(_disturbances(cell)) for cell in evidence.measured}
    cells = [cell for cell in evidence.measured if by_cell[cell.cell.name]]
    if not cells:
        return None
    kinds = dict.fromkeys(kind for found in by_cell.values() for kind in found)
    said = [
        _worst(kind, {name: found.get(kind) for name, found in by_cell.items()}) for kind in kinds
    ]
    message = f"{listed(said)}; in {counted(len(cells), 'cell')}"
    waiting = [_median(cell, "host.cpu_pressure") or 0.0 for cell in cells]
    if max(waiting) > 0.0:
        share = figure(100.0 * max(waiting))
        message += f". Some task waited for a core for up to {share} % of the time (ours count too)"
    return _NOISY_NEIGHBOURS.found(message, cells)


def _disturbances(cell: CellEvidence) -> Iterator[tuple[str, float]]:
    stolen = _median(cell, "host.steal_share") or 0.0
    others = _median(cell, "host.other_cpu") or 0.0
    held_back = _median(cell, "host.throttled") or 0.0
    if stolen > STOLEN_SHARE:
        yield "stolen", stolen
    # A server of the user's on this machine is a process that is not ours.
    if others > OTHERS_CORES and cell.cell.server != "external":
        yield "others", others
    if held_back >= THROTTLED_PERIODS:
        yield "throttled", held_back


def _worst(kind: str, by_name: dict[str, float | None]) -> str:
    name, value = max(by_name.items(), key=lambda item: item[1] or 0.0)
    shown = figure(100.0 * (value or 0.0))
    texts = {
        "stolen": f"the hypervisor took {shown} % of the processors' time ({name})",
        "others": f"other processes used {figure(value or 0.0)} of a core ({name})",
        "throttled": f"the processor quota was used up in {figure(value or 0.0)} periods ({name})",
    }
    return texts[kind]


def _median(cell: CellEvidence, name: str) -> float | None:
    found = [each.value for record in cell.measured if (each := reading(record, name))]
    return median(found) if found else None


def clock_frequency_changed(evidence: Evidence) -> Finding | None:
    """Find a clock that changed inside a trial, or from one trial of a block to another."""
    records = [record for cell in evidence.measured for record in cell.measured]
    clocks = {record.trial.id: clock for record in records if (clock := _clock_hz(record))}
    blocks: dict[str, list[str]] = {}
    for record in records:
        if record.trial.id in clocks:
            blocks.setdefault(record.trial.block, []).append(record.trial.id)
    changed: set[str] = set()
    for trials in blocks.values():
        told = [hertz for trial in trials for hertz in clocks[trial]]
        if max(told) > CHANGED_CLOCK * min(told):
            changed.update(trials)
    if not changed:
        return None
    told = [hertz for trial in changed for hertz in clocks[trial]]
    low, high = figure(min(told) / 1e6), figure(max(told) / 1e6)
    message = (
        f"between {low} and {high} MHz "
        f"in {counted(len(changed), 'trial')}, inside a trial or between those of a block"
    )
    cells = [
        cell
        for cell in evidence.measured
        if changed & {record.trial.id for record in cell.measured}
    ]
    return _CLOCK_FREQUENCY_CHANGED.found(message, cells, sorted(changed))


def _clock_hz(record: TrialRecord) -> list[float]:
    found = (reading(record, f"host.clock_{when}") for when in ("start", "end"))
    return [each.value for each in found if each is not None]


JUDGES: tuple[Judge, ...] = (noisy_neighbours, clock_frequency_changed)
