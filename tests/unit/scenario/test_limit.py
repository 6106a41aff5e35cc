"""The grammar of limits: what is read, what is refused, and in which words."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from bench.claims.claim import Bound as Bounds
from bench.decide.drivers import Kept
from bench.scenario.limits.limit import (
    RELATIONS,
    UNITS,
    Bound,
    Limit,
    Range,
    Reader,
    Relation,
    parse_limit,
)
from bench.scenario.scenario import Threshold

ROOT = Path(__file__).parents[3]
FINITE = st.floats(-1e290, 1e290)
PLAIN = ("", "%")
TIMES = ("ns", "us", "µs", "ms", "s")
READING = st.from_regex(r"[a-z_]{1,9}\.[a-z0-9_]{1,9}x", fullmatch=True)
LABEL = st.from_regex(r"[a-z0-9][a-z0-9_.@-]{0,9}", fullmatch=True)
FRAGMENTS = (
    *("put.wait.p50", "errors", "a", "+", "per", "of", "baseline", "x", "and", "(", "p(99)", "="),
    *(" ", "<", "<=", ">=", "!", ">", "-", "1", "20", ".", "e", "s", "ms", "µs", "/s", "%", "\n"),
)


@st.composite
def limits(draw: st.DrawFn) -> Limit:
    metrics, units = draw(
        st.one_of(
            st.tuples(st.just(["put.response.p99"]), st.sampled_from(TIMES)),
            st.tuples(st.just(["errors"]), st.sampled_from(PLAIN)),
            st.tuples(st.just(["throughput"]), st.just("/s")),
            st.tuples(st.lists(READING, min_size=1, max_size=3), st.sampled_from([*UNITS])),
        )
    )
    is_relative = metrics != ["errors"] and draw(st.booleans())
    times = draw(LABEL) if is_relative else ""
    unit = "" if is_relative else units
    positive = st.floats(0.0, 1e300, exclude_min=True)
    numbers = sorted(draw(st.lists(positive if times else FINITE, min_size=1, max_size=2)))
    relations = [draw(st.sampled_from(["<", "<=", ">=", ">"]))]
    if len(numbers) == 2 and numbers[0] < numbers[1]:
        relations = [draw(st.sampled_from([">", ">="])), draw(st.sampled_from(["<", "<="]))]
    elif unit in PLAIN and not times and draw(st.booleans()):
        relations = ["=="]
    bounds = tuple(
        Bound(relation, number, unit, times)
        for relation, number in zip(relations, numbers, strict=False)
    )
    per = draw(READING) if unit == "" and draw(st.booleans()) else ""
    return Limit(" + ".join(metrics), bounds, per, draw(LABEL) if draw(st.booleans()) else "")


@given(limits())
def test_what_is_written_is_read_as_the_same(limit: Limit) -> None:
    assert parse_limit(str(limit)) == limit


def told(text: str) -> str:
    """Return what is said of a text that is no limit; nothing of one that is."""
    try:
        found = parse_limit(text)
    except ValueError as error:
        return str(error)
    return "" if parse_limit(str(found)) == found else "read differently"


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    assert not told(text) or told(text).startswith("expected ")


@given(limits(), st.data())
def test_a_misspelt_limit_is_read_or_refused_in_words(limit: Limit, data: st.DataObject) -> None:
    text = str(limit)
    at = data.draw(st.integers(0, len(text) - 1))
    wrong = data.draw(st.sampled_from(["", "x", " ", "=", "9", text[at] * 2]))
    found = told(text[:at] + wrong + text[at + 1 :])

    assert not found or found.startswith("expected ")


@pytest.mark.parametrize(
    ("text", "expected", "canonical"),
    [
        ("put.wait.p99<20ms", Range(high=20e6, high_is_open=True), "put.wait.p99 < 20 ms"),
        ("put.wait.p50 <= 1.5 s", Range(high=1.5e9), "put.wait.p50 <= 1.5 s"),
        ("put.wait.p90 >  20 us", Range(20e3, low_is_open=True), "put.wait.p90 > 20 us"),
        ("a.b >= 20 \N{GREEK SMALL LETTER MU}s", Range(20e3), "a.b >= 20 µs"),
        ("errors == 0", Range(0.0, 0.0), "errors == 0"),
        ("errors <= 2%", Range(high=0.02), "errors <= 2%"),
        ("throughput >= 5e2/s", Range(500.0), "throughput >= 500/s"),
        ("stored.bytes <= 3 MB", Range(high=3e6), "stored.bytes <= 3 MB"),
        ("put.response.growth <= -1ms", Range(high=-1e6), "put.response.growth <= -1 ms"),
        ("a+b <= 1.1x baseline", Range(high=1.1), "a + b <= 1.1 x baseline"),
        (
            "a + b per throughput of candidate >= 1 x baseline and < 3 x baseline",
            Range(1.0, 3.0, high_is_open=True),
            "a + b per throughput of candidate >= 1 x baseline and < 3 x baseline",
        ),
        ("put per cycle >= 4.75 and <= 5", Range(4.75, 5.0), "put per cycle >= 4.75 and <= 5"),
        ("put.wait.p50 >= 900 us and <= 1 ms", Range(9e5, 1e6), None),
    ],
)
def test_the_range_is_in_the_metrics_own_unit(
    text: str, expected: Range, canonical: str | None
) -> None:
    found = parse_limit(text)

    assert (found.range, str(found)) == (expected, canonical or text)


def test_the_parts_of_a_limit_are_told_apart() -> None:
    found = parse_limit("a + b per c of d >= 2 x 1k")

    assert (found.parts, found.per, found.of, found.times) == (("a", "b"), "c", "d", "1k")
    assert parse_limit("a >= 1 ms and < 2 ms").words == "at least 1 ms and below 2 ms"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "a metric, a relation and a number, as in 'put.response.p99 < 20 ms'"),
        ("put.wait.p99", "a metric, a relation and a number"),
        ("p(99) < 20ms", "the name of a metric, not 'p(99)'"),
        ("20 ms > put.wait.p99", "the name of a metric, not '20 ms'"),
        ("put.wait.p99 of < 20ms", "the name of a metric, not 'put.wait.p99 of'"),
        ("put.wait.p99 => 20ms", "one of <, <=, ==, >=, >, not '=>'"),
        ("errors != 0", "one of <, <=, ==, >=, >, not '!='"),
        ("put.wait.p99 < 20", "a time, as in 20 ms: put.wait.p99 is one"),
        ("put.wait.p99 + a < 20", "a time, as in 20 ms: put.wait.p99 is one"),
        ("put.wait.p99 < 20MB", "a time"),
        ("put.wait.p99 < 20 mss", "a number with a unit (ns, us"),
        ("put.wait.p99 < 20 mss", "Did you mean 'ms'?"),
        ("put.wait.p99 < 1e999ms", "a number with a unit"),
        ("put.wait.p99 < 1e300 s", "a number with a unit"),
        ("put.wait.p99 < ms", "a number with a unit"),
        ("put.wait.p99 < baseline", "a multiple as in 1.1 x baseline, not 'baseline'"),
        ("put.wait.p99 <= 1.1 * baseline", "a multiple as in 1.1 x baseline"),
        ("put.wait.p99 == 20ms", "<, <=, >= or >: == is for shares and counts alone"),
        ("put.wait.p99 == 1 x baseline", "<, <=, >= or >: == is for shares and counts alone"),
        ("put.wait.p99 <= 0 x baseline", "a factor above 0, as in 1.1 x baseline"),
        ("put.wait.p99 <= -1 x baseline", "a factor above 0"),
        ("put.wait.p99 <= 1e999 x baseline", "a factor above 0"),
        ("errors <= 1.1 x baseline", "a share, as in 1%: 0 errors have no multiple"),
        ("throughput >= 500", "a rate, as in 500/s"),
        ("errors < 1ms", "a share, as in 0.01 or 1%"),
        ("put.lock_wait.mean < 5", "a time"),
        ("my_mark.response.p99 < 5", "a time"),
        ("warmup.operations > 1%", "a number"),
        ("put per cycle > 1 ms", "a number: put per cycle has no unit"),
        ("a >= 1 ms <= 3 ms", "one bound, or two as in '>= 1 ms and <= 10 ms'"),
        ("a >= 1 ms or <= 3 ms", "one bound, or two"),
        ("a > 1 and < 3 and < 4", "one bound, or two"),
        ("a <= 1 ms and >= 3 ms", "the lower bound first"),
        ("a >= 3 ms and <= 1 ms", "the lower bound first"),
        ("a == 3 and <= 4", "the lower bound first"),
        ("a >= 1 ms and <= 3 MB", "two bounds of the same kind, not 1 ms and 3 MB"),
        ("a >= 1 x b and <= 3 x c", "two bounds of the same kind"),
    ],
)
def test_what_is_wrong_is_told(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=f"^expected .*{re.escape(expected)}"):
        parse_limit(text)


@pytest.mark.parametrize(
    ("relation", "below", "equal", "above", "across"),
    [
        ("<", "holds", "fails", "fails", ""),
        ("<=", "holds", "holds", "fails", ""),
        ("==", "fails", "holds", "fails", ""),
        (">=", "fails", "holds", "holds", ""),
        (">", "fails", "fails", "holds", ""),
        (">= 2 and <", "holds", "fails", "fails", ""),
    ],
)
def test_an_interval_lies_inside_or_outside_or_across(
    relation: str, below: str, equal: str, above: str, across: str
) -> None:
    limit = parse_limit(f"x.y {relation} 3").range
    close = [(3.0 - 1e-15, 3.0 - 1e-15), (3.0, 3.0), (3.0 + 1e-15, 3.0 + 1e-15)]

    found = [
        "holds" if limit.holds(*ends) else "fails" if limit.fails(*ends) else ""
        for ends in [(2.0, 2.5), *close, (3.5, 4.0), (2.0, 4.0)]
    ]
    assert found == [below, equal, equal, equal, above, across]


def test_a_new_relation_or_unit_is_a_line_of_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds, claims and decisions have it then: nothing else knows relations or units."""
    about = Relation("about", lambda number: Range(number / 2, 2 * number))
    monkeypatch.setitem(RELATIONS, "~", about)
    monkeypatch.setitem(UNITS, "min", (("ns",), 60e9))
    text = "a_new.reading ~ 2 min"
    threshold = Threshold.model_validate({"require": [text]})
    bound = Bounds.model_validate({"scenario": "s", "subjects": ["a"], "require": [text]})
    kept = Kept.model_validate({"require": text})

    assert threshold.require == bound.require == (kept.require,)
    assert (str(kept.require), kept.require.words) == (text, "about 2 min")
    assert kept.require.range == Range(60e9, 240e9)
    assert kept.require.misfit("bytes", "it") == "expected a size, as in 5 MB: it is one"


