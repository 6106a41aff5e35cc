"""Dominance, choice, and what would change it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.analysis.cell import Cell
from bench.decide._scoring import flips, undominated
from bench.stats.steadiness import Drift
from tests.unit.decide.deciding import (
    GET,
    MS,
    NOISY,
    PUT,
    around,
    cell,
    decided,
    two_drivers,
)


def test_the_score_is_the_weighted_geometric_mean_of_ratios_to_the_best() -> None:
    decision = decided(two_drivers(a=(1, 8), b=(2, 1)), {PUT: 3, GET: 1})

    assert decision.option("a").costs == pytest.approx({PUT: 1.0, GET: 8.0})
    assert decision.option("b").costs == pytest.approx({PUT: 2.0, GET: 1.0})
    assert decision.option("a").score == pytest.approx(8 ** (1 / 4))
    assert decision.option("b").score == pytest.approx(2 ** (3 / 4))
    # 8^¼ and 2^¾ are the same.
    assert (decision.outcome, decision.exit_code) == ("undecided", 3)


def test_more_is_better_where_the_metric_says_so() -> None:
    cells = [cell("a", {"throughput": around(50.0)}), cell("b", {"throughput": around(200.0)})]

    decision = decided(cells, {"throughput": 1})

    assert decision.choice == "b"
    assert decision.option("a").costs["throughput"] == pytest.approx(4.0)


def test_what_is_nowhere_better_and_somewhere_worse_is_dominated() -> None:
    decision = decided(two_drivers(a=(1, 5), b=(2, 5), c=(3, 1)), {PUT: 1, GET: 1})

    standings = {o.subject: o.standing for o in decision.options}
    assert standings == {"a": "remains", "b": "dominated", "c": "chosen"}
    assert decision.option("b").dominated_by == ("a",)


def test_a_difference_that_is_not_resolved_counts_as_none() -> None:
    cells = [
        cell("a", {PUT: around(1.0 * MS), GET: around(1.2 * MS, NOISY)}),
        cell("b", {PUT: around(2.0 * MS), GET: around(1.0 * MS)}),
    ]

    decision = decided(cells, {PUT: 1, GET: 10})

    assert decision.option("b").dominated_by == ("a",)
    assert decision.choice == "a"


def test_better_in_one_place_alone_is_not_dominated() -> None:
    cells = [
        cell("a", {PUT: around(1 * MS)}),
        cell("b", {PUT: around(4 * MS)}),
        cell("a", {PUT: around(2 * MS)}, arrival="many"),
        cell("b", {PUT: around(1 * MS)}, arrival="many"),
    ]

    decision = decided(cells, {PUT: 1})

    assert decision.option("b").dominated_by == ()
    assert decision.choice == "a"
    assert [(place.arrival, gap.rival) for place, gap in decision.by_place.items()] == [
        ("one", "b"),
        ("many", "b"),
    ]
    assert [gap.ratio for gap in decision.by_place.values()] == pytest.approx([4.0, 0.5], rel=0.01)
    (difference,) = decision.rivalries[0].differences
    assert difference.better == ("steps · 1k · one · selector",)
    assert difference.worse == ("steps · 1k · many · selector",)


def test_what_is_dominated_does_not_dominate() -> None:
    beaten_by: dict[str, set[str]] = {"z": set(), "x": {"z"}, "y": {"x"}}

    assert undominated(beaten_by) == {"x": ("z",)}


def test_those_that_dominate_each_other_in_a_ring_all_stay() -> None:
    assert undominated({"a": {"c"}, "b": {"a"}, "c": {"b"}}) == {}


def test_leaders_that_the_data_do_not_tell_apart_are_not_decided_between() -> None:
    cells = [
        cell("a", {PUT: around(1.0 * MS, NOISY)}),
        cell("b", {PUT: around(1.1 * MS)}),
        cell("c", {PUT: around(40 * MS)}),
    ]

    decision = decided(cells, {PUT: 1})

    assert (decision.outcome, decision.exit_code) == ("undecided", 3)
    assert decision.leading == ("a", "b")
    assert [o.standing for o in decision.options] == ["leading", "leading", "dominated"]


def test_a_single_repetition_tells_nothing_apart() -> None:
    cells = [cell("a", {PUT: (1 * MS,)}), cell("b", {PUT: (9 * MS,)})]

    decision = decided(cells, {PUT: 1})

    assert decision.outcome == "undecided"
    assert decision.rivalries[0].why_not == "a single repetition has no interval"


def test_a_ratio_within_what_the_same_subject_differs_by_is_no_difference() -> None:
    first, second = two_drivers(a=(1.0, 1), b=(1.2, 1))
    again = cell("a-again", {PUT: around(1.3 * MS), GET: around(MS)}, aa_of="a", plugin="a")

    assert decided([first, second], {PUT: 1}).outcome == "decided"
    decision = decided([first, second, again], {PUT: 1})
    assert decision.outcome == "undecided"
    assert decision.rivalries[0].noise_factor == pytest.approx(1.3)
    assert [o.subject for o in decision.options] == ["a", "b"]


def test_an_unsteady_cell_tells_nothing_apart() -> None:
    first, second = two_drivers(a=(1, 1), b=(2, 2))
    drift = Drift(change=0.2, trials=5, p_value=0.001, is_systematic=True)
    moving = replace(second, drifts={"put.response": drift})

    decision = decided([first, moving], {PUT: 1})

    assert decision.outcome == "undecided"
    assert "put.response rose by 20 %" in decision.rivalries[0].why_not


def test_the_only_option_that_is_left_is_chosen() -> None:
    limit = f'[[limits]]\nrequire = "{PUT} <= 5 ms"'

    decision = decided(two_drivers(a=(1, 1), b=(9, 9)), {PUT: 1}, limit)

    assert (decision.choice, decision.outcome, decision.rivalries) == ("a", "decided", ())


def test_the_weight_at_which_the_choice_flips_is_exact() -> None:
    # a has the better put by ln 4, b the better get_tuple by ln 2: equal where 4^p = 2^g.
    decision = decided(two_drivers(a=(1, 2), b=(4, 1)), {PUT: 3, GET: 1})

    assert decision.choice == "a"
    assert [(flip.metric, flip.direction, flip.winner) for flip in decision.flips] == [
        (PUT, "below", "b"),
        (GET, "above", "b"),
    ]
    assert [flip.at for flip in decision.flips] == pytest.approx([0.5, 6.0])


def test_the_first_that_takes_over_is_told() -> None:
    # Against the choice (0, 0): far wins if y > 4 x, near if y > 2 x.
    costs = {
        "choice": {"x": 0.0, "y": 0.0},
        "far": {"x": 4.0, "y": -1.0},
        "near": {"x": 2.0, "y": -1.0},
    }

    found = flips({"x": 1.0, "y": 1.0}, costs, "choice")

    assert [(f.metric, f.direction, f.at, f.winner) for f in found] == [
        ("x", "below", 0.5, "near"),
        ("y", "above", 2.0, "near"),
    ]


def test_a_driver_that_can_change_nothing_has_no_flip() -> None:
    assert decided(two_drivers(a=(1, 1), b=(4, 1)), {PUT: 1, GET: 1}).flips == ()


def test_the_ends_of_the_intervals_are_looked_at() -> None:
    cells = [
        cell("a", {PUT: around(1 * MS), GET: around(1 * MS, NOISY)}),
        cell("b", {PUT: around(2 * MS), GET: around(1 * MS)}),
    ]

    (rivalry,) = decided(cells, {PUT: 1, GET: 3}).rivalries

    first, second = rivalry.differences
    assert (first.flips_alone, second.flips_alone) == (False, True)
    assert second.low is not None
    assert first.low is not None
    assert rivalry.worst_ratio == pytest.approx(first.low ** (1 / 4) * second.low ** (3 / 4))


def test_drivers_that_weigh_the_same_thing_twice_are_told() -> None:
    cells = [cell("a", {PUT: around(MS), "throughput": around(9.0)})]

    assert "weigh the same thing twice" in decided(cells, {PUT: 1, "throughput": 1}).cautions[0]
    assert decided(cells, {PUT: 1, "throughput": 0}).cautions == ()


TIMES = st.floats(0.1, 100.0).map(lambda value: round(value, 2))
OPTIONS = st.lists(st.tuples(TIMES, TIMES, st.booleans()), min_size=2, max_size=4)
WEIGHT = st.floats(0.01, 100.0)


def cells_of(options: list[tuple[float, float, bool]]) -> list[Cell]:
    return [
        cell(
            f"s{at}",
            {PUT: around(put * MS, NOISY) if wide else around(put * MS), GET: around(get * MS)},
        )
        for at, (put, get, wide) in enumerate(options)
    ]


@given(OPTIONS, WEIGHT, WEIGHT, st.sampled_from([0.125, 0.5, 4.0, 1024.0]))
@settings(max_examples=12, deadline=None)
def test_scaling_all_weights_changes_nothing(
    options: list[tuple[float, float, bool]], put: float, get: float, scale: float
) -> None:
    cells = cells_of(options)
    first = decided(cells, {PUT: put, GET: get})
    second = decided(cells, {PUT: scale * put, GET: scale * get})

    assert (second.choice, second.outcome) == (first.choice, first.outcome)
    assert [f.at for f in second.flips] == pytest.approx([scale * f.at for f in first.flips])


@given(OPTIONS, WEIGHT, WEIGHT)
@settings(max_examples=12, deadline=None)
def test_removing_a_dominated_option_changes_nothing(
    options: list[tuple[float, float, bool]], put: float, get: float
) -> None:
    cells = cells_of(options)
    first = decided(cells, {PUT: put, GET: get})
    for option in first.options:
        if option.standing == "dominated":
            rest = [each for each in cells if each.subject != option.subject]
            second = decided(rest, {PUT: put, GET: get})
            assert (second.choice, second.outcome) == (first.choice, first.outcome)
            assert second.leading == first.leading


@given(OPTIONS, WEIGHT, WEIGHT)
@settings(max_examples=12, deadline=None)
def test_just_beyond_a_flip_the_winner_has_the_better_score(
    options: list[tuple[float, float, bool]], put: float, get: float
) -> None:
    cells = cells_of(options)
    weights = {PUT: put, GET: get}
    decision = decided(cells, weights)
    for flip in decision.flips:
        factor = 1.001 if flip.direction == "above" else 0.999
        moved = decided(cells, {**weights, flip.metric: factor * flip.at})
        before, after = (moved.option(s).score for s in (decision.choice, flip.winner))
        assert before is not None
        assert after is not None
        assert after < before or math.isclose(after, before)
