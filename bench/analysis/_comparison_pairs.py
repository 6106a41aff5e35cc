"""Who is compared with whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal

from bench.analysis.result import Cell
from bench.analysis.summary import CellEvidence
from bench.scenario.arrival import Open
from bench.scenario.durability import Durability
from bench.scenario.metric import counts_from_its_call
from bench.scenario.scenario import Scenario

Axis = Literal["subject", "loop"]


def compared_pairs(
    scenario: Scenario, cells: Sequence[CellEvidence]
) -> Iterator[tuple[CellEvidence, CellEvidence, Axis]]:
    """Yield each baseline with each of its candidates, and what tells them apart.

    With ``baseline.subjects`` each other subject is compared with those of its durability class
    (with all of them if ``across_durability``), under the same condition and loop; a baseline that
    is listed later is itself a candidate against the earlier ones. With ``baseline.loop`` each
    other loop is compared with it, subject by subject. An A/A arm is compared with the arm that it
    repeats and with nothing else, whatever the baseline. Cells without a measurement, and invalid
    ones, are not compared.
    """
    usable = (
        evidence
        for evidence in cells
        if evidence.cell.status in ("measured", "partly") and not evidence.cell.invalid_because
    )
    by_condition: dict[tuple[str, ...], list[CellEvidence]] = defaultdict(list)
    for evidence in usable:
        by_condition[evidence.cell.condition].append(evidence)
    for arms in by_condition.values():
        for candidate in arms:
            for baseline in arms:
                same_loop = candidate.cell.loop == baseline.cell.loop
                if same_loop and _is_subject_pair(scenario, baseline.cell, candidate.cell):
                    yield baseline, candidate, "subject"
                elif not same_loop and _is_loop_pair(scenario, baseline.cell, candidate.cell):
                    yield baseline, candidate, "loop"


def is_comparable(
    scenario: Scenario, name: str, baseline: CellEvidence, candidate: CellEvidence
) -> bool:
    """Tell whether a ratio of the metric ``name`` of these two would mean anything."""
    if any(side.cell.unusable_because(name) for side in (baseline, candidate)):
        return False
    # The ratio of two lower bounds bounds nothing.
    if name in baseline.lower_bounds or name in candidate.lower_bounds:
        return False
    # Counted from calls that a stalled load never made: no ratio of that.
    is_open = isinstance(scenario.arrival(candidate.cell.arrival), Open)
    return not (is_open and counts_from_its_call(name))


def _is_subject_pair(scenario: Scenario, baseline: Cell, candidate: Cell) -> bool:
    if candidate.aa_of:
        return baseline.subject == candidate.aa_of
    order = scenario.baseline.subjects
    if baseline.subject not in order or baseline.subject == candidate.subject:
        return False
    if candidate.subject in order and order.index(candidate.subject) < order.index(
        baseline.subject
    ):
        return False
    if candidate.subject == baseline.aa_of:
        return False
    return scenario.baseline.across_durability or same_durability(baseline, candidate)


def _is_loop_pair(scenario: Scenario, baseline: Cell, candidate: Cell) -> bool:
    return (
        baseline.loop == scenario.baseline.loop
        and baseline.subject == candidate.subject
        and not candidate.aa_of
    )


def same_durability(baseline: Cell, candidate: Cell) -> bool:
    """Tell whether both sides are known to promise the same."""
    return baseline.durability == candidate.durability and baseline.durability != Durability.UNKNOWN
