"""Scores of options, how far the data tell them apart, and which weights would flip the order.

A driver's cost is the mean, over the places that count, of the logarithm of the metric (of its
inverse, where more is better). A score is the mean of the costs by the drivers' weights. It is made
repetition by repetition, from the trials that ran close together, so that a difference of two
scores has an interval of its own, in which the drivers' correlation is accounted for. Estimates are
means over repetitions, so they are linear in the weights, and the flips are exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import mul
from typing import Literal

from bench.analysis.comparison import HEEDED, aa_pairs, reasons_against
from bench.analysis.result import Reason
from bench.decide._board import Board
from bench.decide._dominance import Signs
from bench.decide.result import Difference, Flip, PlaceView, Rivalry
from bench.scenario.limit import SUM
from bench.scenario.quantity import number
from bench.stats.effects import Effect, departure, effect

# Scores of equal figures may differ by rounding.
_ROUNDING = 1e-9
# Driver → cost in each repetition, in the same order for all options.
Costs = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Scores:
    """``costs`` by option and driver over the same repetitions; ``weights`` by driver, sum 1."""

    weights: Mapping[str, float]
    costs: Mapping[str, Costs]

    def cost(self, option: str, metric: str) -> float:
        """Return the mean cost over repetitions, a logarithm."""
        return math.fsum(self.costs[option][metric]) / len(self.costs[option][metric])

    def score(self, option: str) -> float:
        """Return the weighted mean cost, a logarithm: less is better."""
        return math.fsum(weight * self.cost(option, name) for name, weight in self.weights.items())

    def ratio(self, over: str, under: str) -> Effect:
        """Return the ratio of two options' scores, repetition by repetition."""
        weights = list(self.weights.values())

        def by_repetition(option: str) -> list[float]:
            columns = zip(*(self.costs[option][name] for name in self.weights), strict=True)
            return [math.exp(math.fsum(map(mul, weights, column))) for column in columns]

        return effect(by_repetition(over), by_repetition(under))


def scores(board: Board, subjects: Sequence[str]) -> Scores:
    """Return the costs of those of ``subjects`` that have a value for every driver and place.

    Only repetitions that every place and option has count.

    Raises:
        InputError: a value has no logarithm.
    """
    total = math.fsum(driver.weight for driver in board.asked.drivers)
    weights = {driver.metric: driver.weight / total for driver in board.asked.drivers}
    by_place: dict[str, dict[str, list[Mapping[int, float]]]] = {}
    for subject in subjects:
        cells = board.cells_of(subject)
        costs = {metric: [board.costs(cell, metric) for cell in cells] for metric in weights}
        if len(cells) == len(board.places) and all(map(all, costs.values())):
            by_place[subject] = costs
    shared = [
        set(part) for costs in by_place.values() for parts in costs.values() for part in parts
    ]
    repetitions = sorted(set.intersection(*shared)) if shared else []

    def means(parts: Sequence[Mapping[int, float]]) -> list[float]:
        return [math.fsum(part[at] for part in parts) / len(parts) for at in repetitions]

    return Scores(
        weights,
        {
            subject: {metric: means(parts) for metric, parts in costs.items()}
            for subject, costs in by_place.items()
            if repetitions
        },
    )


def score_noise(board: Board) -> float:
    """Return the largest factor (≥ 1) by which an A/A arm's score departs from its original's.

    1 where no A/A arm was measured in every place that counts.
    """
    pairs = {(again.subject, first.subject) for again, first in aa_pairs(board.analysis.cells)}
    both = {pair: scores(board, pair) for pair in pairs}
    return max(
        (departure(each.ratio(*pair).ratio) for pair, each in both.items() if len(each.costs) == 2),
        default=1.0,
    )


def rivalry(
    board: Board, scored: Scores, pair: tuple[str, str], noise: float, signs: Signs
) -> Rivalry:
    """Compare the choice with a rival (``pair``)."""
    choice, rival = pair
    gap = scored.ratio(rival, choice)
    differences = tuple(
        _difference(board, scored, pair, metric, signs) for metric in scored.weights
    )
    lows = [difference.low for difference in differences]
    worst = math.fsum(
        weight * math.log(low)
        for low, weight in zip(lows, scored.weights.values(), strict=True)
        if low
    )
    why_not = _why_not_apart(gap, noise, _unsteady(board, pair, scored.weights))
    return Rivalry(
        rival=rival,
        ratio=math.exp(scored.score(rival) - scored.score(choice)),
        low=gap.low,
        high=gap.high,
        noise_factor=noise,
        repetitions=gap.blocks,
        detectable_factor=gap.detectable_factor,
        is_apart=not why_not,
        why_not=why_not,
        worst_ratio=math.exp(worst) if all(lows) else None,
        differences=differences,
    )


