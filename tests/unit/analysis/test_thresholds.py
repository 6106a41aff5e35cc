"""Thresholds: every requirement × every cell that is meant, and the exit code that follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_PASS, EXIT_REGRESSION
from bench.records.outcome import Outcome
from bench.records.trial import Verification
from bench.scenario.metric import CYCLE
from bench.scenario.plan import Trial
from tests.unit.analysis.limits import limited, only, outcomes, put_ms, threshold
from tests.unit.analysis.paced import analysed_at, paced_text
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Make,
    changed,
    failure,
    healthy,
    only_for,
    reading,
    row,
    unsupported,
)

LOST = Verification(4, 40, lost=3, corrupted=0, unexpected=0, problems=("gone",))


def test_without_thresholds_nothing_is_judged(tmp_path: Path) -> None:
    assert limited(tmp_path, "").thresholds == ()


@pytest.mark.parametrize(
    ("require", "outcome", "value", "code"),
    [
        ("cycle.response.p50 < 4 ms", "met", 3.0 * MS, EXIT_PASS),
        ("cycle.response.p50 <= 3 ms", "met", 3.0 * MS, EXIT_PASS),
        ("cycle.response.p50 < 2900 us", "broken", 3.0 * MS, EXIT_REGRESSION),
        ("cycle.response.p50 > 3 ms", "broken", 3.0 * MS, EXIT_REGRESSION),
        ("cycle.response.p50 >= 3 ms and < 4 ms", "met", 3.0 * MS, EXIT_PASS),
        ("cycle.response.p50 > 3 ms and < 4 ms", "broken", 3.0 * MS, EXIT_REGRESSION),
        ("errors == 0", "met", 0.0, EXIT_PASS),
        ("errors >= 1%", "broken", 0.0, EXIT_REGRESSION),
        ("put.service.p50 <= 2 ms", "met", 2.0 * MS, EXIT_PASS),
    ],
)
def test_the_estimate_meets_the_limit_or_breaks_it(
    require: str, outcome: str, value: float, code: int, tmp_path: Path
) -> None:
    analysis = limited(tmp_path, threshold(require))
    found = only(analysis)

    assert (found.outcome, round(found.value or 0.0), found.reason) == (outcome, value, "")
    assert analysis.exit_code == code


def test_each_threshold_names_its_metrics(tmp_path: Path) -> None:
    tables = threshold("cycle.response.p50 <= 1 ms") + threshold("put.wait.p50 <= 1 ms")
    analysis = limited(tmp_path, tables, healthy(wait=MS))

    assert [(found.metric, found.outcome) for found in analysis.thresholds] == [
        ("cycle.response.p50", "broken"),
        ("put.wait.p50", "met"),
    ]
    assert [found.threshold for found in analysis.thresholds] == [0, 1]


def test_each_requirement_is_put_to_each_selected_cell(tmp_path: Path) -> None:
    tables = threshold("cycle.response.p50 < 4 ms", "errors == 0", subjects='["b", "c"]')
    make = only_for("c", put_ms(9))
    analysis = limited(tmp_path, tables, make, "a b c")

    assert outcomes(analysis) == [("b", "met"), ("c", "broken"), ("b", "met"), ("c", "met")]


def test_one_error_breaks_no_errors(tmp_path: Path) -> None:
    failed = row(CYCLE, 1, MS, outcome=Outcome.FAILED)
    found = only(limited(tmp_path, threshold("errors == 0"), healthy(extra=(failed,))))

    assert (found.outcome, found.unit, found.bounds) == ("broken", "ratio", (("==", 0.0),))


# Of 3, 3.3 and 3.6 ms: geometric mean 3.29 ms, Student's interval 2.61 to 4.14 ms.
SPREAD = put_ms(2.0, 2.3, 2.6)


@pytest.mark.parametrize(
    ("require", "estimate", "interval", "code"),
    [
        ("cycle.response.p50 < 5 ms", "met", "met", EXIT_PASS),
        ("cycle.response.p50 < 4 ms", "met", "not shown", EXIT_INCONCLUSIVE),
        ("cycle.response.p50 < 3 ms", "broken", "broken", EXIT_REGRESSION),
        ("cycle.response.p50 > 2 ms", "met", "met", EXIT_PASS),
        ("cycle.response.p50 > 3 ms", "met", "not shown", EXIT_INCONCLUSIVE),
    ],
)
def test_the_interval_must_meet_it_where_that_is_asked_for(
    require: str, estimate: str, interval: str, code: int, tmp_path: Path
) -> None:
    tables = threshold(require)
    by_estimate = limited(tmp_path / "estimate", tables, SPREAD)
    by_interval = limited(
        tmp_path / "interval", threshold(require, confidence='"interval"'), SPREAD
    )

    assert [only(by_estimate).outcome, only(by_interval).outcome] == [estimate, interval]
    assert by_interval.exit_code == code


def test_a_single_trial_shows_no_interval(tmp_path: Path) -> None:
    tables = threshold("cycle.response.p50 < 9 ms", confidence='"interval"') + threshold(
        "cycle.response.p50 < 9 ms"
    )
    analysis = limited(tmp_path, tables, repetitions=1)

    assert outcomes(analysis) == [("a", "not shown"), ("a", "met")]
    assert analysis.thresholds[0].reason == "one trial, no interval"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (changed(**unsupported("NotImplementedError", "no")), "unsupported, NotImplementedError"),
        (changed(**failure("OSError", "gone")), "failed, OSError: gone"),
        (lambda trial: None, "missing, no trial of it has a record yet"),
    ],
)
def test_a_cell_without_a_measurement_is_a_failure(make: Make, reason: str, tmp_path: Path) -> None:
    analysis = limited(tmp_path, threshold("errors == 0"), make)
    found = only(analysis)

    assert (found.outcome, found.value) == ("no data", None)
    assert reason in found.reason
    assert analysis.exit_code == EXIT_REGRESSION


@pytest.mark.parametrize(
    ("require", "reason"),
    [
        ("cycle.response.p99 < 20 ms", "p99 needs 368"),
        ("list.response.p50 < 20 ms", "list.response.p50 was not measured"),
        ("made.up < 20 MB", "made.up is in ns, which the limit is not"),
    ],
)
def test_no_figure_is_a_failure(require: str, reason: str, tmp_path: Path) -> None:
    make = changed(readings=(reading("made.up", 7.0),))
    analysis = limited(tmp_path, threshold(require), make)
    found = only(analysis)

    assert (found.outcome, found.value) == ("no data", None)
    assert reason in found.reason
    assert analysis.exit_code == EXIT_REGRESSION


def test_the_unit_of_a_reading_is_its_own(tmp_path: Path) -> None:
    make = changed(readings=(reading("made.up", 5e6, "bytes"),))
    found = only(limited(tmp_path, threshold("made.up <= 5 MB"), make))

    assert (found.outcome, found.unit, found.bounds) == ("met", "bytes", (("<=", 5e6),))


def test_a_part_of_the_trials_is_no_data(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return Left(changes=failure()) if trial.repetition == 1 else Left()

    analysis = limited(tmp_path, threshold("cycle.response.p50 < 4 ms"), make)

    assert only(analysis).outcome == "no data"
    assert "2 of 3 trials measured" in only(analysis).reason
    assert analysis.exit_code == EXIT_REGRESSION


def test_a_number_that_must_not_be_used_meets_nothing(tmp_path: Path) -> None:
    analysis = limited(tmp_path, threshold("cycle.response.p50 < 4 ms"), changed(verification=LOST))

    assert only(analysis).outcome == "invalid"
    assert "lost" in only(analysis).reason
    assert analysis.exit_code == EXIT_INVALID


@pytest.mark.parametrize(
    ("require", "outcome"),
    [
        ("put.response.p50 < 1 ms", "broken"),
        ("put.response.p50 > 1 ms", "met"),
        ("put.response.p50 < 90 ms", "not shown"),
        ("put.response.p50 > 90 ms", "not shown"),
        ("put.response.p50 > 1 ms and < 90 ms", "not shown"),
        ("put.response.p50 >= 10 ms and < 20 ms", "broken"),
    ],
)
def test_a_lower_bound_decides_only_what_lies_below_it(
    require: str, outcome: str, tmp_path: Path
) -> None:
    cut_off = tuple(row("put", 2, 50 * MS, outcome=Outcome.TIMED_OUT) for _ in range(60))
    tables = threshold(require)
    found = only(limited(tmp_path, tables, healthy(extra=cut_off)))

    assert found.outcome == outcome
    assert found.value == pytest.approx(50 * MS)


def test_broken_outranks_not_shown(tmp_path: Path) -> None:
    tables = threshold(
        "cycle.response.p50 < 4 ms", "cycle.response.p50 < 1 ms", confidence='"interval"'
    )
    analysis = limited(tmp_path, tables, SPREAD)

    assert [found.outcome for found in analysis.thresholds] == ["not shown", "broken"]
    assert analysis.exit_code == EXIT_REGRESSION


@pytest.mark.parametrize(
    ("confidence", "outcome"), [("estimate", "met"), ("interval", "not shown")]
)
def test_what_drifted_in_the_window_is_shown_to_meet_nothing(
    confidence: str, outcome: str, tmp_path: Path
) -> None:
    tables = threshold("cycle.response.p50 < 1 s", confidence=f'"{confidence}"')
    text = paced_text(top='primary_metrics = ["cycle.response.p50"]', tables=tables)
    found = only(analysed_at(tmp_path, text, service=20 * MS, growing=100_000))

    assert found.outcome == outcome
    assert found.reason.startswith("cycle.response rose by")
