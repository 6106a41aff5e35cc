"""The grammar of requirements: what is read, what is refused, and in which words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.scenario.threshold import RATES, UNITS, Requirement, parse_requirement

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SHARES = ("", "%")
FRAGMENTS = (
    *("p", "rate", "metric", "(", ")", "99", "errors", "throughput", "put.wait.p50", "baseline"),
    *(" ", "<", "=", "!", ">", "*", "-", "1", ".", "e", "s", "m", "µ", "/s", "%", "B", "\n"),
)


@st.composite
def requirements(draw: st.DrawFn) -> Requirement:
    figure, argument, units = draw(
        st.one_of(
            st.tuples(
                st.just("p"),
                st.sampled_from(["50", "90", "99"]),
                st.sampled_from([("ns", "us", "µs", "ms", "s", "baseline")]),
            ),
            st.just(("rate", "errors", SHARES)),
            st.tuples(
                st.just("rate"),
                st.sampled_from(sorted({*RATES} - {"errors"})),
                st.just(("/s", "baseline")),
            ),
            st.tuples(
                st.just("metric"),
                st.from_regex(r"[a-z_]+\.[a-z0-9_]+x", fullmatch=True),
                st.just((*UNITS, "baseline")),
            ),
        )
    )
    unit = draw(st.sampled_from(units))
    number = draw(FINITE.filter(lambda value: value > 0.0) if unit == "baseline" else FINITE)
    relations = ("<", "<=", ">=", ">", *(("==",) if unit in SHARES else ()))
    return Requirement(figure, argument, draw(st.sampled_from(relations)), number, unit)


@given(requirements())
def test_what_is_written_is_read_as_the_same(requirement: Requirement) -> None:
    assert parse_requirement(str(requirement)) == requirement


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=9).map("".join))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        found = parse_requirement(text)
    except ValueError as error:
        told = str(error)
    else:
        told = "expected " if parse_requirement(str(found)) == found else "read differently"
    assert told.startswith("expected ")


@pytest.mark.parametrize(
    ("text", "limit", "canonical"),
    [
        ("p(99)<20ms", 20e6, "p(99) < 20 ms"),
        ("p(50) <= 1.5 s", 1.5e9, "p(50) <= 1.5 s"),
        ("p( 90 ) >  20 us", 20e3, "p(90) > 20 us"),
        ("p(90) > 20 µs", 20e3, "p(90) > 20 µs"),
        ("p(90) > 20 \N{GREEK SMALL LETTER MU}s", 20e3, "p(90) > 20 µs"),
        ("p(90) > 7ns", 7.0, "p(90) > 7 ns"),
        ("rate(errors) == 0", 0.0, "rate(errors) == 0"),
        ("rate(errors) < 2%", 0.02, "rate(errors) < 2%"),
        ("rate(throughput) >= 5e2/s", 500.0, "rate(throughput) >= 500/s"),
        ("metric(stored.bytes) < 3 MB", 3e6, "metric(stored.bytes) < 3 MB"),
        ("metric(put.response.growth) <= -1ms", -1e6, "metric(put.response.growth) <= -1 ms"),
        ("p(50) <= 1.1*baseline", 1.1, "p(50) <= 1.1 * baseline"),
        ("rate(operations) >= baseline", 1.0, "rate(operations) >= 1 * baseline"),
    ],
)
def test_the_limit_is_in_the_metrics_own_unit(text: str, limit: float, canonical: str) -> None:
    found = parse_requirement(text)

    assert (found.limit, str(found)) == (limit, canonical)
    assert found.is_relative == ("baseline" in text)


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("p(99) < 1s", "put.service.p99"),
        ("rate(errors) == 0", "errors"),
        ("rate(throughput) > 1/s", "throughput"),
        ("rate(operations) > 1/s", "operation_rate"),
        ("metric(gc.pause_max) < 1ms", "gc.pause_max"),
    ],
)
def test_each_figure_names_its_metric(text: str, metric: str) -> None:
    assert parse_requirement(text).metric("put", "service") == metric


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected a figure, a relation and a limit, as in 'p(99) < 20ms'"),
        ("p99 < 20ms", "expected a figure, a relation and a limit"),
        ("q(99) < 20ms", "expected p(…), rate(…) or metric(…), not q(…)"),
        ("p(95) < 20ms", "expected one of p(50), p(90), p(99)"),
        ("rate(error) == 0", "Did you mean 'errors'"),
        ("metric() < 1", "expected the name of a metric"),
        ("p(99) => 20ms", "expected one of <, <=, ==, >=, >, not '=>'"),
        ("rate(errors) != 0", "not '!='"),
        ("p(99) < 20", "expected a time, as in 20ms: p(99) is one"),
        ("p(99) < 20MB", "expected a time"),
        ("p(99) < 20 parsecs", "expected a number with a unit (ns, us"),
        ("p(99) < 1e999ms", "expected a number with a unit"),
        ("p(99) < ms", "expected a number with a unit"),
        ("p(99) == 20ms", "== is for shares and counts alone"),
        ("p(99) == 1 * baseline", "== is for shares and counts alone"),
        ("p(99) <= 0 * baseline", "expected a factor above 0"),
        ("p(99) <= -1 * baseline", "expected a factor above 0"),
        ("p(99) <= 1e999 * baseline", "expected a factor above 0"),
        ("rate(errors) <= 1.1 * baseline", "0 errors have no multiple"),
        ("metric(errors) <= 1.1 * baseline", "0 errors have no multiple"),
        ("rate(throughput) >= 500", "expected a rate, as in 500/s"),
        ("rate(errors) < 1ms", "expected a share, as in 0.01 or 1%"),
        ("metric(throughput) > 1", "expected a rate, as in 500/s"),
        ("metric(put.lock_wait.mean) < 5", "expected a time"),
        ("metric(my_mark.response.p99) < 5", "expected a time"),
        ("metric(warmup.operations) > 1%", "expected a number"),
    ],
)
def test_what_is_wrong_is_told(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)):
        parse_requirement(text)


@pytest.mark.parametrize(
    ("relation", "below", "equal", "above"),
    [
        ("<", True, False, False),
        ("<=", True, True, False),
        ("==", False, True, False),
        (">=", False, True, True),
        (">", False, False, True),
    ],
)
def test_a_relation_holds(relation: str, below: bool, equal: bool, above: bool) -> None:
    found = parse_requirement(f"metric(x.y) {relation} 3")

    values = (2.0, 3.0 - 1e-15, 3.0, 3.0 + 1e-15, 4.0)
    assert [found.holds(value) for value in values] == [below, equal, equal, equal, above]