@pytest.mark.parametrize(
    ("reader", "given", "expected"),
    [
        (Reader(), 3, "expected a limit as text"),
        (Reader(), "a <= 1 x baseline", "expected a number with a unit, not 'baseline'"),
        (Reader(("baseline",)), "a <= 1 x basline", "Did you mean 'baseline'?"),
        (Reader(("baseline",)), "a of b <= 1 x baseline", "expected baseline, not 'b'"),
        (Reader(("baseline",)), "a of baseline <= 1 x baseline", "not 'of baseline'"),
        (Reader(("c", "b"), sides=True), "a <= 1 ms", "as in 'a of c <= 1.1 x b'"),
        (Reader(("c", "b"), sides=True), "a <= 2 x c", "as in 'a of c <= 1.1 x b'"),
        (Reader(("c", "b"), sides=True), "a of b <= 2 x b", "as in 'a of c <= 1.1 x b'"),
        (Reader(None, sides=True), "a <= 2 x b", "as in 'a of many <= 1.1 x one'"),
        (Reader(), "a + b <= 1 ms", "expected one metric, not 'a + b'"),
        (Reader(sums=True), "a + b per c <= 1", "expected a metric by itself, not 'per c'"),
    ],
)
def test_a_key_takes_the_limits_that_it_can_judge(
    reader: Reader, given: object, expected: str
) -> None:
    with pytest.raises(PydanticCustomError, match=re.escape(expected)):
        reader(given)


def test_no_bound_is_an_end_that_nothing_reaches() -> None:
    assert Range().holds(-math.inf, math.inf)
    assert not Range().fails(-math.inf, math.inf)


def test_the_documented_limits_are_limits() -> None:
    page = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    shown = page.split("```")[1].strip().splitlines()

    assert len(shown) == 5
    assert [str(parse_limit(text)) for text in shown] == shown
