"""Which options are dominated: nowhere better than another one, and somewhere worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from bench.analysis.comparison import allowing_for_many, compare, heeded, noise_factor
from bench.decide._board import Board
from bench.decide.result import Place

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
