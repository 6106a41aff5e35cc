"""The highest rate at which a subject meets an objective, from the trials of a search.

The rate is picked on some repetitions and estimated on the others: the highest of several noisy
rates, estimated on the very trials that made it the highest, would look better than it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from bench.analysis.cell import Cell
from bench.analysis.result import Capacity, CapacityOutcome
from bench.analysis.wording import counted
from bench.scenario.arrival import Search
from bench.scenario.limits.limit import Limit
from bench.scenario.metric import ERRORS
from bench.scenario.quantity import number, quantity
from bench.scenario.scenario import Scenario
from bench.stats.intervals import geometric

_Value = TypeVar("_Value")
# A rate is reached when this share of its cycles finished inside the window; one may straddle it.
REACHED_RATE = 0.99
STRADDLING_CYCLES = 1
# One miss between two rates that are met is noise; two in a row end the search.
MISSES_THAT_END = 2
# The answer names so many; the table has all.
MOST_SENTENCES = 6


def capacities(scenario: Scenario, cells: Sequence[Cell]) -> tuple[Capacity, ...]:
    """Return one capacity for every search of every subject, in the order of the cells.

    Even repetitions (0, 2, …) pick, odd ones estimate.
    """
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        if label := scenario.search_of(cell.arrival):
            key = (label, cell.sweep, cell.subject, cell.workload, cell.payload, cell.loop)
            groups.setdefault(key, []).append(cell)
    return tuple(
        _capacity(label, search, levels)
        for (label, *_), levels in groups.items()
        if isinstance(search := scenario.arrivals[label], Search)
    )


def sentences(found: Sequence[Capacity]) -> Iterator[str]:
    """Tell the searches that found the highest rates, then those that found none."""
    for capacity in sorted(found, key=lambda each: -(each.rate_per_s or 0.0))[:MOST_SENTENCES]:
        who = f"{capacity.subject} on {capacity.loop} ({capacity.durability}, {capacity.payload})"
        goal = capacity.objective
        if capacity.rate_per_s is None:
            yield f"{who}: no rate of {capacity.search} with {goal} ({capacity.outcome})."
            continue
        more = ", the highest that was tried" if capacity.is_highest_tried else ""
        there = "" if capacity.value is None else f", {quantity(capacity.value, 'ns')} there"
        yield (
            f"{who}: {number(capacity.rate_per_s)} cycles/s with {goal}{more}; {capacity.outcome} "
            f"by {counted(capacity.estimated_on, 'other trial')}{there}."
        )


def highest(shares: Sequence[float]) -> int | None:
    """Return the index of the highest rate that most of its trials meet, or ``None``.

    ``shares`` are the shares of the planned trials that meet the objective, in ascending order of
    rate.
    """
    found: int | None = None
    misses = 0
    for index, share in enumerate(shares):
        if share > 0.5:
            found, misses = index, 0
        else:
            misses += 1
            if misses == MISSES_THAT_END:
                break
    return found


def _capacity(label: str, search: Search, levels: Sequence[Cell]) -> Capacity:
    objective = search.objective
    met = [
        _met(cell, objective, rate) for cell, rate in zip(levels, search.rates_per_s, strict=True)
    ]

    def share_met(at: int, parity: int) -> float:
        """Return the share of the planned trials of even (0) or odd (1) repetitions that meet it.

        One that failed, has no record or no answer does not: the bad ones drop out first. None
        does where too many cycles of them together failed.
        """
        planned = (levels[at].blocks.planned + 1 - parity) // 2
        if levels[at].failing_because or not planned:
            return 0.0
        return sum(is_met is True for is_met in _of_parity(met[at], parity)) / planned

    index = highest([share_met(at, 0) for at in range(len(levels))])
    outcome: CapacityOutcome = "below the lowest rate"
    if not any(met):
        outcome = "not measured"
    elif any(cell.told(objective.metric)[1] for cell in levels):
        # What loses writes has no capacity, however fast it is.
        index, outcome = None, "invalid"
    elif index is None and all(is_met is None for of in met for is_met in _of_parity(of, 0)):
        outcome = "not estimable"
    rate, value, low, high, values = None, None, None, None, list[float]()
    if index is not None:
        rate = search.rates_per_s[index]
        outcome = "confirmed" if share_met(index, 1) > 0.5 else "not confirmed"
        found = levels[index].blocks.values.get(objective.metric, {})
        values = _of_parity({block: found[block] for block in met[index] if block in found}, 1)
        if values and min(values) > 0.0:
            interval = geometric(values)
            value, low, high = interval.value, interval.low, interval.high
    cell = levels[0]
    return Capacity(
        sweep=cell.sweep,
        search=label,
        subject=cell.subject,
        workload=cell.workload,
        payload=cell.payload,
        loop=cell.loop,
        durability=cell.durability,
        metric=objective.metric,
        objective=str(objective),
        outcome=outcome,
        picked_on=max(len(_of_parity(of, 0)) for of in met),
        rate_per_s=rate,
        is_highest_tried=index == len(met) - 1,
        value=value,
        low=low,
        high=high,
        estimated_on=len(values),
    )


def _of_parity(by_block: Mapping[int, _Value], parity: int) -> list[_Value]:
    return [value for block, value in by_block.items() if block % 2 == parity]


def _met(cell: Cell, objective: Limit, rate_per_s: float) -> dict[int, bool | None]:
    """Say of each measured trial, by its block, whether it meets the objective at a rate.

    ``None``: it had too few operations to tell.
    """
    values, errors = (cell.blocks.values.get(n, {}) for n in (objective.metric, ERRORS.name))
    met: dict[int, bool | None] = {}
    for record in cell.measured:
        block, facts = record.trial.repetition, cell.load[record.trial.id]
        reached = facts.cycles_finished + STRADDLING_CYCLES
        if reached < REACHED_RATE * rate_per_s * facts.window_s or errors.get(block, 0.0) > 0.0:
            met[block] = False
        else:
            value = values.get(block)
            met[block] = None if value is None else objective.range.holds(value, value)
    return met
