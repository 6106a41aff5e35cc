from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.estimation import LOWER_BOUND
from bench.errors import InvalidMeasurementError
from bench.report.format import (
    CORES,
    DURATIONS,
    NUMBERS,
    PERCENT,
    RATES,
    SIZES,
    SPACE,
    Scale,
    choose_scale,
    count,
    estimated,
    interval,
    number,
    one_line,
    quantity,
    scaled,
    scales_of,
    shortened,
)
from bench.scenario.metric import ERRORS, THROUGHPUT, Metric, time_metric
from tests.unit.reporters.synthetic import estimate, not_estimable, reading_metric

NS, US, MS, S = DURATIONS
PUT = time_metric("put", "response", "p50")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (1.0, "1.00"),
        (12.345, "12.3"),
        (123.45, "123"),
        (0.012349, "0.0123"),
        (999.4, "999"),
        (999.6, "1 000"),
        (9.996, "10.0"),
        (1234.0, "1 230"),
        (1234567.0, "1 230 000"),
        (-1.5, "−1.50"),
        (0.000001234, "0.00000123"),
        (0.0000001234, "1.23e-7"),
        (1.5e15, "1.50e15"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
    ],
)
def test_a_number_has_three_significant_digits(value: float, expected: str) -> None:
    assert expected.replace(" ", SPACE) == number(value)


def test_a_number_may_have_fewer_digits() -> None:
    assert number(0.4567, 2) == "0.46"


def test_what_is_not_a_number_is_refused() -> None:
    with pytest.raises(InvalidMeasurementError, match="NaN"):
        number(float("nan"))


def test_a_count_is_written_in_full() -> None:
    assert f"1{SPACE}234{SPACE}567" == count(1234567.0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1e6], MS),
        ([999_999.999_99], MS),
        ([999e3], US),
        ([12.0], NS),
        ([4e9], S),
        ([62e3, 1.8e6, 4.1e6, 2.4e6], MS),
        ([62e3, 900e3, 800e3, 1.1e6], US),
        ([None, 0.0, 3e6], MS),
        ([], NS),
        ([0.0, None], NS),
    ],
)
def test_a_column_has_the_unit_that_writes_it_shortest(
    values: list[float | None], expected: Scale
) -> None:
    assert expected == choose_scale(values, DURATIONS)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (PUT, DURATIONS),
        (THROUGHPUT, RATES),
        (ERRORS, PERCENT),
        (reading_metric("server.cpu_share", "ratio"), CORES),
        (reading_metric("something", "ratio"), NUMBERS),
        (reading_metric("worker.uss_peak", "bytes"), SIZES),
        (reading_metric("gc.collections", "count"), NUMBERS),
    ],
)
def test_every_metric_has_its_units(metric: Metric, expected: tuple[Scale, ...]) -> None:
    assert expected == scales_of(metric)


@pytest.mark.parametrize(
    ("value", "scales", "expected"),
    [
        (1_234_567.0, DURATIONS, "1.23 ms"),
        (1_450.0, SIZES, "1.45 kB"),
        (103e6, SIZES, "103 MB"),
        (0.0021, PERCENT, "0.210%"),
        (254.0, RATES, "254/s"),
        (0.71, CORES, "0.710 cores"),
        (3.0, NUMBERS, "3.00"),
        (None, SIZES, "–"),
    ],
)
def test_a_quantity_stands_with_its_unit(
    value: float | None, scales: tuple[Scale, ...], expected: str
) -> None:
    assert expected.replace(" ", SPACE) == quantity(value, scales)


def test_an_interval_is_in_the_unit_of_its_column() -> None:
    assert interval(1.1e6, 2.34e6, MS) == "[1.10, 2.34]"
    assert interval(0.86, 1.19) == "[0.860, 1.19]"


@pytest.mark.parametrize(("low", "high"), [(None, 1.0), (1.0, None), (None, None)])
def test_half_an_interval_is_none(low: float | None, high: float | None) -> None:
    assert interval(low, high) == ""


def test_an_absent_value_is_a_dash() -> None:
    assert scaled(None, MS) == "–"


def test_an_estimate_has_value_and_interval() -> None:
    found = estimate(PUT, 2e6)
    assert found.low is not None
    assert found.value is not None
    text, between, why_not = estimated(found, MS)
    assert number(found.value / 1e6) == text
    assert interval(found.low, found.high, MS) == between
    assert why_not == ""


def test_an_estimate_without_interval_says_how_it_was_made() -> None:
    single = replace(estimate(PUT, 2e6, trials=1), method="the value of one trial")
    assert estimated(single, MS)[1:] == ("", "the value of one trial")


def test_a_lower_bound_is_marked() -> None:
    bound = replace(estimate(PUT, 2e6), value=5e6, low=None, high=None, method=LOWER_BOUND)
    assert estimated(bound, MS) == (f"≥{SPACE}5.00", "", LOWER_BOUND)


def test_what_is_not_estimable_says_why() -> None:
    assert estimated(not_estimable(PUT, "too few"), MS) == ("not estimable", "", "too few")
    assert estimated(not_estimable(PUT, ""), MS)[2] == "no reason was recorded"


def test_one_line_is_one_line() -> None:
    assert one_line("  a\n\n b\u2028c\t d ") == "a b c d"


def test_long_text_is_cut_off_with_an_ellipsis() -> None:
    assert shortened("a line", 6) == "a line"
    assert shortened("a longer line", 9) == "a longer…"
