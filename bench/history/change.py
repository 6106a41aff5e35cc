"""The same cells in two runs: by what ratio each has changed, and whether that stands out.

The runs share no blocks, so a ratio holds whatever was different between the two times, and how far
a saver departs from itself is larger than within a run. A change is called one where its interval
excludes 1 after Holm's allowance for all cells of the metric, it is larger than that of any A/A arm
of either run, no trial of either cell lacks, and neither drifted (``bench.analysis.comparison``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bench.analysis.cell import Cell
from bench.analysis.comparison import noise_factor, reasons_against, stands
from bench.analysis.result import Analysis, Reason
from bench.records.run import Environment
from bench.scenario.metric import Metric
from bench.scenario.scenario import Scenario
from bench.stats.effects import Effect, unpaired_effect
from bench.stats.multiplicity import LEVEL, holm

Place = tuple[str, str, str, str, str]
Outcome = Literal["better", "worse", ""]
_OF_MACHINE = ("system", "machine", "cpu_model", "cores")


@dataclass(frozen=True, slots=True)
class Change:
    """A metric of one cell in two runs, in the metric's unit, and ``ratio``: after ÷ before.

    ``lacks_blocks``: of planned trials some have no value; ``unsteady`` says what drifted.
    ``outcome`` is empty where no change stands out.
    """

    place: Place
    metric: Metric
    before: float
    after: float
    ratio: Effect
    lacks_blocks: bool
    unsteady: str
    adjusted_p: float | None = None
    outcome: Outcome = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed from one run to another.

    ``otherwise`` has the cells that were measured in another way, ``environment`` what else
    differs: before and after by name.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    otherwise: tuple[Place, ...]
    environment: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Point:
    """A metric of one cell in one run, with its interval where it has one.

    ``outcome``: what it is against the run before, where that change stands out.
    """

    run_id: str
    place: Place
    metric: Metric
    value: float
    low: float | None
    high: float | None
    outcome: Outcome


def machine(environment: Environment) -> Mapping[str, str]:
    """Return what tells one machine from another, without its name."""
    return {key: environment.host.get(key, "") for key in _OF_MACHINE}


def changes_between(before: Analysis, after: Analysis) -> Changes:
    """Compare what both runs measured in the same way, in the primary metrics of the later one."""
    cells = {_place(cell): cell for cell in before.cells}
    alike, otherwise = [], []
    for cell in after.cells:
        former = cells.get(_place(cell))
        if former is None:
            continue
        if _definition(before.scenario, former) == _definition(after.scenario, cell):
            alike.append((former, cell))
        else:
            otherwise.append(_place(cell))
    found = [
        judged
        for metric in after.primary_metrics
        for judged in _judged(
            [change for pair in alike for change in _change(*pair, metric)],
            max(noise_factor(each.cells, metric) for each in (before, after)),
        )
    ]
    here, there = (dict(each.run.environment.fingerprint()) for each in (before, after))
    differing = {
        name: (here.get(name, "–"), there.get(name, "–"))
        for name in sorted({*here, *there})
        if here.get(name) != there.get(name)
    }
    return Changes(before.run.run_id, after.run.run_id, tuple(found), tuple(otherwise), differing)


def points_of(runs: Sequence[Analysis], metric: str) -> tuple[Point, ...]:
    """Return ``metric`` of every cell in each of ``runs``, oldest first, where it may be used."""
    found = []
    outcomes: Mapping[Place, Outcome] = {}
    for before, run in zip([None, *runs], runs, strict=False):
        if before is not None:
            changes = changes_between(before, run).changes
            outcomes = {each.place: each.outcome for each in changes if each.metric.name == metric}
        for cell in run.cells:
            estimate = cell.estimates.get(metric)
            if estimate is None or estimate.value is None or cell.unusable_because(metric):
                continue
            place = _place(cell)
            ends = (estimate.value, estimate.low, estimate.high)
            outcome = outcomes.get(place, "")
            found.append(Point(run.run.run_id, place, estimate.metric, *ends, outcome))
    return tuple(found)


def _place(cell: Cell) -> Place:
    return (cell.subject, cell.loop, cell.workload, cell.payload, cell.arrival)


def _definition(scenario: Scenario, cell: Cell) -> tuple[object, ...]:
    sweep = scenario.sweeps[cell.sweep]
    return (
        scenario.resolve(cell.subject),
        scenario.workload(cell.workload),
        scenario.payloads[cell.payload],
        scenario.arrival(cell.arrival),
        scenario.warmup_s,
        sweep.duration_s or scenario.duration_s,
        cell.durability,
    )


def _change(before: Cell, after: Cell, metric: str) -> Iterator[Change]:
    values = [[v for v in cell.by_block(metric).values() if v > 0.0] for cell in (before, after)]
    is_usable = not any(cell.unusable_because(metric) for cell in (before, after))
    first, second = before.value(metric), after.value(metric)
    if all(values) and is_usable and first is not None and second is not None:
        sides = zip(values, (before, after), strict=True)
        yield Change(
            place=_place(after),
            metric=after.estimates[metric].metric,
            before=first,
            after=second,
            ratio=unpaired_effect(values[1], values[0]),
            lacks_blocks=any(len(have) < cell.blocks.planned for have, cell in sides),
            unsteady=before.unsteady_because(metric) or after.unsteady_because(metric),
        )


def _judged(found: Sequence[Change], noise: float) -> Iterator[Change]:
    known = [change.ratio.p_value for change in found if change.ratio.p_value is not None]
    allowed = iter(holm(known))
    for change in found:
        adjusted = None if change.ratio.p_value is None else next(allowed)
        against: dict[Reason, bool] = {
            "blocks": change.lacks_blocks,
            **reasons_against(change.ratio, noise, change.unsteady),
            "many comparisons": adjusted is None or adjusted > LEVEL,
        }
        outcome: Outcome = ""
        if stands(against, "history") and change.metric.better != "neither":
            is_more = change.ratio.ratio > 1.0
            outcome = "better" if is_more == (change.metric.better == "higher") else "worse"
        yield replace(change, adjusted_p=adjusted, outcome=outcome)
