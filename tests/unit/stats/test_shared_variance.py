"""Variances of few values that know each other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.stats.shared_variance import FEWEST, MOST_PRIOR, prior_of
from bench.stats.shared_variance import moderated as moderated_in_groups

DEGREES = 4.0


def moderated(variances: np.ndarray, degrees: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moderate variances none of which rests on the noise of another."""
    return moderated_in_groups(variances, degrees, range(len(variances)))


def sample(truth: list[float] | np.ndarray, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return sample variances around those that are true, and their degrees of freedom."""
    degrees = np.full(len(truth), DEGREES)
    drawn = np.random.default_rng(seed).chisquare(degrees) / degrees
    return np.asarray(truth) * drawn, degrees


def test_the_prior_is_found_again() -> None:
    generator = np.random.default_rng(3)
    for degrees in (3.0, 12.0):
        truth = 0.5 * degrees / generator.chisquare(degrees, 20_000)
        found = prior_of(*sample(truth))

        assert found.degrees == pytest.approx(degrees, rel=0.1)
        assert found.variance == pytest.approx(0.5, rel=0.05)


def test_variances_that_are_all_the_same_move_as_far_as_the_prior_may_count() -> None:
    variances = np.array([0.9, 1.0, 1.1, 1.05, 0.95, 1.0])
    degrees = np.array([4.0, 4.0, 4.0, 3.0, 4.0, 4.0])
    found, known = moderated(variances, degrees)

    pooled = np.average(variances, weights=degrees)
    assert found == pytest.approx((variances + MOST_PRIOR * pooled) / (1.0 + MOST_PRIOR))
    assert known.tolist() == ((1.0 + MOST_PRIOR) * degrees).tolist()


@pytest.mark.parametrize(("groups", "expected"), [(1, 4.0), (2, 8.0), (6, 16.0)])
def test_what_has_one_baseline_knows_no_more_than_its_blocks(groups: int, expected: float) -> None:
    variances = np.array([0.9, 1.0, 1.1, 1.05, 0.95, 1.0])
    of_each = [at % groups for at in range(6)]
    _, known = moderated_in_groups(variances, np.full(6, DEGREES), of_each)

    assert known.tolist() == [expected] * 6


def test_who_has_fewer_blocks_gets_up_to_those_of_the_one_in_its_group_that_has_most() -> None:
    variances = np.array([0.9, 1.0, 1.1, 1.05, 0.95, 1.0])
    _, known = moderated_in_groups(variances, np.array([4.0, 2.0, 4.0, 3.0, 4.0, 4.0]), ["one"] * 6)

    assert known.tolist() == [4.0] * 6


def test_each_moves_towards_what_they_have_in_common_by_how_much_they_resemble() -> None:
    truth = 5.0 / np.random.default_rng(2).chisquare(5.0, 200)
    variances, degrees = sample(truth)
    prior = prior_of(variances, degrees)
    found, known = moderated(variances, degrees)

    assert prior.degrees < MOST_PRIOR * 4.0
    expected = (prior.degrees * prior.variance + 4.0 * variances) / (prior.degrees + 4.0)
    assert found == pytest.approx(expected)
    assert known == pytest.approx(np.full(200, 4.0 + prior.degrees))
    assert np.mean(np.log(found / truth) ** 2) < 0.5 * np.mean(np.log(variances / truth) ** 2)


def test_one_that_is_much_larger_keeps_its_own_and_spoils_nothing() -> None:
    variances, degrees = sample([1.0] * 20)
    with_one = np.append(variances, 500.0)
    found, known = moderated(with_one, np.append(degrees, DEGREES))
    without, known_without = moderated(variances, degrees)

    assert (found[-1], known[-1]) == (500.0, DEGREES)
    assert found[:-1] == pytest.approx(without)
    assert known[:-1] == pytest.approx(known_without)


def test_two_kinds_that_no_prior_describes_share_nothing() -> None:
    truth = [1.0] * 60 + [1e6] * 60
    variances, degrees = sample(truth)
    found, known = moderated(variances, degrees)

    assert found.tolist() == variances.tolist()
    assert known.tolist() == degrees.tolist()


@pytest.mark.parametrize("count", range(1, FEWEST))
def test_few_variances_share_nothing(count: int) -> None:
    variances = np.linspace(1.0, 1.2, count)
    found, known = moderated(variances, np.full(count, DEGREES))

    assert found.tolist() == variances.tolist()
    assert known.tolist() == [DEGREES] * count


def test_what_does_not_vary_has_no_part_in_it() -> None:
    variances, degrees = sample([1.0] * 10)
    found, known = moderated(np.append(variances, 0.0), np.append(degrees, DEGREES))

    assert (found[-1], known[-1]) == (0.0, DEGREES)
    assert found[:-1] == pytest.approx(moderated(variances, degrees)[0])


@pytest.mark.parametrize("spread", [0.0, 0.4, 1.0])
def test_the_moderated_t_holds_its_level_however_much_variances_differ(spread: float) -> None:
    generator = np.random.default_rng(7)
    alarms = tests = 0
    for _ in range(300):
        deviations = np.exp(generator.normal(0.0, spread / 2.0, 24))
        values = generator.normal(0.0, 1.0, (24, 5)) * deviations[:, None]
        found, known = moderated(values.var(axis=1, ddof=1), np.full(24, DEGREES))
        students = np.abs(values.mean(axis=1)) / np.sqrt(found / 5.0)
        alarms += int(np.sum(2.0 * stats.t.sf(students, known) < 0.05))
        tests += 24

    # Of a hundred intervals 93 to 97 hold the truth.
    assert 0.03 < alarms / tests < 0.07
