"""Figures in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.wording import figure, listed, quantity
from bench.scenario.metric import Unit


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (1.2345, "1.23"),
        (0.000123456, "0.000123"),
        (999.6, "1000"),
        (12345.0, "12300"),
        (float("inf"), "∞"),
        (-2.5, "-2.5"),
    ],
)
def test_three_significant_digits(value: float, expected: str) -> None:
    assert figure(value) == expected


@given(value=st.floats(1e-6, 1e12))
def test_a_figure_is_within_half_a_percent_and_has_no_exponent(value: float) -> None:
    assert float(figure(value)) == pytest.approx(value, rel=0.005)
    assert "e" not in figure(value)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1_250_000.0, "ns", "1.25 ms"),
        (999.0, "ns", "999 ns"),
        (2e9, "ns", "2 s"),
        (0.0, "ns", "0 ns"),
        (90_500_000.0, "bytes", "90.5 MB"),
        (1013.0, "per_s", "1010/s"),
        (0.25, "ratio", "0.25"),
    ],
)
def test_quantities_have_the_unit_that_suits_them(value: float, unit: Unit, expected: str) -> None:
    assert quantity(value, unit) == expected


@pytest.mark.parametrize(
    ("parts", "most", "expected"),
    [
        ([], 0, ""),
        (["a"], 0, "a"),
        (["a", "b"], 0, "a and b"),
        (["a", "b", "c"], 0, "a, b and c"),
        (["a", "b", "c", "d"], 2, "a, b and 2 more"),
    ],
)
def test_lists(parts: list[str], most: int, expected: str) -> None:
    assert listed(parts, most) == expected
