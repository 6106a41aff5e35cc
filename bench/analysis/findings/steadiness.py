"""Findings about what changed while it was measured: nothing of it is trimmed away."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.analysis.findings._evidence import Evidence, Judge, Kind, most_trials, worst_of
from bench.analysis.result import Finding
from bench.analysis.steadiness import Course, Steadiness
from bench.analysis.summary import CellEvidence
from bench.analysis.wording import figure

_TRENDING = Kind(
    "trending",
    "warning",
    "Response times fell during the window: it was still warming up, and the cell's figures depend "
    "on how long it was. Its comparisons are unresolved.",
    "Raise warmup_s or warmup_cycles, and duration_s with them.",
)
_SLOWING_DOWN = Kind(
    "slowing_down",
    "warning",
    "Response times rose during the window, as where a store gets slower the more it holds, or a "
    "backlog grows: a longer window would have given other figures. The cell's comparisons are "
    "unresolved.",
    "Look at put.response.growth; compare at the same number of checkpoints stored, or offer less.",
)
_OSCILLATING = Kind(
    "oscillating",
    "warning",
    "Response times swung regularly during the window, as with checkpoints of a server, flushes or "
    "garbage collections: where the window begins and ends in a swing changes its figures.",
    "Make duration_s many swings long, and look for what comes at that interval.",
)


def trending(evidence: Evidence) -> Finding | None:
    """Find cells most of whose trials got faster during their window."""
    return _found(evidence, _TRENDING, "trending", "got faster, the median cycle by")


def slowing_down(evidence: Evidence) -> Finding | None:
    """Find cells most of whose trials got slower during their window."""
    return _found(evidence, _SLOWING_DOWN, "slowing down", "got slower, the median cycle by")


def oscillating(evidence: Evidence) -> Finding | None:
    """Find cells most of whose trials swung."""
    return _found(evidence, _OSCILLATING, "oscillating", "swung regularly, up and down by")


def _found(evidence: Evidence, kind: Kind, course: Course, what: str) -> Finding | None:
    by_cell = {cell.cell.name: _trials(cell, course) for cell in evidence.measured}
    cells = [cell for cell in evidence.measured if _counts(cell, by_cell[cell.cell.name], kind)]
    if not cells:
        return None
    changes = {
        cell.cell.name: median(each.change for each in by_cell[cell.cell.name]) for cell in cells
    }
    most = max(cells, key=lambda cell: abs(changes[cell.cell.name]))
    name = most.cell.name
    message = (
        f"{name}: {len(by_cell[name])} of {len(most.measured)} trials {what} "
        f"{figure(100.0 * abs(changes[name]))} %"
    )
    numbers = [n for cell in cells for n, f in cell.load.items() if f.steadiness.course == course]
    return kind.found(worst_of(message, cells), cells, numbers)


def _trials(cell: CellEvidence, course: Course) -> list[Steadiness]:
    found = (facts.steadiness for facts in cell.load.values())
    return [each for each in found if each.course == course]


def _counts(cell: CellEvidence, trials: Sequence[Steadiness], kind: Kind) -> bool:
    """Tell whether the cell is named: most trials, or some of an inconclusive cell's."""
    if kind is _OSCILLATING:
        return most_trials(trials, cell)
    return bool(trials) and bool(cell.cell.unsteady_because)


JUDGES: tuple[Judge, ...] = (trending, slowing_down, oscillating)
