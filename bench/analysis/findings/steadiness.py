"""Findings about what changed while it was measured: nothing of it is trimmed away."""

from __future__ import annotations

from statistics import median

from bench.analysis.findings._evidence import Evidence, Judge, Kind, most_trials, worst_of
from bench.analysis.result import Drift, Finding
from bench.analysis.wording import figure
from bench.scenario.metric import OPERATION_RATE, THROUGHPUT

_RATES = (THROUGHPUT.name, OPERATION_RATE.name)

_TRENDING = Kind(
    "trending",
    "warning",
    "Times fell, or a rate rose, from the first half of the window to the second in the cell's "
    "trials: they were still warming up, and the figure depends on how long they were. Comparisons "
    "in it are unresolved.",
    "Raise warmup_s or warmup_cycles, and duration_s with them.",
)
_SLOWING_DOWN = Kind(
    "slowing_down",
    "warning",
    "Times rose, or a rate fell, from the first half of the window to the second in the cell's "
    "trials, as where a store gets slower the more it holds, or a backlog grows: a longer window "
    "would have given another figure. Comparisons in it are unresolved.",
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
    """Find cells whose trials together got faster during their windows."""
    return _drifting(evidence, _TRENDING, faster=True)


def slowing_down(evidence: Evidence) -> Finding | None:
    """Find cells whose trials together got slower during their windows."""
    return _drifting(evidence, _SLOWING_DOWN, faster=False)


def _drifting(evidence: Evidence, kind: Kind, *, faster: bool) -> Finding | None:
    found = [
        (cell, series, drift)
        for cell in evidence.measured
        for series, drift in cell.cell.drifts.items()
        if drift.is_systematic and _gets_faster(series, drift) == faster
    ]
    if not found:
        return None
    most, series, drift = max(found, key=lambda each: abs(each[2].change))
    message = f"{most.cell.name}: {series} {drift.text}"
    cells = list({cell.cell.name: cell for cell, _, _ in found}.values())
    return kind.found(worst_of(message, cells), cells)


def _gets_faster(series: str, drift: Drift) -> bool:
    return (drift.change > 0.0) == (series in _RATES)


def oscillating(evidence: Evidence) -> Finding | None:
    """Find cells most of whose trials swung."""
    swings = {
        cell.cell.name: {trial: facts.swing for trial, facts in cell.load.items() if facts.swing}
        for cell in evidence.measured
    }
    cells = [cell for cell in evidence.measured if most_trials([*swings[cell.cell.name]], cell)]
    if not cells:
        return None
    sizes = {cell.cell.name: median(swings[cell.cell.name].values()) for cell in cells}
    most = max(cells, key=lambda cell: sizes[cell.cell.name])
    name = most.cell.name
    message = (
        f"{name}: {len(swings[name])} of {len(most.measured)} trials swung regularly, up and down "
        f"by {figure(100.0 * sizes[name])} %"
    )
    trials = [trial for cell in cells for trial in swings[cell.cell.name]]
    return _OSCILLATING.found(worst_of(message, cells), cells, trials)


JUDGES: tuple[Judge, ...] = (trending, slowing_down, oscillating)
