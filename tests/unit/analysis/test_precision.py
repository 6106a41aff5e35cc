"""The rule for more blocks: it looks at widths, late enough, and its intervals still cover."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from bench.analysis.cell import Cell
from bench.analysis.precision import (
    blocks_after,
    half_width,
    looks,
    precise_after,
    widest,
    width_in_words,
)
from bench.analysis.result import Comparison
from bench.scenario.metric import Metric
from bench.stats.effects import Floats, effect
from tests.unit.stats.intervals_of_many import intervals

Counts = npt.NDArray[np.int64]


def compared(ratios: Sequence[float], metric: str = "put.response.p50") -> Comparison:
    base = Cell("all", "base", loop="uvloop")
    return Comparison(
        metric=Metric(metric, "ns", "lower", ""),
        candidate_cell=replace(base, subject="x"),
        baseline_cell=base,
        effect=effect(ratios, [1.0] * len(ratios)),
        ratios=dict(enumerate(ratios)),
    )


def spread(share: float, blocks: int, centre: float = 1.0) -> list[float]:
    """Ratios that go up and down by ``share``."""
    return [centre * (1.0 + share) ** (-1) ** block for block in range(blocks)]


def test_the_half_width_is_the_larger_side_of_the_interval_of_the_effect() -> None:
    ratios = [1.0, 1.1, 1.3, 1.0, 1.2, 1.9, 1.1, 1.05]
    found = effect(ratios, [1.0] * 8)
    assert found.low is not None
    assert found.high is not None

    sides = (found.high / found.ratio - 1.0, found.ratio / found.low - 1.0)
    assert sides[0] != pytest.approx(sides[1], rel=0.05)
    assert half_width(compared(ratios), 8) == max(sides)


def test_a_single_block_has_no_width() -> None:
    assert half_width(compared([1.0]), 1) == math.inf


@pytest.mark.parametrize("centre", [0.2, 1.0, 7.0])
def test_where_the_interval_lies_does_not_matter(centre: float) -> None:
    """Not even whether it holds 1."""
    narrow = compared(spread(0.03, 12, centre))
    wide = compared(spread(0.08, 12, centre))

    assert precise_after([narrow], 0.05, range(10, 13)) == 10
    assert precise_after([wide], 0.05, range(10, 13)) is None


def test_all_ratios_must_be_precise_at_the_same_look() -> None:
    settles = compared([*spread(0.2, 10), *[1.0] * 40])
    steady = compared(spread(0.01, 50), "throughput")
    alone = precise_after([settles], 0.05, range(10, 51))

    assert alone is not None
    assert alone > 10
    assert precise_after([steady, settles], 0.05, range(10, 51)) == alone


def test_ratios_that_lack_a_block_have_no_part_in_it() -> None:
    lacking = replace(compared([1.0, 1.0]), ratios={0: 1.0, 2: 9.0})

    assert precise_after([compared(spread(0.01, 12)), lacking], 0.05, range(10, 13)) == 10
    assert widest([lacking], 3) is None


def test_no_look_finds_nothing() -> None:
    assert precise_after([compared(spread(0.0, 5))], 0.05, looks(5, 5)) is None


def test_the_first_look_is_at_ten_blocks_or_at_four_fifths_of_the_certain_ones() -> None:
    assert list(looks(5, 12)) == [10, 11, 12]
    assert list(looks(12, 12)) == [10, 11, 12]
    assert list(looks(20, 20)) == [16, 17, 18, 19, 20]
    assert list(looks(5, 9)) == []


@pytest.mark.parametrize(("precise", "blocks"), [(10, 13), (11, 14), (12, 15), (16, 20)])
def test_a_quarter_as_many_blocks_follow_unseen(precise: int, blocks: int) -> None:
    assert blocks_after(precise) == blocks


@pytest.mark.parametrize("certain", range(13, 60))
def test_what_is_precise_from_the_start_gets_no_more_than_the_certain_blocks(certain: int) -> None:
    assert blocks_after(looks(certain, certain).start) <= certain


def test_the_widest_is_told_with_its_figures() -> None:
    wide = compared(spread(0.2, 10), "throughput")
    found = widest([compared(spread(0.1, 10)), wide], 10)

    assert found is not None
    assert found[0] is wide
    assert width_in_words(wide, 0.1234, 0.05) == (
        "the interval of throughput of x against base (uvloop) is ±12.3 %, wanted ±5 %"
    )


def stopped_at(runs: Floats, half_width: float, certain: int, most: int) -> Counts:
    """Return how many blocks the rule measures of each run (runs, blocks)."""
    counts = np.full(len(runs), most)
    measuring = np.arange(len(runs))
    for look in looks(certain, most - 1):
        found = intervals(runs[measuring, :look])
        is_precise = found.half_width <= math.log1p(half_width)
        counts[measuring[is_precise]] = min(most, max(certain, blocks_after(look)))
        measuring = measuring[~is_precise]
        if not measuring.size:
            break
    # That it is the rule is looked at, not taken for granted.
    for run in range(20):
        ratios = compared(np.exp(runs[run]).tolist())
        precise = precise_after([ratios], half_width, looks(certain, most - 1))
        blocks = most if precise is None else min(most, max(certain, blocks_after(precise)))
        assert counts[run] == blocks
    return counts


DRAWS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda generator, size: generator.normal(size=size),
    "gumbel": lambda generator, size: generator.gumbel(size=size),
    "lognormal": lambda generator, size: np.exp(0.8 * generator.normal(size=size)),
    "difference": lambda generator, size: (
        generator.gumbel(size=size) - 0.5 * generator.gumbel(size=size)
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [10, 20])
@pytest.mark.parametrize("name", DRAWS)
def test_intervals_cover_as_they_say_though_they_decide_how_long_is_measured(
    name: str, blocks: int
) -> None:
    """With 6 blocks for certain and 40 at most, where about ``blocks`` are precise enough."""
    generator = np.random.default_rng(0)
    draw, scale = DRAWS[name], 0.1
    many = draw(generator, 2_000_000)
    # What Hodges and Lehmann estimate: the median of the mean of two.
    centre = float(np.median(many.reshape(2, -1).mean(axis=0)))
    half_width = math.exp(scale * 1.96 * float(many.std()) / math.sqrt(blocks)) - 1.0
    runs = scale * (draw(generator, 1500 * 40).reshape(1500, 40) - centre)
    counts = stopped_at(runs, half_width, 6, 40)
    covers = [intervals(runs[counts == count, :count]).covers for count in np.unique(counts)]

    assert np.concatenate(covers).mean() >= 0.93
