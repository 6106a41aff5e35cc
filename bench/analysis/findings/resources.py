"""Findings about memory, collections and bytes: what a saver does with what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from statistics import median

from bench.analysis.comparison import noise_factor
from bench.analysis.findings._evidence import (
    Evidence,
    Judge,
    Kind,
    most_trials,
    reading,
    worst_of,
)
from bench.analysis.result import Finding
from bench.analysis.summary import CellEvidence
from bench.analysis.wording import counted, figure, quantity
from bench.records.trial import TrialRecord
from bench.scenario.metric import WRITE_OPERATION

# Growth that any program may show in a window: caches that fill, arenas of the allocator.
EXCUSED_BYTES = 16 * 1024 * 1024
EXCUSED_BYTES_PER_CHECKPOINT = 1024
# What one sample takes in the worker.
SAMPLE_BYTES = 64
# Python objects around stored bytes: keys, dictionaries, versions.
MEMORY_PER_STORED = 4.0
# Payloads this far apart must show, unless the noise is as large. Equal arms of a small machine
# differ by a tenth where no A/A arm says by how much.
PAYLOADS_APART = 8.0
LEAST_NOISE = 1.1
# Where the store grows by this much more, it was given the larger payload and kept it.
STORES_APART = 2.0
# They keep references or nothing, by design, and say so (``Subject.copies``).
NOT_COPYING = ("null", "bench.selftest.simulated:")
PAUSED_SHARE = 0.01
LONG_PAUSE_NS = 10e6

_SERVICE = f"{WRITE_OPERATION}.service.p50"
_NOISE = f"{WRITE_OPERATION}.response.p50"
_STORED_EACH = "stored.bytes_per_checkpoint"

_MEMORY_LEAK = Kind(
    "memory_leak",
    "warning",
    "The worker's memory grew by more than what was stored in it and what measuring takes: a "
    "program that runs for days would run out of memory, and collections take longer and longer.",
    "Look for what the saver keeps of each call; a longer window shows whether it goes on.",
)
_COST_IGNORES_PAYLOAD = Kind(
    "cost_ignores_payload",
    "warning",
    "Writing a far larger state takes no longer and stores no more: the saver may not store what "
    "it is given, or only refer to it.",
    "Check that reading back compared the content, and what the store holds.",
)
_GC_PAUSES = Kind(
    "gc_pauses",
    "note",
    "Python's cyclic garbage collector stopped the whole worker: high quantiles hold its pauses, "
    "and they grow with the objects that the saver and the workload keep.",
    "It is part of what Python savers cost; compare medians, or measure longer for the tails.",
)


def memory_leak(evidence: Evidence) -> Finding | None:
    """Find cells in most of whose trials the worker grew by more than can be explained."""
    excess = {
        cell.cell.name: [_unexplained(cell, record) for record in cell.measured]
        for cell in evidence.measured
    }
    cells = [
        cell
        for cell in evidence.measured
        if most_trials([each for each in excess[cell.cell.name] if each > 0.0], cell)
    ]
    if not cells:
        return None
    most = max(cells, key=lambda cell: max(excess[cell.cell.name]))
    record = max(most.measured, key=lambda record: _unexplained(most, record))
    grown = reading(record, "worker.rss_growth")
    checkpoints = most.load[record.trial.id].checkpoints
    each = quantity((grown.value if grown else 0.0) / max(1, checkpoints), "bytes")
    message = (
        f"{most.cell.name}: the worker grew by {quantity(grown.value if grown else 0.0, 'bytes')} "
        f"in the window, {each} for each of {counted(checkpoints, 'checkpoint')}"
    )
    return _MEMORY_LEAK.found(worst_of(message, cells), cells)


def _unexplained(cell: CellEvidence, record: TrialRecord) -> float:
    """Return by how many bytes the worker grew beyond what can be explained; 0 if unknown.

    Beside a server, the store is in another process. Else it may be in this one: then what it holds
    and Python's objects around that are excused, as far as the store can tell its size.
    """
    grown = reading(record, "worker.rss_growth")
    if grown is None:
        return 0.0
    facts = cell.load[record.trial.id]
    growth = grown.value - SAMPLE_BYTES * facts.samples
    per_checkpoint = float(EXCUSED_BYTES_PER_CHECKPOINT * facts.checkpoints)
    if cell.cell.server:
        return growth - max(EXCUSED_BYTES, per_checkpoint)
    stored = reading(record, _STORED_EACH)
    if stored is None:
        return 0.0
    excused = EXCUSED_BYTES + MEMORY_PER_STORED * stored.value * facts.checkpoints
    return growth - excused - per_checkpoint


def cost_ignores_payload(evidence: Evidence) -> Finding | None:
    """Find subjects that write a far larger payload as fast, and store no more of it.

    The price of a flush hides that of some kilobytes: where the store has grown with the payload,
    the saver is not suspected.
    """
    noise = max(LEAST_NOISE, noise_factor([cell.cell for cell in evidence.cells], _NOISE))
    pairs = [
        (small, large)
        for small, large in _payload_pairs(evidence)
        if evidence.value(large, _SERVICE) <= noise * evidence.value(small, _SERVICE)
        and not _stores_more(evidence, small, large)
    ]
    if not pairs:
        return None
    small, large = pairs[0]
    times = [quantity(evidence.value(cell, _SERVICE), "ns") for cell in (small, large)]
    message = (
        f"{large.cell.name}: put service p50 {times[1]}, with payload {small.cell.payload} "
        f"{times[0]}, though the state is "
        f"{figure(_state_bytes(evidence, large) / _state_bytes(evidence, small))} times larger"
    )
    cells = list({large.cell.name: large for _, large in pairs}.values())
    return _COST_IGNORES_PAYLOAD.found(worst_of(message, cells), cells)


def _payload_pairs(evidence: Evidence) -> Iterator[tuple[CellEvidence, CellEvidence]]:
    """Yield cells that differ in nothing but the payload, the smaller one first."""
    by_place: dict[tuple[str, ...], list[CellEvidence]] = {}
    for cell in evidence.measured:
        copies = not cell.cell.plugin.startswith(NOT_COPYING)
        if cell.cell.failing_because:
            continue
        if copies and _state_bytes(evidence, cell) and evidence.value(cell, _SERVICE):
            found = cell.cell
            place = (found.subject, found.workload, found.arrival, found.loop)
            kind = evidence.scenario.payloads[found.payload].use
            by_place.setdefault((*place, kind), []).append(cell)
    for cells in by_place.values():
        for small, large in permutations(cells, 2):
            apart = _state_bytes(evidence, large) / _state_bytes(evidence, small)
            if apart >= PAYLOADS_APART:
                yield small, large


def _state_bytes(evidence: Evidence, cell: CellEvidence) -> float:
    """Return the size that the scenario gives the payload; 0 where it gives none."""
    size = evidence.scenario.payloads[cell.cell.payload].options.get("state_bytes", 0)
    return float(size) if isinstance(size, int | float) else 0.0


def _stores_more(evidence: Evidence, small: CellEvidence, large: CellEvidence) -> bool:
    less, more = (evidence.value(cell, _STORED_EACH) for cell in (small, large))
    return less > 0.0 and more >= STORES_APART * less


def gc_pauses(evidence: Evidence) -> Finding | None:
    """Find cells in most of whose trials collections took much of the window, or one took long."""
    cells = [
        cell
        for cell in evidence.measured
        if most_trials([record for record in cell.measured if _paused(cell, record)], cell)
    ]
    if not cells:
        return None
    most = max(cells, key=lambda cell: evidence.value(cell, "gc.pause_max"))
    total = median(_share(most, record) for record in most.measured)
    message = (
        f"{most.cell.name}: collections took {figure(100.0 * total)} % of the time, the longest "
        f"{quantity(evidence.value(most, 'gc.pause_max'), 'ns')}"
    )
    return _GC_PAUSES.found(worst_of(message, cells), cells)


def _paused(cell: CellEvidence, record: TrialRecord) -> bool:
    longest = reading(record, "gc.pause_max")
    is_long = longest is not None and longest.value > LONG_PAUSE_NS
    return is_long or _share(cell, record) > PAUSED_SHARE


def _share(cell: CellEvidence, record: TrialRecord) -> float:
    """Return for what share of the time collections stopped the worker.

    The probe listens until the loop comes to it: a window that ends in collections lasts longer
    than planned, by as much as they do.
    """
    total = reading(record, "gc.pause_total")
    total_s = total.value / 1e9 if total else 0.0
    return total_s / max(total_s, cell.load[record.trial.id].window_s)


JUDGES: tuple[Judge, ...] = (memory_leak, cost_ignores_payload, gc_pauses)
