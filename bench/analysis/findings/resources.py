"""Findings about memory, collections and bytes: what a saver does with what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from statistics import median

from bench.analysis.comparison import noise_factor
from bench.analysis.findings.registry import (
    Evidence,
    Symptom,
    cell_finding,
    finding,
    is_most,
    reading,
    reading_value,
    value,
)
from bench.analysis.summary import CellEvidence
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
    meaning="The worker's memory grew by more than what was stored in it and what measuring takes: "
    "a program that runs for days would run out of memory, and collections take longer and longer.",
    advice="Look for what the saver keeps of each call; a longer window shows whether it goes on.",
)
def memory_leak(_: Evidence, cell: CellEvidence) -> Symptom | None:
    """Look for cells in most of whose trials the worker grew by more than can be explained."""
    unexplained = {record.trial.id: _unexplained_bytes(cell, record) for record in cell.measured}
    if not is_most([excess for excess in unexplained.values() if excess > 0.0], cell):
        return None
    worst = max(cell.measured, key=lambda record: unexplained[record.trial.id])
    grown = reading_value(worst, _GROWTH)
    checkpoints = cell.load[worst.trial.id].checkpoints
    message = (
        f"the worker grew by {quantity(grown, 'bytes')} in the window, "
        f"{quantity(grown / max(1, checkpoints), 'bytes')} for each of "
        f"{counted(checkpoints, 'checkpoint')}"
    )
    return Symptom(message, size=unexplained[worst.trial.id])


def _unexplained_bytes(cell: CellEvidence, record: TrialRecord) -> float:
    """Return by how many bytes the worker grew beyond what can be explained; 0 if unknown.

    Beside a server, the store is in another process. Else it may be in this one: then what it holds
    and Python's objects around that are excused, as far as the store can tell its size.
    """
    grown = reading(record, _GROWTH)
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


@finding(
    "warning",
    meaning="Writing a far larger state takes no longer and stores no more: the saver may not "
    "store what it is given, or only refer to it.",
    advice="Check that reading back compared the content, and what the store holds.",
)
def cost_ignores_payload(evidence: Evidence) -> Symptom | None:
    """Look for subjects that write a far larger payload as fast, and store no more of it.

    The price of a flush hides that of some kilobytes: where the store has grown with the payload,
    the saver is not suspected.
    """
    noise = max(LEAST_NOISE, noise_factor([cell.cell for cell in evidence.cells], _NOISE))
    pairs = [
        (small, large)
        for small, large in _payload_pairs(evidence)
        if value(large, _SERVICE) <= noise * value(small, _SERVICE)
        and not _stores_more(small, large)
    ]
    if not pairs:
        return None
    small, large = pairs[0]
    times = [quantity(value(cell, _SERVICE), "ns") for cell in (small, large)]
    cells = list({large.cell.name: large for _, large in pairs}.values())
    message = (
        f"{large.cell.name}: put service p50 {times[1]}, with payload {small.cell.payload} "
        f"{times[0]}, though the state is "
        f"{number(_state_bytes(evidence, large) / _state_bytes(evidence, small))} times larger"
    )
    return Symptom(message + (f" (worst of {len(cells)} cells)" if len(cells) > 1 else ""), cells)


def _payload_pairs(evidence: Evidence) -> Iterator[tuple[CellEvidence, CellEvidence]]:
    """Yield cells that differ in nothing but the payload, the smaller one first."""
    alike: dict[tuple[str, ...], list[CellEvidence]] = {}
    for each in evidence.measured:
        cell = each.cell
        if cell.failing_because or cell.plugin.startswith(NOT_COPYING):
            continue
        if _state_bytes(evidence, each) and value(each, _SERVICE):
            kind = evidence.scenario.payloads[cell.payload].use
            condition = (cell.subject, cell.workload, cell.arrival, cell.loop, kind)
            alike.setdefault(condition, []).append(each)
    for cells in alike.values():
        for small, large in permutations(cells, 2):
            apart = _state_bytes(evidence, large) / _state_bytes(evidence, small)
            if apart >= PAYLOADS_APART:
                yield small, large


def _state_bytes(evidence: Evidence, cell: CellEvidence) -> float:
    """Return the size that the scenario gives the payload; 0 where it gives none."""
    size = evidence.scenario.payloads[cell.cell.payload].options.get("state_bytes", 0)
    return float(size) if isinstance(size, int | float) else 0.0


def _stores_more(small: CellEvidence, large: CellEvidence) -> bool:
    less, more = (value(cell, _STORED_EACH) for cell in (small, large))
    return less > 0.0 and more >= STORES_APART * less


@cell_finding(
    "note",
    meaning="Python's cyclic garbage collector stopped the whole worker: high quantiles hold its "
    "pauses, and they grow with the objects that the saver and the workload keep.",
    advice="It is part of what Python savers cost; compare medians, or measure longer for the "
    "tails.",
)
def gc_pauses(_: Evidence, cell: CellEvidence) -> Symptom | None:
    """Look for cells in whose trials collections took much of the window, or one took long."""
    shares = {record.trial.id: _paused_share(cell, record) for record in cell.measured}
    paused = [
        record
        for record in cell.measured
        if reading_value(record, _LONGEST_PAUSE) > LONG_PAUSE_NS
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


def _paused_share(cell: CellEvidence, record: TrialRecord) -> float:
    """Return for what share of the time collections stopped the worker.

    The probe listens until the loop comes to it: a window that ends in collections lasts longer
    than planned, by as much as they do.
    """
    total_s = reading_value(record, "gc.pause_total") / 1e9
    return total_s / max(total_s, cell.load[record.trial.id].window_s)
