"""Many comparisons read together: what belongs to a family, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bench.analysis.cell import Blocks, Cell
from bench.analysis.comparison import allowing_for_many, heeded
from bench.analysis.result import Comparison
from bench.scenario.durability import Durability
from bench.scenario.metric import time_metric
from bench.stats.effects import Effect, effect
from bench.stats.intervals import PAIRED, SHARED
from bench.stats.multiplicity import LEVEL, p_among


def of(p: float | None = None, blocks: int = 5, student: float | None = None) -> Effect:
    return Effect(1.0, None, None, None, None, p, None, blocks, 0.95, "", student)


def made(
    effect: Effect | None = None,
    name: str = "put.response.p50",
    *,
    ratios: Sequence[float] = (),
    family: str = "all",
    is_aa: bool = False,
    payload: str = "1k",
) -> Comparison:
    operation, time, statistic = name.split(".")
    baseline = Cell(
        "all", "a", payload=payload, durability=Durability.FSYNC, blocks=Blocks(planned=5)
    )
    return Comparison(
        metric=time_metric(operation, time, statistic),
        candidate_cell=replace(baseline, subject="b", aa_of="a" if is_aa else ""),
        baseline_cell=baseline,
        effect=effect or of(),
        ratios=dict(enumerate(ratios)),
        family=family,
    )


def test_each_metric_of_a_family_is_adjusted_for_itself() -> None:
    found = [
        made(of(0.01)),
        made(of(0.03)),
        made(of(0.03), family="other"),
        made(of(0.04), "get_tuple.response.p50"),
    ]
    adjusted = allowing_for_many(found)

    assert [c.adjusted_p for c in adjusted] == pytest.approx([0.02, 0.03, 0.03, 0.04])
    assert [c.family_size for c in adjusted] == [2, 2, 1, 1]
    assert {c.adjustment for c in adjusted} == {"Holm"}
    assert [c.p_value for c in adjusted] == [0.01, 0.03, 0.03, 0.04]


def test_what_has_no_family_is_explored_together() -> None:
    found = [
        made(of(0.01), "put.response.p99", family=""),
        made(of(0.03), family=""),
        made(of(0.04), "put.response.p90", family=""),
        made(of(0.04)),
    ]
    adjusted = allowing_for_many(found)

    assert [c.adjustment for c in adjusted] == ["Benjamini–Hochberg"] * 3 + ["Holm"]
    assert [c.adjusted_p for c in adjusted] == pytest.approx([0.03, 0.04, 0.04, 0.04])


def test_single_blocks_belong_to_no_family() -> None:
    adjusted = allowing_for_many([made(of(None, 1)), made(of(0.04))])

    assert [c.adjusted_p for c in adjusted] == [None, 0.04]
    assert [c.p_value for c in adjusted] == [None, 0.04]
    assert adjusted[1].family_size == 1


@pytest.mark.parametrize(
    ("blocks", "family", "is_student"),
    [
        (5, 100, False),
        (6, 1, False),
        (6, 2, True),
        (10, 25, False),
        (10, 26, True),
        (14, 60, False),
    ],
)
def test_student_t_stands_in_where_ranks_could_show_nothing(
    blocks: int, family: int, is_student: bool
) -> None:
    assert p_among(0.02, 0.001, blocks, family) == (0.001 if is_student else 0.02)


def test_six_blocks_can_show_a_large_difference_among_many() -> None:
    generator = np.random.default_rng(1)
    sides = generator.lognormal(0.0, 0.05, (2, 30, 6))
    found = [
        made(effect((2.0 * over).tolist(), under.tolist()))
        for over, under in zip(*sides, strict=True)
    ]
    adjusted = allowing_for_many(found)

    assert max(c.adjusted_p or 0.0 for c in adjusted) <= LEVEL


@pytest.mark.parametrize("family", ["all", ""])
def test_what_is_read_together_shares_what_is_known_of_its_variances(family: str) -> None:
    generator = np.random.default_rng(1)
    noise = generator.normal(0.0, 0.2, (12, 5))
    ratios = np.exp(noise - noise.mean(axis=1, keepdims=True) + 0.3).tolist()
    found = [
        made(effect(each, [1.0] * 5), ratios=each, family=family, payload=str(at))
        for at, each in enumerate(ratios)
    ]
    alone = allowing_for_many([replace(each, ratios={}) for each in found])
    together = allowing_for_many(found)

    assert {each.effect.method for each in together} == {SHARED}
    assert {each.effect.method for each in alone} == {PAIRED}
    assert sum((each.adjusted_p or 1.0) <= LEVEL for each in together) == 12
    assert sum((each.adjusted_p or 1.0) <= LEVEL for each in alone) < 12
    assert [each.effect.ratio for each in together] == pytest.approx(np.exp([0.3] * 12))


def test_the_detectable_factor_is_that_of_the_level_applied() -> None:
    ratios = [1.0, 1.1, 1.2, 0.9, 1.0]
    found = [made(effect(ratios, [1.0] * 5))] * 3
    adjusted = allowing_for_many(found)

    assert [each.level for each in adjusted] == pytest.approx([LEVEL / 3.0] * 3)
    assert adjusted[0].effect == found[0].effect.detectable_at(LEVEL / 3.0)


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [5, 10])
@pytest.mark.parametrize("shape", ["skewed", "normal"])
def test_five_of_a_hundred_families_without_a_difference_have_an_alarm(
    blocks: int, shape: str
) -> None:
    """Thirty candidates against one baseline that they share; the arms are skewed, as times are."""
    generator = np.random.default_rng(blocks)
    runs, alarms = 200, 0
    for _ in range(runs):
        if shape == "skewed":
            arms = generator.gamma(2.0, 0.1, (31, blocks))
        else:
            arms = generator.normal(0.0, 0.15, (31, blocks))
        ratios = np.exp(arms[1:] - arms[0]).tolist()
        found = [made(effect(each, [1.0] * blocks), ratios=each) for each in ratios]
        alarms += any(not heeded(compared, "report") for compared in allowing_for_many(found))

    # Three standard errors of a share of 5 %.
    assert alarms / runs <= LEVEL + 3.0 * np.sqrt(LEVEL * (1.0 - LEVEL) / runs)
