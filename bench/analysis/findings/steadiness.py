"""Findings about what changed while it was measured: nothing of it is trimmed away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from bench.analysis.cell import Cell
from bench.analysis.findings.registry import Symptom, cell_finding, is_most
from bench.analysis.result import Analysis
from bench.analysis.wording import drift_in_words
from bench.scenario.metric import METRICS
from bench.scenario.quantity import number
from bench.stats.steadiness import Drift

_AFTER_BEGINNING = "after the first half second"


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
    """A time or rate changed by 10 % or more from the first half of the window to the second, or
    after the first half second of one of 2 s or more, taken over the trials, but these differ so
    much that it may be chance: whether it drifts is not known. Comparisons of it count.
    """
    halves, beginnings = _unclear(cell.drifts), _unclear(cell.since_beginning)
    return _largest(*_told(halves), *_told(beginnings, _AFTER_BEGINNING))


@cell_finding(
    "note",
    advice="Compare windows of the same length, and raise warmup_cycles where times fall.",
)
def beginning_differs(_: Analysis, cell: Cell) -> Symptom | None:
    """Of a window of 2 s or more, the first half second has another median, or rate, than the last
    three fifths, by 10 % or more in the cell's trials: the saver was not warm yet, or its store
    made it slower. Comparisons count, but another length of the window gives another figure.
    """
    changed = {name: drift for name, drift in cell.since_beginning.items() if drift.is_systematic}
    return _largest(*_told(changed, _AFTER_BEGINNING))


def _drifting(cell: Cell, *, faster: bool) -> Symptom | None:
    """Tell of the series that drifted most in one direction."""
    drifting = {
        series: drift
        for series, drift in cell.drifts.items()
        if drift.is_systematic and ((drift.change > 0.0) == (series in METRICS)) == faster
    }
    return _largest(*_told(drifting))


def _unclear(drifts: Mapping[str, Drift]) -> dict[str, Drift]:
    return {
        series: drift
        for series, drift in drifts.items()
        if drift.p_value is not None and drift.is_large and not drift.is_systematic
    }


def _told(drifts: Mapping[str, Drift], *when: str) -> Iterator[Symptom]:
    for series, drift in drifts.items():
        yield Symptom(f"{series} {drift_in_words(drift, *when)}", size=abs(drift.change))


def _largest(*symptoms: Symptom) -> Symptom | None:
    return max(symptoms, key=lambda symptom: symptom.size, default=None)


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
