"""What a decision looks at: places × options of a run, and the figures of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench.analysis.cell import Cell, Estimate
from bench.analysis.result import Analysis
from bench.decide.drivers import Drivers
from bench.decide.result import Figure, Place
from bench.errors import InputError, nearest, suggestion
from bench.scenario.limits.limit import SUM
from bench.scenario.metric import Metric
from bench.stats.intervals import Interval, arithmetic


@dataclass(frozen=True, slots=True)
class Board:
    """``cells`` are keyed by subject and place; ``metrics`` by name as the file spells it."""

    analysis: Analysis
    asked: Drivers
    options: tuple[str, ...]
    places: tuple[Place, ...]
    cells: Mapping[tuple[str, Place], Cell]
    metrics: Mapping[str, Metric]

    def cells_of(self, subject: str) -> list[Cell]:
        """Return the cells of ``subject`` in the places that count."""
        return [cell for place in self.places if (cell := self.cells.get((subject, place)))]

    def figure(self, cell: Cell, metric: str) -> Figure:
        """Return the value of ``metric`` in ``cell`` with its interval over trials."""
        is_struck = bool(self.analysis.invalid_because(cell))
        figure = Figure(Place(*cell.place), self.metrics[metric], struck=is_struck)
        if failing := cell.fails_for(metric):
            return replace(figure, why_not=f"{cell.name}: {failing}")
        parts, why_not = cell.parts_of(metric), ""
        found: Estimate | Interval | None = None
        if len(parts) == 1 and (estimate := cell.estimates.get(parts[0])):
            found, why_not = estimate, estimate.why_not
        elif len(parts) != 1 and (values := [*cell.by_block(metric).values()]):
            found = arithmetic(values)
        if found is None:
            return replace(figure, why_not=cell.reason or f"there is no {metric} here")
        why_not = "" if found.low is not None else why_not or found.method
        return replace(figure, value=found.value, low=found.low, high=found.high, why_not=why_not)

    def costs(self, cell: Cell, metric: str) -> Mapping[int, float]:
        """Return repetition → logarithm of the cost: of the value, or of its inverse for rates.

        Raises:
            InputError: a value is not above 0, so that it has no logarithm.
        """
        values = cell.by_block(metric)
        if values and min(values.values()) <= 0.0:
            raise InputError(
                f"drivers: {metric} is 0 or less at {cell.name}, so it has no ratio to others; "
                f"add it to another metric, as in 'worker.uss_peak{SUM}server.pss_peak', or make "
                "it a limit"
            )
        sign = -1.0 if self.metrics[metric].better == "higher" else 1.0
        return {block: sign * math.log(value) for block, value in values.items()}


def board_of(asked: Drivers, analysis: Analysis, told: Sequence[str]) -> Board:
    """Lay out what ``asked`` selects of ``run``; where it names no sweeps, those of ``told``.

    Raises:
        InputError: it names a label, subject, loop or metric that the run does not have, a limit
            is in another unit than its metric, or nothing is selected.
    """
    counted = _counted(asked, analysis, told)
    known = {name: e.metric for cell in analysis.cells for name, e in cell.estimates.items()}
    limits = [kept.require for kept in asked.limits]
    metrics = {each.metric: _metric("drivers", each.metric, known) for each in asked.drivers}
    metrics |= {each.metric: _metric("limits", each.metric, known) for each in limits}
    for driver in asked.drivers:
        if metrics[driver.metric].better == "neither":
            raise InputError(f"drivers: neither more nor less of {driver.metric} is better")
    for limit in limits:
        if misfit := limit.misfit(metrics[limit.metric].unit, limit.metric):
            raise InputError(f"limits: {misfit}")
    return Board(
        analysis=analysis,
        asked=asked,
        options=_options(asked, analysis),
        places=tuple(dict.fromkeys(Place(*cell.place) for cell in counted)),
        cells={(cell.subject, Place(*cell.place)): cell for cell in counted},
        metrics=metrics,
    )


def _counted(asked: Drivers, analysis: Analysis, told: Sequence[str]) -> list[Cell]:
    cells, aside = analysis.cells, ""
    if told and not asked.system.sweeps:
        cells = tuple(cell for cell in cells if cell.sweep in told)
        aside = " A sweep that is marked as aside counts only if 'sweeps' names it."
    lines = [f"{problem}{aside}" for problem in asked.system.problems("system", cells)]
    lines += [
        f"requirements.must_run_on: the run has no loop {loop!r}.{suggestion(loop, analysis.loops)}"
        for loop in asked.requirements.must_run_on
        if loop not in analysis.loops
    ]
    if lines:
        raise InputError("\n".join(lines))
    return [cell for cell in cells if asked.system.selects(cell)]


def _options(asked: Drivers, analysis: Analysis) -> tuple[str, ...]:
    arms = {
        cell.subject
        for cell in analysis.cells
        if not cell.aa_of and (not cell.is_floor or cell.subject in asked.options)
    }
    subjects = [subject for subject in analysis.subjects if subject in arms]
    for name in asked.options:
        if name not in subjects:
            raise InputError(f"options: the run has no {name!r}.{suggestion(name, subjects)}")
    return tuple(name for name in subjects if not asked.options or name in asked.options)


def _metric(place: str, name: str, known: Mapping[str, Metric]) -> Metric:
    parts = name.split(SUM)
    for part in parts:
        if part not in known:
            raise InputError(
                f"{place}: the run has no metric {part!r}.{nearest(part, list(known))} "
                "Its report lists what it has; what a probe reads is there only if the scenario "
                "names the probe."
            )
    first = known[parts[0]]
    if any((known[part].unit, known[part].better) != (first.unit, first.better) for part in parts):
        raise InputError(f"{place}: {name!r} adds what is not of the same unit and direction")
    described = "; and ".join(known[part].description for part in parts)
    return Metric(name, first.unit, first.better, described)
