"""Whether ratios are known as precisely as the scenario wants, and how many blocks that takes.

A condition's ratios are looked at after each block. They are *precise* if the 95 % interval of each
primary metric's ratio reaches no further from its estimate than by the wanted factor. Only how wide
an interval is decides, never where it lies: a rule that stopped once an interval excludes 1 would
call equal things different far too often, one that looks at the width alone does not favour any
answer (sequential intervals of fixed width: Chow and Robbins, "On the asymptotic theory of
fixed-width sequential confidence intervals for the mean", Annals of Mathematical Statistics 1965).

Their result is for many blocks. With few, blocks that happen to agree end the measuring early, and
with skewed ratios such blocks also lie to one side: stopping at once, intervals that say 95 % cover
91 of 100. So the first look is at 10 blocks, and once the ratios are precise there come a quarter
as many blocks again that nobody looks at. Then they cover 93 of 100 or more
(tests/unit/analysis/test_precision.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.analysis.comparison import compared_pairs, paired
from bench.analysis.result import Cell
from bench.scenario.quantity import number
from bench.scenario.scenario import Scenario
from bench.stats.effects import effect

FIRST_LOOK = 10

Condition = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class BlockRatios:
    """The ratios (> 0) of one comparison by repetition, of the blocks that gave one."""

    metric: str
    candidate: str
    baseline: str
    place: str
    ratios: Mapping[int, float]

    def is_complete(self, blocks: int) -> bool:
        """Tell whether each of the first ``blocks`` gave a ratio."""
        return all(repetition in self.ratios for repetition in range(blocks))

    def half_width(self, blocks: int) -> float:
        """Return by what share the 95 % interval of the first ``blocks`` exceeds its estimate.

        The larger of high ÷ ratio and ratio ÷ low, less 1; infinite for a single block.
        """
        ratios = [self.ratios[repetition] for repetition in range(blocks)]
        found = effect(ratios, [1.0] * blocks)
        if found.low is None or found.high is None or found.low <= 0.0:
            return float("inf")
        return max(found.high / found.ratio, found.ratio / found.low) - 1.0


def ratios_of(
    scenario: Scenario, cells: Sequence[Cell]
) -> Mapping[Condition, tuple[BlockRatios, ...]]:
    """Return by condition what must become precise: the primary metrics of what is compared.

    A/A arms are compared, too.
    """
    found: dict[Condition, list[BlockRatios]] = defaultdict(list)
    for baseline, candidate in compared_pairs(scenario, cells):
        for name in scenario.primary_metrics:
            found[candidate.condition].append(_ratios(name, baseline, candidate))
    return {condition: tuple(compared) for condition, compared in found.items()}


def precise_after(
    compared: Sequence[BlockRatios], half_width: float, looks: Sequence[int]
) -> int | None:
    """Return the first of ``looks``, ascending numbers of blocks, at which all are precise.

    Ratios that lack a block of the last look have no part in it: no comparison will rest on them.
    """
    if not looks:
        return None
    complete = [ratios for ratios in compared if ratios.is_complete(looks[-1])]
    # The widest of all tells soonest that a look is not precise.
    complete.sort(key=lambda ratios: -ratios.half_width(looks[-1]))
    return next(
        (
            look
            for look in looks
            if all(ratios.half_width(look) <= half_width for ratios in complete)
        ),
        None,
    )


def looks(certain: int, begun: int) -> range:
    """Return after how many blocks is looked, of ``begun``, where ``certain`` are measured anyway.

    A condition that is precise from the start so gets none beyond the certain ones.
    """
    return range(max(FIRST_LOOK, certain * 4 // 5), begun + 1)


def blocks_after(precise: int) -> int:
    """Return how many blocks there are in the end where ``precise`` were precise: 5 ÷ 4 as many."""
    return -(-precise * 5 // 4)


def widest(compared: Sequence[BlockRatios], blocks: int) -> tuple[BlockRatios, float] | None:
    """Return the ratios with the widest interval after ``blocks`` and its half-width."""
    complete = [ratios for ratios in compared if ratios.is_complete(blocks)]
    known = [(ratios, ratios.half_width(blocks)) for ratios in complete]
    return max(known, key=lambda each: each[1], default=None)


def width_in_words(ratios: BlockRatios, half_width: float, wanted: float) -> str:
    """Say how wide an interval is, e.g. ``throughput of a against b (uvloop): ±12 % …``."""
    return (
        f"the interval of {ratios.metric} of {ratios.candidate} against {ratios.baseline} "
        f"({ratios.place}) is ±{number(100.0 * half_width)} %, wanted ±{number(100.0 * wanted)} %"
    )


def _ratios(name: str, baseline: Cell, candidate: Cell) -> BlockRatios:
    over, under = paired(candidate, baseline, name)
    is_loop = candidate.loop != baseline.loop
    return BlockRatios(
        metric=name,
        candidate=candidate.loop if is_loop else candidate.subject,
        baseline=baseline.loop if is_loop else baseline.subject,
        place=candidate.subject if is_loop else candidate.loop,
        ratios={block: value / under[block] for block, value in over.items()},
    )
