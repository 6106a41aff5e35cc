"""What keeps a difference from being called one, and when two sides are equivalent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.analysis.result import Comparison
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    Make,
    analysed,
    failure,
    row,
    scenario_text,
)

BASELINE = '[baseline]\nsubjects = ["base"]'


def factors(**by_subject: tuple[float, ...]) -> Make:
    """Give put, block by block, 2 ms times the subject's factor."""

    def make(trial: Trial) -> Left:
        factor = by_subject.get(trial.subject, (1.0,) * 9)[trial.repetition]
        return Left(Load(put=round(2 * MS * factor)))

    return make


def put_p50(directory: Path, make: Make, subjects: str, effect: float = 0.1) -> Comparison:
    """Return how x compares with base in put.response.p50."""
    top = f"smallest_effect = {effect}"
    text = scenario_text(subjects, repetitions=5, tables=BASELINE, top=top)
    return next(
        c
        for c in analysed(directory, make, text).comparisons
        if (c.metric.name, c.candidate) == ("put.response.p50", "x")
    )


CLOSE = (1.03, 1.04, 1.03, 1.05, 1.04)
WIDE = (0.8, 1.3, 1.0, 0.7, 1.2)


@pytest.mark.parametrize(
    ("x", "effect", "outcome"),
    [(CLOSE, 0.1, "equivalent"), (CLOSE, 0.03, "worse"), (WIDE, 0.1, "unresolved")],
)
def test_what_differs_by_less_than_is_of_interest_is_equivalent(
    tmp_path: Path, x: tuple[float, ...], effect: float, outcome: str
) -> None:
    found = put_p50(tmp_path, factors(x=x), "base x", effect)

    assert (found.outcome, found.smallest_effect) == (outcome, effect)
    assert found.cause == ("interval" if outcome == "unresolved" else "")


def test_an_aa_arm_that_departs_by_chance_leaves_equal_sides_equivalent(tmp_path: Path) -> None:
    make = factors(x=CLOSE, again=(0.9, 1.2, 1.1, 1.15, 1.05))
    found = put_p50(tmp_path, make, "base again=base x")

    assert found.noise_factor * found.effect.ratio > 1.1
    assert found.outcome == "equivalent"


def test_what_lacks_a_block_is_not_equivalent(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left | None:
        if (trial.subject, trial.repetition) == ("x", 1):
            return Left(changes=failure())
        return factors(x=CLOSE)(trial)

    found = put_p50(tmp_path, make, "base x")

    assert (found.outcome, found.cause) == ("unresolved", "blocks")


def test_among_many_comparisons_a_small_p_value_is_no_difference(tmp_path: Path) -> None:
    """An interval that excludes 1 by itself, and as many candidates that do not differ."""
    x = (1.25, 1.6, 1.2, 1.15, 1.5)
    others = {f"y{number}": WIDE for number in range(9)}
    alone = put_p50(tmp_path / "alone", factors(x=x), "base x")
    among = put_p50(tmp_path / "among", factors(x=x, **others), f"base x {' '.join(others)}")

    assert (alone.outcome, alone.family_size, alone.adjusted_p) == ("worse", 1, alone.p_value)
    assert (among.outcome, among.cause, among.family_size) == ("suggestive", "many comparisons", 10)
    assert among.effect.side()
    assert among.p_value == alone.p_value
    assert among.adjusted_p == pytest.approx(10 * (alone.p_value or 0.0))


def test_the_detectable_factor_stands_beside_the_ratio(tmp_path: Path) -> None:
    close = put_p50(tmp_path / "close", factors(x=CLOSE), "base x")
    wide = put_p50(tmp_path / "wide", factors(x=WIDE), "base x")

    assert 1.0 < (close.effect.detectable_factor or 0.0) < 1.05
    assert 1.4 < (wide.effect.detectable_factor or 0.0) < 1.7


def tails(factor: float) -> Make:
    """Give each trial 400 reads, all of 1 ms but for ten of up to 30 ms; those of x take longer."""

    def make(trial: Trial) -> Left:
        service = np.full(400, float(MS))
        service[::40] = np.geomspace(MS, 30 * MS, 10)
        service *= factor if trial.subject == "x" else 1.0
        rows = (row("get_tuple", at * 10, round(ns)) for at, ns in enumerate(service))
        return Left(Load(clients=0, extra=tuple(rows)))

    return make


def get_p99(directory: Path, make: Make) -> Comparison:
    text = scenario_text("base x", repetitions=5, tables=BASELINE)
    return next(
        c
        for c in analysed(directory, make, text).comparisons
        if c.metric.name == "get_tuple.response.p99"
    )


def test_tails_of_few_operations_that_agree_by_luck_show_no_difference(tmp_path: Path) -> None:
    """Every block has the same ratio, but each p99 is one of ten operations far apart."""
    luck, sure = (get_p99(tmp_path / str(factor), tails(factor)) for factor in (1.2, 40.0))

    assert luck.effect.side()
    assert luck.tail_disagrees
    assert (luck.outcome, luck.cause) == ("unresolved", "tail")
    assert sure.outcome == "worse"
    assert not sure.tail_disagrees
    assert 1.0 < (sure.tail_low or 0.0) <= sure.effect.ratio <= (sure.tail_high or 0.0)


def test_tails_that_agree_by_luck_are_not_equivalent_either(tmp_path: Path) -> None:
    found = get_p99(tmp_path, tails(1.01))

    assert (found.effect.low, found.effect.high) == pytest.approx((1.01, 1.01), rel=1e-3)
    assert found.outcome == "unresolved"


def test_medians_have_no_tail_interval(tmp_path: Path) -> None:
    found = put_p50(tmp_path, factors(x=CLOSE), "base x")

    assert (found.tail_low, found.tail_high, found.tail_disagrees) == (None, None, False)
