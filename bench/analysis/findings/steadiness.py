"""Findings about what changed while it was measured: nothing of it is trimmed away."""

from __future__ import annotations

import math
from statistics import fmean, median

from bench.analysis.cell import Cell
from bench.analysis.findings.registry import Symptom, cell_finding, is_most
from bench.analysis.result import Analysis
from bench.analysis.wording import drift_in_words
from bench.scenario.metric import METRICS
from bench.scenario.quantity import number
from bench.stats.steadiness import LEAST_DRIFT, Drift


@cell_finding("warning", advice="Raise warmup_s or warmup_cycles, and duration_s with them.")
def trending(_: Analysis, cell: Cell) -> Symptom | None:
    """Times fell, or a rate rose, from the first half of the window to the second in the cell's
    trials: they were still warming up, and the figure depends on how long they were. Comparisons in
    it are unresolved.
    """
    return _drifting(cell, faster=True)


@cell_finding(
    "warning",
    advice="Look at put.response.growth; compare at the same number of checkpoints stored, or "
    "offer less.",
)
def slowing_down(_: Analysis, cell: Cell) -> Symptom | None:
    """Times rose, or a rate fell, from the first half of the window to the second in the cell's
    trials, as where a store gets slower the more it holds, or a backlog grows: a longer window
    would have given another figure. Comparisons in it are unresolved.
    """
    return _drifting(cell, faster=False)


@cell_finding(
    "note",
    advice="Measure with more repetitions or a longer duration_s, on a quieter machine.",
)
def drift_not_known(_: Analysis, cell: Cell) -> Symptom | None:
    """A time or rate changed by 10 % or more from the first half of the window to the second, taken
    over the trials, but these differ so much that it may be chance: whether it drifts is not known.
    Comparisons of it count.
    """
    symptoms = (
        _symptom(series, drift)
        for series, drift in cell.drifts.items()
        if drift.p_value is not None and drift.is_large and not drift.is_systematic
    )
    return max(symptoms, key=lambda symptom: symptom.size, default=None)


@cell_finding(
    "note",
    advice="Compare windows of the same length, and raise warmup_cycles where times fall.",
)
def beginning_differs(_: Analysis, cell: Cell) -> Symptom | None:
    """Of a window of 2 s or more, the first half second has a median that differs by 10 % or more
    from that of the last three fifths, taken over the trials: the saver was not warm yet, or its
    store made it slower. Comparisons count, but another length of the window gives another figure.
    """
    symptoms = (
        Symptom(
            f"{series} {'rose' if change > 0.0 else 'fell'} by {number(100.0 * abs(change))} % "
            "after the first half second",
            size=abs(change),
        )
        for series, change in changed_beginnings(cell).items()
    )
    return max(symptoms, key=lambda symptom: symptom.size, default=None)


def changed_beginnings(cell: Cell) -> dict[str, float]:
    """Return by how much each series changed after its beginning, over the trials, from 10 % on."""
    changes = {series: math.expm1(fmean(trials)) for series, trials in cell.beginnings.items()}
    least = math.log1p(LEAST_DRIFT)
    return {name: value for name, value in changes.items() if abs(math.log1p(value)) >= least}


def _drifting(cell: Cell, *, faster: bool) -> Symptom | None:
    """Tell of the series that drifted most in one direction."""
    symptoms = (
        _symptom(series, drift)
        for series, drift in cell.drifts.items()
        if drift.is_systematic and ((drift.change > 0.0) == (series in METRICS)) == faster
    )
    return max(symptoms, key=lambda symptom: symptom.size, default=None)


def _symptom(series: str, drift: Drift) -> Symptom:
    return Symptom(f"{series} {drift_in_words(drift)}", size=abs(drift.change))


@cell_finding(
    "warning",
    advice="Make duration_s many swings long, and look for what comes at that interval.",
)
def oscillating(_: Analysis, cell: Cell) -> Symptom | None:
    """Response times swung regularly during the window, as with checkpoints of a server, flushes or
    garbage collections: where the window begins and ends in a swing changes its figures.
    """
    swings = {trial: facts.swing for trial, facts in cell.load.items() if facts.swing}
    if not is_most([*swings], cell):
        return None
    size = median(swings.values())
    message = (
        f"{len(swings)} of {len(cell.measured)} trials swung regularly, up and down by "
        f"{number(100.0 * size)} %"
    )
    return Symptom(message, (), [*swings], size=size)
