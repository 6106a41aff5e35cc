"""Which options are dominated: nowhere better than another one, and somewhere worse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

from bench.decide._board import Board
from bench.decide.result import Place
from bench.stats.effects import Effect

# (first, second, metric, place) → 1 where the first is shown to be better, −1 worse, 0 neither.
Verdict = Callable[[str, str, str, Place], int]


def verdicts(board: Board, subjects: Sequence[str]) -> Verdict:
    """Compare ``subjects`` pairwise in every driver and place, inside blocks.

    A difference counts only if its whole interval lies on one side of 1, it exceeds what the run's
    A/A arms show in that metric, and neither side is unsteady. Else it counts as none.
    """
    found: dict[tuple[str, str, str, Place], int] = {}
    for driver in board.asked.drivers:
        metric = driver.metric
        noise = noise_factor(board, metric)
        upwards = board.metrics[metric].better == "higher"
        for place in board.places:
            for first, second in combinations(subjects, 2):
                cells = board.cells[first, place], board.cells[second, place]
                sign = 0
                if not any(board.unsteady_because(cell, metric) for cell in cells):
                    sign = _sign(board.block_effect(*cells, metric), noise)
                sign = sign if upwards else -sign
                found[first, second, metric, place] = sign
                found[second, first, metric, place] = -sign
    return lambda first, second, metric, place: found[first, second, metric, place]


def noise_factor(board: Board, metric: str) -> float:
    """Return the largest factor (≥ 1) by which an A/A arm departs from the arm it repeats."""
    ratios = [
        found.ratio
        for again, first in board.repeated()
        if (found := board.block_effect(again, first, metric)) is not None
    ]
    return max((departure(ratio) for ratio in ratios), default=1.0)


def departure(ratio: float) -> float:
    """Return the factor (≥ 1) by which ``ratio`` departs from 1."""
    return max(ratio, 1.0 / ratio)


def dominators(
    board: Board, subjects: Sequence[str], verdict: Verdict
) -> Mapping[str, tuple[str, ...]]:
    """Return, for each of ``subjects`` that is dominated, the options that dominate it.

    Only what is itself not dominated dominates: since differences that are not resolved count as
    none, dominance is not transitive, and so the removal of a dominated option changes nothing
    about the others. Options that dominate each other in a ring all stay.
    """
    beats: dict[str, set[str]] = {subject: set() for subject in subjects}
    for first, second in combinations(subjects, 2):
        signs = {
            verdict(first, second, driver.metric, place)
            for driver in board.asked.drivers
            for place in board.places
        }
        if signs - {0} == {1}:
            beats[second].add(first)
        elif signs - {0} == {-1}:
            beats[first].add(second)
    return undominated(beats)


def undominated(beaten_by: Mapping[str, set[str]]) -> Mapping[str, tuple[str, ...]]:
    """Return who is dominated, by whom, given who is beaten by whom; see :func:`dominators`."""
    stays: set[str] = set()
    goes: dict[str, tuple[str, ...]] = {}
    changed = True
    while changed:
        changed = False
        for subject, rivals in beaten_by.items():
            if subject in stays or subject in goes:
                continue
            if rivals <= goes.keys():
                stays.add(subject)
                changed = True
            elif rivals & stays:
                goes[subject] = ()
                changed = True
    return {
        subject: tuple(rival for rival in beaten_by if rival in beaten_by[subject] & stays)
        for subject in beaten_by
        if subject in goes
    }


def _sign(found: Effect | None, noise: float) -> int:
    if found is None or not found.excludes_one() or departure(found.ratio) <= noise:
        return 0
    return 1 if found.ratio > 1.0 else -1
