"""Which options are dominated, the scores of the others, and what would flip their order.

An option is dominated where it is nowhere better than another one, and somewhere worse.

A driver's cost is the mean, over the places that count, of the logarithm of the metric (of its
inverse, where more is better). A score is the mean of the costs by the drivers' weights. It is made
repetition by repetition, from the trials that ran close together, so that a difference of two
scores has an interval of its own, in which the drivers' correlation is accounted for. Estimates are
means over repetitions, so they are linear in the weights, and the flips are exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from operator import mul

from bench.analysis.comparison import (
    aa_pairs,
    allowing_for_many,
    compare,
    heeded,
    noise_factor,
    reasons_against,
    stands,
)
from bench.decide._board import Board
from bench.decide.result import Difference, Flip, Gap, Place, Rivalry
from bench.scenario.limits.limit import SUM
from bench.scenario.quantity import number
from bench.stats.effects import Effect, departure, effect

# (first, second, metric, place) → 1 where the first is shown to be better, −1 worse, 0 neither.
Signs = Mapping[tuple[str, str, str, Place], int]


def signs_of(board: Board, subjects: Sequence[str]) -> Signs:
    """Compare ``subjects`` pairwise in every driver and place, inside blocks.

    A difference counts only if nothing that a report heeds speaks against it, allowing for all
    comparisons of the same driver (Holm). Else it counts as none.
    """
    found: dict[tuple[str, str, str, Place], int] = {}
    for metric in (driver.metric for driver in board.asked.drivers):
        noise = noise_factor(board.analysis.cells, metric)
        better = 1 if board.metrics[metric].better == "higher" else -1
        compared = {}
        for place in board.places:
            for first, second in combinations(subjects, 2):
                sides = board.cells[first, place], board.cells[second, place]
                made = compare(*sides, metric, noise_factor=noise, family="dominance")
                if made is not None:
                    compared[first, second, place] = made
        read = allowing_for_many([*compared.values()])
        for (first, second, place), made in zip(compared, read, strict=True):
            sign = 0 if heeded(made, "dominance") else better * made.effect.side()
            found[first, second, metric, place] = sign
            found[second, first, metric, place] = -sign
    return found


def dominators(
    board: Board, subjects: Sequence[str], signs: Signs
) -> Mapping[str, tuple[str, ...]]:
    """Return, for each of ``subjects`` that is dominated, the options that dominate it.

    Only what is itself not dominated dominates: since differences that are not resolved count as
    none, dominance is not transitive, and so the removal of a dominated option changes nothing
    about the others. Options that dominate each other in a ring all stay.
    """
    beaten_by: dict[str, set[str]] = {subject: set() for subject in subjects}
    for first, second in combinations(subjects, 2):
        found = {
            signs.get((first, second, driver.metric, place), 0)
            for driver in board.asked.drivers
            for place in board.places
        }
        if found - {0} == {1}:
            beaten_by[second].add(first)
        elif found - {0} == {-1}:
            beaten_by[first].add(second)
    return undominated(beaten_by)


def undominated(beaten_by: Mapping[str, set[str]]) -> Mapping[str, tuple[str, ...]]:
    """Return who is dominated, by whom, given who is beaten by whom; see :func:`dominators`."""
    stays: set[str] = set()
    goes: set[str] = set()
    known = -1
    while known < len(stays | goes):
        known = len(stays | goes)
        for subject, rivals in beaten_by.items():
            if subject not in stays and rivals & stays:
                goes.add(subject)
            elif subject not in goes and rivals <= goes:
                stays.add(subject)
    return {
        subject: tuple(rival for rival in beaten_by if rival in beaten_by[subject] & stays)
        for subject in beaten_by
        if subject in goes
    }


# Scores of equal figures may differ by rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Scores:
    """``costs`` by option and driver over the same repetitions; ``weights`` by driver, sum 1."""

    weights: Mapping[str, float]
    costs: Mapping[str, Mapping[str, Sequence[float]]]

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
    return Scores(
        weights,
        {
            subject: {
                metric: [math.fsum(part[at] for part in parts) / len(parts) for at in repetitions]
                for metric, parts in costs.items()
            }
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
    differences = tuple(
        _difference(board, scored, pair, metric, signs) for metric in scored.weights
    )
    lows = [difference.low for difference in differences]
    worst = math.fsum(
        weight * math.log(low)
        for low, weight in zip(lows, scored.weights.values(), strict=True)
        if low
    )
    gap = scored.ratio(rival, choice)
    why_not = ""
    if gap.low is None:
        why_not = "a single repetition has no interval"
    elif gap.low <= 1.0 + _ROUNDING:
        why_not = "the interval of that ratio includes 1"
    elif unsteady := next(iter(_unsteady(board, pair)), ""):
        why_not = unsteady
    elif not _is_apart(gap, noise, ""):
        why_not = f"A/A arms differ by a factor of up to {number(noise)} in the same score"
    return Rivalry(
        rival=rival,
        ratio=math.exp(scored.score(rival) - scored.score(choice)),
        effect=gap,
        is_apart=not why_not,
        noise_factor=noise,
        why_not=why_not,
        worst_ratio=math.exp(worst) if all(lows) else None,
        differences=differences,
    )


def in_each_place(
    board: Board, candidates: Sequence[str], choice: str, noise: float
) -> dict[Place, Gap]:
    """Return, where several places count, how the choice does in each of them alone."""
    rivals = [candidate for candidate in candidates if candidate != choice]
    gaps: dict[Place, Gap] = {}
    for place in board.places if len(board.places) > 1 and rivals else ():
        alone = replace(board, places=(place,))
        scored = scores(alone, candidates)
        rival = min(rivals, key=scored.score)
        found, ratio = scored.ratio(rival, choice), scored.score(rival) - scored.score(choice)
        unsteady = "; ".join(_unsteady(alone, (choice, rival)))
        gaps[place] = Gap(rival, math.exp(ratio), found, _is_apart(found, noise, unsteady))
    return gaps


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
    shown = {place.name: signs.get((*pair, metric, place), 0) for place in board.places}
    return Difference(
        metric=metric,
        ratio=math.exp(estimate),
        low=found.low,
        high=found.high,
        flips_alone=flips_alone,
        better=tuple(name for name, sign in shown.items() if sign > 0),
        worse=tuple(name for name, sign in shown.items() if sign < 0),
    )


def _unsteady(board: Board, pair: tuple[str, str]) -> list[str]:
    """Say which cells of two options drifted in a driver."""
    names = SUM.join(driver.metric for driver in board.asked.drivers)
    cells = (cell for subject in pair for cell in board.cells_of(subject))
    found = ((cell, cell.unsteady_because(names)) for cell in cells)
    return [f"{cell.name} is not steady: {because}" for cell, because in found if because]


def _is_apart(found: Effect, noise: float, unsteady: str) -> bool:
    return stands(reasons_against(found, noise, unsteady), "score")