def in_each_place(
    board: Board, candidates: Sequence[str], choice: str, noise: float
) -> Iterator[PlaceView]:
    """Yield, where several places count, how the choice does in each of them alone."""
    rivals = [candidate for candidate in candidates if candidate != choice]
    if len(board.places) < 2 or not rivals:
        return
    for place in board.places:
        scored = scores(replace(board, places=(place,)), candidates)
        rival = min(rivals, key=scored.score)
        gap = scored.ratio(rival, choice)
        sides = [board.cells[subject, place] for subject in (choice, rival)]
        names = SUM.join(scored.weights)
        unsteady = "; ".join(filter(None, (cell.unsteady_because(names) for cell in sides)))
        yield PlaceView(
            place=place,
            rival=rival,
            ratio=math.exp(scored.score(rival) - scored.score(choice)),
            low=gap.low,
            high=gap.high,
            is_apart=not _heeded(gap, noise, unsteady),
        )


def flips(
    weights: Mapping[str, float], costs: Mapping[str, Mapping[str, float]], choice: str
) -> tuple[Flip, ...]:
    """Return, for each driver, the nearest weights below and above at which the choice changes.

    ``costs`` are logarithms by option and driver; less is better. The difference of two scores is
    a straight line in each weight, so the flip is where it crosses 0. What takes over is the
    option whose line crosses first.
    """
    found: list[Flip] = []
    for metric, weight in weights.items():
        below: dict[str, float] = {}
        above: dict[str, float] = {}
        for rival in costs:
            slope = costs[rival][metric] - costs[choice][metric]
            rest = math.fsum(
                other * (costs[rival][name] - costs[choice][name])
                for name, other in weights.items()
                if name != metric
            )
            if slope and -rest / slope > 0.0:
                (above if slope < 0.0 else below)[rival] = -rest / slope
        if below:
            winner = max(below, key=below.__getitem__)
            found.append(Flip(metric, weight, below[winner], "below", winner))
        if above:
            winner = min(above, key=above.__getitem__)
            found.append(Flip(metric, weight, above[winner], "above", winner))
    return tuple(found)


def _difference(
    board: Board, scored: Scores, pair: tuple[str, str], metric: str, signs: Signs
) -> Difference:
    choice, rival = pair
    over, under = ([math.exp(cost) for cost in scored.costs[o][metric]] for o in (rival, choice))
    found = effect(over, under)
    estimate = scored.cost(rival, metric) - scored.cost(choice, metric)
    flips_alone = False
    if found.low is not None and found.low > 0.0:
        moved = scored.weights[metric] * (math.log(found.low) - estimate)
        flips_alone = scored.score(rival) - scored.score(choice) + moved < 0.0
    shown = {place.name: signs(choice, rival, metric, place) for place in board.places}
    return Difference(
        metric=metric,
        ratio=math.exp(estimate),
        low=found.low,
        high=found.high,
        flips_alone=flips_alone,
        better=tuple(name for name, sign in shown.items() if sign > 0),
        worse=tuple(name for name, sign in shown.items() if sign < 0),
    )


def _unsteady(board: Board, pair: tuple[str, str], metrics: Iterable[str]) -> str:
    for cell in (cell for subject in pair for cell in board.cells_of(subject)):
        if because := cell.unsteady_because(SUM.join(metrics)):
            return f"{cell.name} is not steady: {because}"
    return ""


def _heeded(found: Effect, noise: float, unsteady: str) -> Reason | Literal[""]:
    reasons = reasons_against(found, noise_factor=noise, unsteady=unsteady)
    return next((reason for reason in reasons if reason in HEEDED["score"]), "")


def _why_not_apart(found: Effect, noise: float, unsteady: str) -> str:
    if found.low is None:
        return "a single repetition has no interval"
    if found.low <= 1.0 + _ROUNDING:
        return "the interval of that ratio includes 1"
    reason = _heeded(found, noise, unsteady)
    if reason == "noise":
        return f"A/A arms differ by a factor of up to {number(noise)} in the same score"
    return unsteady if reason == "unsteady" else ""
