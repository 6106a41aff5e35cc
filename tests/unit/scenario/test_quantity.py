"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import InvalidMeasurementError
from bench.scenario.metric import ERRORS, THROUGHPUT, Metric, Unit, time_metric
from bench.scenario.quantity import (
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
    interval,
    number,
    quantity,
    quantity_and_interval,
    scaled,
    scales_of,
)
from tests.unit.reporters.synthetic import reading_metric

NS, US, MS, S = DURATIONS
PUT = time_metric("put", "response", "p50")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (1.2, "1.2"),
        (1.2004, "1.20"),
        (0.9996, "1.00"),
        (29.000000000000004, "29"),
        (12.345, "12.3"),
        (123.45, "123"),
        (0.012349, "0.0123"),
        (999.4, "999"),
        (999.6, "1 000"),
        (9.996, "10.0"),
        (1234.0, "1 230"),
        (1234567.0, "1 230 000"),
        (-1.5, "−1.5"),
        (0.000001234, "0.00000123"),
        (0.0000001234, "1.23e-7"),
        (1.5e15, "1.5e15"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
    ],
)
def test_a_number_has_three_significant_digits(value: float, expected: str) -> None:
    assert expected.replace(" ", SPACE) == number(value)


@given(value=st.floats(1e-6, 1e12))
def test_a_number_is_within_half_a_percent(value: float) -> None:
    assert float(number(value).replace(SPACE, "")) == pytest.approx(value, rel=0.005)


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
    ("value", "unit", "expected"),
    [
        (1_234_567.0, "ns", "1.23 ms"),
        (999_999.9, "ns", "1.00 ms"),
        (1_450.0, "bytes", "1.45 kB"),
        (103e6, "bytes", "103 MB"),
        (2_540.0, "per_s", f"2{SPACE}540/s"),
        (0.0021, "ratio", "0.0021"),
        (3.0, "count", "3"),
    ],
)
def test_a_quantity_stands_with_its_unit(value: float, unit: Unit, expected: str) -> None:
    assert quantity(value, unit) == expected


def test_each_end_of_an_interval_has_the_unit_that_suits_it() -> None:
    assert quantity_and_interval(1e6, 999e3, 1.5e6, "ns") == ("1 ms", "[999 µs, 1.5 ms]")
    assert quantity_and_interval(1e6, None, 1.5e6, "ns") == ("1 ms", "")


def test_an_interval_is_in_the_unit_of_its_column() -> None:
    assert interval(1.1e6, 2.34e6, MS) == "[1.1, 2.34]"
    assert interval(0.86, 1.19) == "[0.86, 1.19]"


@pytest.mark.parametrize(("low", "high"), [(None, 1.0), (1.0, None), (None, None)])
def test_half_an_interval_is_none(low: float | None, high: float | None) -> None:
    assert interval(low, high) == ""


def test_an_absent_value_is_a_dash() -> None:
    assert scaled(None, MS) == "–"
