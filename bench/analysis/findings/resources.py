"""Findings about memory, collections and bytes: what a saver does with what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from statistics import median

from bench.analysis.cell import Cell
from bench.analysis.comparison import noise_factor
from bench.analysis.findings.registry import (
    Symptom,
    cell_finding,
    finding,
    is_most,
    value,
)
from bench.analysis.result import Analysis
from bench.analysis.wording import counted
from bench.records.trial import TrialRecord
from bench.scenario.metric import WRITE_OPERATION
from bench.scenario.quantity import number, quantity

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
_GROWTH = "worker.rss_growth"
_LONGEST_PAUSE = "gc.pause_max"


@cell_finding(
    "warning",
    advice="Look for what the saver keeps of each call; a longer window shows whether it goes on.",
)
def memory_leak(_: Analysis, cell: Cell) -> Symptom | None:
    """The worker's memory grew by more than what was stored in it and what measuring takes: a
    program that runs for days would run out of memory, and collections take longer and longer.
    """
    unexplained = {record.trial.id: _unexplained_bytes(cell, record) for record in cell.measured}
    if not is_most([excess for excess in unexplained.values() if excess > 0.0], cell):
        return None
    worst = max(cell.measured, key=lambda record: unexplained[record.trial.id])
    grown = worst.reading_value(_GROWTH)
    checkpoints = cell.load[worst.trial.id].checkpoints
    message = (
        f"the worker grew by {quantity(grown, 'bytes')} in the window, "
        f"{quantity(grown / max(1, checkpoints), 'bytes')} for each of "
        f"{counted(checkpoints, 'checkpoint')}"
    )
    return Symptom(message, size=unexplained[worst.trial.id])


def _unexplained_bytes(cell: Cell, record: TrialRecord) -> float:
    """Return by how many bytes the worker grew beyond what can be explained; 0 if unknown.

    Beside a server, the store is in another process. Else it may be in this one: then what it holds
    and Python's objects around that are excused, as far as the store can tell its size.
    """
    grown = record.reading(_GROWTH)
    if grown is None:
        return 0.0
    facts = cell.load[record.trial.id]
    growth = grown.value - SAMPLE_BYTES * facts.samples
    per_checkpoint = float(EXCUSED_BYTES_PER_CHECKPOINT * facts.checkpoints)
    if cell.server:
        return growth - max(EXCUSED_BYTES, per_checkpoint)
    stored = record.reading(_STORED_EACH)
    if stored is None:
        return 0.0
    excused = EXCUSED_BYTES + MEMORY_PER_STORED * stored.value * facts.checkpoints
    return growth - excused - per_checkpoint


@finding(
    "warning",
    advice="Check that reading back compared the content, and what the store holds.",
)
def cost_ignores_payload(analysis: Analysis) -> Symptom | None:
    """Writing a far larger state takes no longer and stores no more: the saver may not store what
    it is given, or only refer to it.
    """
    # The price of a flush hides that of some kilobytes: where the store has grown with the payload,
    # the saver is not suspected.
    noise = max(LEAST_NOISE, noise_factor(analysis.cells, _NOISE))
    pairs = [
        (small, large)
        for small, large in _payload_pairs(analysis)
        if value(large, _SERVICE) <= noise * value(small, _SERVICE)
        and not _stores_more(small, large)
    ]
    if not pairs:
        return None
    small, large = pairs[0]
    times = [quantity(value(cell, _SERVICE), "ns") for cell in (small, large)]
    cells = list({large.name: large for _, large in pairs}.values())
    message = (
        f"{large.name}: put service p50 {times[1]}, with payload {small.payload} "
        f"{times[0]}, though the state is "
        f"{number(_state_bytes(analysis, large) / _state_bytes(analysis, small))} times larger"
    )
    return Symptom(message + (f" (worst of {len(cells)} cells)" if len(cells) > 1 else ""), cells)


def _payload_pairs(analysis: Analysis) -> Iterator[tuple[Cell, Cell]]:
    """Yield cells that differ in nothing but the payload, the smaller one first."""
    alike: dict[tuple[str, ...], list[Cell]] = {}
    for cell in analysis.measured:
        if cell.failing_because or cell.plugin.startswith(NOT_COPYING):
            continue
        if _state_bytes(analysis, cell) and value(cell, _SERVICE):
            kind = analysis.scenario.payloads[cell.payload].use
            condition = (cell.subject, cell.workload, cell.arrival, cell.loop, kind)
            alike.setdefault(condition, []).append(cell)
    for cells in alike.values():
        for small, large in permutations(cells, 2):
            apart = _state_bytes(analysis, large) / _state_bytes(analysis, small)
            if apart >= PAYLOADS_APART:
                yield small, large


def _state_bytes(analysis: Analysis, cell: Cell) -> float:
    size = analysis.scenario.payloads[cell.payload].options.get("state_bytes", 0)
    return float(size) if isinstance(size, int | float) else 0.0


def _stores_more(small: Cell, large: Cell) -> bool:
    less, more = (value(cell, _STORED_EACH) for cell in (small, large))
    return less > 0.0 and more >= STORES_APART * less


@cell_finding(
    "note",
    advice="It is part of what Python savers cost; compare medians, or measure longer for the "
    "tails.",
)
def gc_pauses(_: Analysis, cell: Cell) -> Symptom | None:
    """Python's cyclic garbage collector stopped the whole worker: high quantiles hold its pauses,
    and they grow with the objects that the saver and the workload keep.
    """
    shares = {record.trial.id: _paused_share(cell, record) for record in cell.measured}
    paused = [
        record
        for record in cell.measured
        if record.reading_value(_LONGEST_PAUSE) > LONG_PAUSE_NS
        or shares[record.trial.id] > PAUSED_SHARE
    ]
    if not is_most(paused, cell):
        return None
    longest_ns = value(cell, _LONGEST_PAUSE)
    message = (
        f"collections took {number(100.0 * median(shares.values()))} % of the time, the longest "
        f"{quantity(longest_ns, 'ns')}"
    )
    return Symptom(message, size=longest_ns)


def _paused_share(cell: Cell, record: TrialRecord) -> float:
    """Return for what share of the time collections stopped the worker.

    The probe listens until the loop comes to it: a window that ends in collections lasts longer
    than planned, by as much as they do.
    """
    total_s = record.reading_value("gc.pause_total") / 1e9
    return total_s / max(total_s, cell.load[record.trial.id].window_s)
