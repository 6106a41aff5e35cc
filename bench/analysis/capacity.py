"""The highest rate at which a subject meets an objective, from the trials of a search.

The rate is picked on some repetitions and estimated on the others: the highest of several noisy
rates, estimated on the very trials that made it the highest, would look better than it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bench.analysis.result import Capacity, CapacityOutcome
from bench.analysis.summary import CellEvidence
from bench.analysis.wording import counted
from bench.records.trial import TrialRecord
from bench.scenario.arrival import Search
from bench.scenario.limit import Limit
from bench.scenario.metric import ERRORS
from bench.scenario.quantity import number, quantity
from bench.scenario.scenario import Scenario
from bench.stats.intervals import geometric

# A rate is reached when this share of its cycles finished inside the window; one may straddle it.
REACHED_RATE = 0.99
STRADDLING_CYCLES = 1
# One miss between two rates that are met is noise; two in a row end the search.
MISSES_THAT_END = 2
# The answer names so many; the table has all.
MOST_SENTENCES = 6


def capacities(scenario: Scenario, cells: Sequence[CellEvidence]) -> tuple[Capacity, ...]:
    """Return one capacity for every search of every subject, in the order of the cells.

    Even repetitions (0, 2, …) pick, odd ones estimate.
    """
    groups: dict[tuple[str, ...], list[CellEvidence]] = {}
    for evidence in cells:
        cell = evidence.cell
        if label := scenario.search_of(cell.arrival):
            key = (label, cell.sweep, cell.subject, cell.workload, cell.payload, cell.loop)
            groups.setdefault(key, []).append(evidence)
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


def _capacity(label: str, search: Search, levels: Sequence[CellEvidence]) -> Capacity:
    objective = search.objective
    told = [
        _Level(evidence, objective, rate)
        for evidence, rate in zip(levels, search.rates_per_s, strict=True)
    ]
    picking = [level.share_met(0) for level in told]
    index = highest(picking)
    outcome: CapacityOutcome = "below the lowest rate"
    if not any(level.evidence.measured for level in told):
        outcome = "not measured"
    elif any(level.evidence.cell.told(objective.metric)[1] for level in told):
        # What loses writes has no capacity, however fast it is.
        index, outcome = None, "invalid"
    elif index is None and all(level.tells_nothing(0) for level in told):
        outcome = "not estimable"
    rate, value, low, high, estimated_on = None, None, None, None, 0
    if index is not None:
        rate = search.rates_per_s[index]
        outcome = "confirmed" if told[index].share_met(1) > 0.5 else "not confirmed"
        values = list(told[index].values(1))
        estimated_on = len(values)
        if values and min(values) > 0.0:
            interval = geometric(values)
            value, low, high = interval.value, interval.low, interval.high
    cell = levels[0].cell
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
        picked_on=max(len(list(level.met(0))) for level in told),
        rate_per_s=rate,
        is_highest_tried=index == len(told) - 1,
        value=value,
        low=low,
        high=high,
        estimated_on=estimated_on,
    )


class _Level:
    """The trials of one subject at one rate."""

    def __init__(self, evidence: CellEvidence, objective: Limit, rate_per_s: float) -> None:
        self.evidence = evidence
        self._range = objective.range
        self._by_block = evidence.cell.blocks.values.get(objective.metric, {})
        self._errors = evidence.cell.blocks.values.get(ERRORS.name, {})
        self._rate_per_s = rate_per_s

    def met(self, parity: int) -> Iterator[bool | None]:
        """Say of each trial of the even (0) or odd (1) repetitions whether it meets the objective.

        ``None``: it had too few operations to tell.
        """
        return (self._meets(record) for record in self._trials(parity))

    def share_met(self, parity: int) -> float:
        """Return the share of the planned trials that meet the objective.

        One that failed, has no record or no answer does not: the bad ones drop out first. None
        does where too many cycles of them together failed.
        """
        if self.evidence.cell.failing_because:
            return 0.0
        planned = (self.evidence.cell.blocks.planned + 1 - parity) // 2
        return sum(met is True for met in self.met(parity)) / planned if planned else 0.0

    def tells_nothing(self, parity: int) -> bool:
        """Tell whether no trial has enough operations to say anything."""
        return all(met is None for met in self.met(parity))

    def values(self, parity: int) -> Iterator[float]:
        """Yield the metric in the trials that have it."""
        found = (self._by_block.get(record.trial.repetition) for record in self._trials(parity))
        return (value for value in found if value is not None)

    def _trials(self, parity: int) -> Iterable[TrialRecord]:
        return (r for r in self.evidence.measured if r.trial.repetition % 2 == parity)

    def _meets(self, record: TrialRecord) -> bool | None:
        facts = self.evidence.load[record.trial.id]
        offered = self._rate_per_s * facts.window_s
        reached = facts.cycles_finished + STRADDLING_CYCLES >= REACHED_RATE * offered
        if not reached or self._errors.get(record.trial.repetition, 0.0) > 0.0:
            return False
        value = self._by_block.get(record.trial.repetition)
        return None if value is None else self._range.holds(value, value)
