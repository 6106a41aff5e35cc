"""Which cells a scenario's thresholds select, and what is wrong with a selection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Protocol

from bench.errors import suggestion
from bench.scenario.arrival import Open
from bench.scenario.metric import counts_from_its_call
from bench.scenario.scenario import Scenario
from bench.scenario.threshold import Threshold

# The selectors of a threshold, and what of a place each is about.
SELECTORS: Mapping[str, str] = {
    "sweeps": "sweep",
    "subjects": "subject",
    "workloads": "workload",
    "payloads": "payload",
    "arrivals": "arrival",
    "loops": "loop",
}


class Place(Protocol):
    """Where a cell stands, in labels of the scenario."""

    @property
    def sweep(self) -> str:
        """Label of the sweep."""

    @property
    def subject(self) -> str:
        """Label of the subject."""

    @property
    def workload(self) -> str:
        """Label of the workload."""

    @property
    def payload(self) -> str:
        """Label of the payload."""

    @property
    def arrival(self) -> str:
        """Label of the arrival, or ``label@rate`` for one rate of a search."""

    @property
    def loop(self) -> str:
        """Name of the loop."""


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """The labels of a cell that the plan holds."""

    sweep: str
    subject: str
    workload: str
    payload: str
    arrival: str
    loop: str


def planned_cells(scenario: Scenario) -> Iterator[PlannedCell]:
    """Yield every cell that ``scenario`` measures."""
    for name, sweep in scenario.sweeps.items():
        arrivals = scenario.arrivals_of(sweep)
        axes = (sweep.subjects, sweep.workloads, sweep.payloads, arrivals, sweep.loops)
        for labels in product(*axes):
            yield PlannedCell(name, *labels)


def selects(threshold: Threshold, place: Place) -> bool:
    """Tell whether ``threshold`` means the cell at ``place``: a label of it in every selector."""
    return all(
        not wanted or not wanted.isdisjoint(_names(place, selector))
        for selector in SELECTORS
        for wanted in [_wanted(threshold, selector)]
    )


def _wanted(threshold: Threshold, selector: str) -> frozenset[str]:
    """Return the labels that are selected; empty where all are."""
    return frozenset(getattr(threshold, selector) or ())


def _names(place: Place, selector: str) -> tuple[str, ...]:
    """Return the labels by which ``selector`` selects ``place``: a rate of a search has two."""
    label: str = getattr(place, SELECTORS[selector])
    return (label, label.partition("@")[0]) if selector == "arrivals" else (label,)


def is_compared(scenario: Scenario, place: Place) -> bool:
    """Tell whether a relative requirement is about the cell at ``place``.

    It is not about the baseline itself, nor about an A/A arm, which only repeats another subject.
    """
    if scenario.subjects[place.subject].same_as:
        return False
    baseline = scenario.baseline
    if baseline.loop:
        return place.loop != baseline.loop
    return bool(baseline.subjects) and place.subject not in baseline.subjects


def threshold_problems(scenario: Scenario) -> Iterator[str]:
    """Yield a sentence for each threshold that does not fit ``scenario``: key, what was expected.

    The labels of the sweeps must have been checked.
    """
    cells = tuple(planned_cells(scenario))
    for at, threshold in enumerate(scenario.thresholds):
        key = f"thresholds.{at}"
        problems = [*_unknown_labels(key, threshold, cells)]
        selected = [cell for cell in cells if selects(threshold, cell)]
        problems = problems or [*_empty_selections(key, threshold, selected)]
        if not problems and threshold.relative_metrics:
            problems = [*_relative_problems(key, scenario, threshold, selected)]
        yield from problems


def _unknown_labels(
    key: str, threshold: Threshold, cells: tuple[PlannedCell, ...]
) -> Iterator[str]:
    for name in SELECTORS:
        valid = {label for cell in cells for label in _names(cell, name)}
        for label in sorted(_wanted(threshold, name)):
            if label not in valid:
                hint = suggestion(label, valid)
                yield f"{key}.{name} names {label!r}, which no sweep measures.{hint}"


def _empty_selections(key: str, threshold: Threshold, selected: list[PlannedCell]) -> Iterator[str]:
    if not selected:
        yield f"{key} selects no cell: no sweep measures these labels together"
        return
    for name in SELECTORS:
        found = {label for cell in selected for label in _names(cell, name)}
        for label in sorted(_wanted(threshold, name)):
            if label not in found:
                yield (
                    f"{key}.{name} names {label!r}, which selects no cell: "
                    "no sweep measures it together with the other selectors"
                )


def _relative_problems(
    key: str, scenario: Scenario, threshold: Threshold, selected: list[PlannedCell]
) -> Iterator[str]:
    baseline = scenario.baseline
    if not baseline.subjects and not baseline.loop:
        yield f"{key}.require compares with the baseline: expected a table [baseline]"
        return
    compared = [cell for cell in selected if is_compared(scenario, cell)]
    if not compared:
        yield f"{key}.require compares with the baseline, and selects only the baseline or A/A arms"
    for name in dict.fromkeys(cell.sweep for cell in compared):
        sweep = scenario.sweeps[name]
        if not {baseline.loop} & {*sweep.loops} and not {*baseline.subjects} & {*sweep.subjects}:
            yield f"{key}.require compares with the baseline, which sweeps.{name} does not measure"
    loads = dict.fromkeys(cell.arrival for cell in compared)
    is_open = [label for label in loads if isinstance(scenario.arrival(label), Open)]
    for metric in dict.fromkeys(threshold.relative_metrics):
        if is_open and counts_from_its_call(metric):
            yield (
                f"{key}.require compares {metric} with the baseline under the open load "
                f"{is_open[0]!r}, where it counts from calls that a stalled saver never gets; "
                "expected a time of the cycle"
            )
