"""One condition of many refutes a claim only with allowance for how many there are."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from scipy import stats

from bench.analysis.answer.limits import beyond_chance, in_logarithms, outside_p
from bench.scenario.limits.limit import Range
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import MS, Left, Load, changed, failure, scenario_text
from tests.unit.claims.judged import claim, ratio, two_arms, verdict_on

OTHERS = tuple(f"more-{clients}" for clients in range(2, 12))
TABLES = "".join(
    f'[arrivals.more-{clients}]\nkind = "closed"\nclients = {clients}\n' for clients in range(2, 12)
)
# Log-ratios whose mean is 4.5 standard errors above 0: p = 0.01 for five blocks.
ABOVE = (0.010, 0.012, 0.030, 0.035, 0.022)


def test_the_p_value_is_that_of_student_against_the_nearest_end() -> None:
    values = [0.3, 0.5, 0.2, 0.45]
    for claimed, end in ((Range(-math.inf, 0.1), 0.1), (Range(0.9, math.inf), 0.9)):
        expected = stats.ttest_1samp(values, end).pvalue
        assert outside_p(values, claimed) == pytest.approx((expected, expected))


def test_where_the_interval_is_by_ranks_the_p_value_is_too() -> None:
    """An outlier that leaves the interval alone, and hides everything from Student's t."""
    values = [0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.17, 9.0]
    exact, student = outside_p(values, Range(-math.inf, 0.1), by_ranks=True) or (1.0, 1.0)

    assert (exact, student > 0.3) == (2.0 / 2.0**8, True)


def test_the_centre_is_that_of_the_interval() -> None:
    """Most values lie just inside, and the estimate of Hodges and Lehmann outside."""
    values = [-0.01] * 16 + [1.0 + 0.01 * k for k in range(14)]

    assert (outside_p(values, Range(-math.inf, 0.0), by_ranks=True) or (1.0, 1.0))[0] < 0.05


def test_an_outlier_does_not_save_a_claim(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        times = 1.1 + 0.01 * trial.repetition if trial.repetition < 7 else 9.0
        return Left(Load(put=round((times if trial.subject == "fast" else 1.0) * MS)))

    text = scenario_text("base fast", repetitions=8)

    assert verdict_on(tmp_path, make, claim(ratio("<= 1")), text).outcome == "refuted"


def test_inside_nothing_speaks_against_the_claim() -> None:
    assert outside_p([0.3, 0.5], Range(0.0, 1.0)) == (1.0, 1.0)


def test_what_never_varies_is_certain_and_one_value_says_nothing() -> None:
    assert outside_p([2.0, 2.0], Range(0.0, 1.0)) == (0.0, 0.0)
    assert outside_p([2.0], Range(0.0, 1.0)) is None


def test_logarithms_of_a_range() -> None:
    assert in_logarithms(Range(-math.inf, math.e)) == Range(-math.inf, 1.0)


def just_above(trial: Trial) -> Left:
    """The ratio is 1 but with the arrival "some": there its interval is just above 1."""
    sign = (-1) ** trial.repetition
    at = ABOVE[trial.repetition] if trial.arrival == "some" else 0.02 * sign
    put = math.exp(at) if trial.subject == "fast" else 1.0
    return Left(Load(put=round(put * MS)))


def test_where_all_fail_each_counts_by_itself_else_only_after_allowance() -> None:
    seems, does = (True, (0.04, 0.04), 5), (True, (0.001, 0.001), 5)
    inside, nothing = (False, (1.0, 1.0), 5), (False, None, 0)

    assert beyond_chance([seems] * 4) == [True] * 4
    assert beyond_chance([seems, nothing]) == [True, False]
    assert beyond_chance([seems, does, inside]) == [False, True, False]
    assert beyond_chance([]) == []


def test_fewer_than_three_blocks_have_no_interval(tmp_path: Path) -> None:
    text = scenario_text("base fast", repetitions=2)
    found = verdict_on(tmp_path, two_arms({"fast": 9.0}, 0.0), claim(ratio("<= 1")), text)

    assert found.outcome == "inconclusive"
    assert "fewer than 3 blocks have no interval" in found.because


def test_errors_of_a_saver_that_failed_everywhere_are_beyond_every_limit(tmp_path: Path) -> None:
    judged = claim('bounds]]\nsubjects = ["fast"]\nrequire = ["errors <= 5 %"]')

    assert verdict_on(tmp_path, changed(**failure()), judged).outcome == "refuted"


@pytest.mark.parametrize(
    ("arrivals", "expected"), [(("some",), "refuted"), (("some", *OTHERS), "inconclusive")]
)
def test_what_refutes_alone_may_be_chance_among_many(
    arrivals: tuple[str, ...], expected: str, tmp_path: Path
) -> None:
    text = scenario_text(
        "base fast",
        repetitions=5,
        arrivals=" ".join(arrivals),
        tables=TABLES,
        top="smallest_effect = 0.001",
    )
    verdict = verdict_on(tmp_path, just_above, claim(ratio("<= 1")), text)

    assert verdict.outcome == expected


def test_what_is_far_outside_refutes_among_many(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        left = just_above(trial)
        is_far = trial.subject == "fast" and trial.arrival == "some"
        return Left(Load(put=left.load.put * (3 if is_far else 1)))

    arrivals = " ".join(("some", *OTHERS))
    text = scenario_text("base fast", repetitions=5, arrivals=arrivals, tables=TABLES)

    assert verdict_on(tmp_path, make, claim(ratio("<= 1")), text).outcome == "refuted"


def test_a_metric_that_is_only_a_bound_refutes_nothing(tmp_path: Path) -> None:
    slower = two_arms({"fast": 3.0})
    cannot = claim(ratio("<= 1", "can_refute = false"))
    holding = claim(ratio(">= 1", "can_refute = false"))

    assert verdict_on(tmp_path / "outside", slower, cannot).outcome == "inconclusive"
    assert verdict_on(tmp_path / "inside", slower, holding).outcome == "supported"
