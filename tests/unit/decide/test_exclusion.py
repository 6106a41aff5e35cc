"""What keeps an option from being chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.cell import CellStatus
from bench.analysis.result import Finding
from bench.decide.result import Decision
from bench.errors import InputError
from bench.scenario.durability import Durability
from bench.stats.steadiness import Drift
from tests.unit.decide.deciding import (
    GET,
    MEMORY,
    MS,
    NOISY,
    PUT,
    SERVER,
    around,
    cell,
    decided,
    two_drivers,
    without_interval,
)

LIMIT = f'[[limits]]\nrequire = "{PUT} <= 5 ms"'


def kinds(decision: Decision, subject: str) -> list[str]:
    return [reason.kind for reason in decision.option(subject).reasons]


def test_what_lies_beyond_a_limit_is_excluded_with_its_figure() -> None:
    cells = two_drivers(fast=(8, 1), slow=(4, 9))

    decision = decided(cells, {GET: 1}, LIMIT)

    option = decision.option("fast")
    assert option.standing == "excluded"
    (reason,) = option.reasons
    assert reason.kind == "limit"
    assert reason.text == (
        f"{PUT} is 8.00 ms [7.99 ms, 8.01 ms] at steps · 1k · one · selector; "
        "the limit is at most 5 ms"
    )
    assert (decision.choice, decision.outcome, decision.exit_code) == ("slow", "decided", 0)


def test_an_interval_across_the_limit_is_not_shown_to_keep_it() -> None:
    cells = [
        cell("wide", {PUT: around(4 * MS, NOISY)}),
        cell("sure", {PUT: around(4.5 * MS)}),
    ]

    decision = decided(cells, {PUT: 1}, LIMIT)

    assert decision.option("wide").standing == "not shown"
    assert kinds(decision, "wide") == ["not shown"]
    assert decision.option("wide").score is not None
    assert decision.choice == "sure"


def test_a_figure_without_an_interval_is_not_shown_to_keep_a_limit() -> None:
    (made,) = two_drivers(a=(1, 1))
    bare = replace(made, estimates={**made.estimates, PUT: without_interval(made.estimates[PUT])})

    decision = decided([bare], {GET: 1}, LIMIT)

    assert kinds(decision, "a") == ["not shown"]
    assert (decision.outcome, decision.choice, decision.exit_code) == ("none remains", "", 3)


def test_a_figure_that_drifted_is_not_shown_to_keep_or_break_a_limit() -> None:
    drift = Drift(change=0.2, trials=5, p_value=0.001, is_systematic=True)
    for put in (1, 90):
        (made,) = two_drivers(a=(put, 1))
        moving = replace(made, drifts={"put.response": drift})

        (reason,) = decided([moving], {GET: 1}, LIMIT).option("a").reasons
        assert reason.kind == "not shown"
        assert "not steady during the window: put.response rose by 20 %" in reason.text


@pytest.mark.parametrize(
    ("bound", "expected"),
    [(">= 90/s", "chosen"), ("> 110/s", "excluded")],
)
def test_a_rate_has_a_lower_limit(bound: str, expected: str) -> None:
    limit = f'[[limits]]\nrequire = "throughput {bound}"'
    cells = [cell("a", {"throughput": around(100.0)})]

    assert decided(cells, {"throughput": 1}, limit).option("a").standing == expected


def test_a_limit_holds_in_every_place() -> None:
    cells = [
        cell("a", {PUT: around(1 * MS)}),
        cell("a", {PUT: around(9 * MS)}, arrival="many"),
        cell("b", {PUT: around(4 * MS)}),
        cell("b", {PUT: around(4 * MS)}, arrival="many"),
    ]

    decision = decided(cells, {PUT: 1}, LIMIT)

    assert kinds(decision, "a") == ["limit"]
    assert decision.choice == "b"
    narrowed = decided(cells, {PUT: 1}, f'{LIMIT}\n[system]\narrivals = ["one"]')
    assert narrowed.choice == "a"


@pytest.mark.parametrize(
    ("has", "least", "expected"),
    [
        (Durability.RELAXED, "fsync", ["durability"]),
        (Durability.RELAXED, "relaxed", []),
        (Durability.FSYNC, "volatile", []),
        (Durability.UNKNOWN, "volatile", ["durability"]),
    ],
)
def test_durability_must_be_at_least_the_class(
    has: Durability, least: str, expected: list[str]
) -> None:
    made = cell("a", {PUT: around(MS)}, durability=has)

    decision = decided([made], {PUT: 1}, f'[requirements]\nleast_durability = "{least}"')

    assert kinds(decision, "a") == expected


MUST_RUN = '[system]\nloops = ["selector"]\n[requirements]\nmust_run_on = ["proactor"]'


def test_an_unsupported_loop_excludes_with_the_savers_own_reason() -> None:
    refused = cell("a", {}, loop="proactor", status="unsupported", reason="psycopg says no")
    cells = [*two_drivers(a=(1, 1), b=(2, 2)), refused]
    cells.append(cell("b", {PUT: around(MS), GET: around(MS)}, loop="proactor"))

    decision = decided(cells, {PUT: 1}, MUST_RUN)

    (reason,) = decision.option("a").reasons
    assert (reason.kind, reason.text) == ("loop", "does not run on proactor: psycopg says no")
    assert decision.choice == "b"


def test_a_loop_is_taken_from_the_same_plug_in_and_told() -> None:
    other = cell("again", {PUT: around(3 * MS), GET: around(MS)}, plugin="a")
    cells = [*two_drivers(a=(1, 1)), other]
    cells.append(cell("a", {PUT: around(MS)}, loop="proactor", loop_kind="emulated"))

    decision = decided(cells, {PUT: 1}, MUST_RUN)

    assert decision.option("again").reasons == ()
    taken = "that again runs on proactor is taken from a, the same plug-in with other options"
    assert taken in decision.not_measured
    assert "that a runs on proactor was seen on an emulated loop" in decision.not_measured


def test_a_loop_that_nobody_measured_an_option_on_excludes() -> None:
    cells = [*two_drivers(a=(1, 1), b=(2, 2)), cell("b", {PUT: around(MS)}, loop="proactor")]

    decision = decided(cells, {PUT: 1}, MUST_RUN)

    assert kinds(decision, "a") == ["not measured"]
    assert decision.choice == "b"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("unsupported", "unsupported"),
        ("failed", "not measured"),
        ("missing", "not measured"),
        ("partly", "not shown"),
    ],
)
def test_a_cell_without_a_whole_measurement_keeps_its_option_out(
    status: CellStatus, kind: str
) -> None:
    first, second = two_drivers(a=(1, 1), b=(2, 2))
    values = first.estimates if status == "partly" else {}
    lacking = replace(first, status=status, reason="it says why", estimates=values)

    decision = decided([lacking, second], {PUT: 1})

    assert kind in kinds(decision, "a")
    assert "it says why" in decision.option("a").reasons[0].text
    assert decision.choice == "b"


def test_an_invalid_cell_is_struck_and_nothing_is_decided() -> None:
    first, second = two_drivers(a=(1, 1), b=(2, 2))

    decision = decided([replace(first, invalid_because="3 were lost"), second], {PUT: 1})

    assert kinds(decision, "a") == ["invalid"]
    assert [each.struck for each in decision.option("a").figures] == [True]
    assert (decision.outcome, decision.exit_code) == ("invalid", 4)
    assert decision.choice == "b"
    assert "3 were lost" in decision.invalid_because


def test_an_invalid_cell_of_what_is_out_anyway_spoils_nothing() -> None:
    first, second = two_drivers(a=(1, 1), b=(2, 2))
    volatile = replace(first, invalid_because="3 were lost", durability=Durability.VOLATILE)
    required = '[requirements]\nleast_durability = "fsync"'

    decision = decided([volatile, second], {PUT: 1}, required)

    assert sorted(kinds(decision, "a")) == ["durability", "invalid"]
    assert (decision.outcome, decision.exit_code) == ("decided", 0)


def test_a_run_that_is_invalid_as_a_whole_decides_nothing() -> None:
    finding = Finding("mixed_versions", "invalid", "two of them", "It cannot be.", "No.", (), ())

    decision = decided(two_drivers(a=(1, 1), b=(2, 2)), {PUT: 1}, findings=[finding])

    assert (decision.outcome, decision.exit_code) == ("invalid", 4)


def test_a_store_without_a_server_takes_no_memory_for_one() -> None:
    cells = [
        cell("own", {MEMORY: around(60e6)}, server=""),
        cell("served", {MEMORY: around(40e6), SERVER: around(40e6)}),
    ]
    together = f"{MEMORY} + {SERVER}"

    decision = decided(cells, {together: 1}, f'[[limits]]\nrequire = "{SERVER} <= 50 MB"')

    assert decision.choice == "own"
    assert decision.option("served").costs == {together: pytest.approx(80 / 60)}
    with pytest.raises(InputError, match=r"server\.pss_peak is 0 or less at own"):
        decided(cells, {SERVER: 1})


def test_only_named_options_are_considered_and_no_floor() -> None:
    cells = [*two_drivers(a=(1, 1), b=(2, 2), null=(0.1, 0.1))]

    assert [o.subject for o in decided(cells, {PUT: 1}).options] == ["a", "b"]
    assert decided(cells, {PUT: 1}, top='options = ["b"]').choice == "b"


@pytest.mark.parametrize(
    ("more", "top", "expected"),
    [
        (
            '[system]\narrivals = ["on"]',
            "",
            "system.arrivals names 'on', which nothing measures. Did you mean 'one'?",
        ),
        ('[system]\nloops = ["selectr"]', "", "Did you mean 'selector'?"),
        ('[requirements]\nmust_run_on = ["uvlop"]', "", "the run has no loop 'uvlop'"),
        ("", 'options = ["aa"]', "options: the run has no 'aa'. Did you mean 'a'?"),
        ('[[limits]]\nrequire = "put.respons.p50 <= 1 ms"', "", f"Did you mean '{PUT}'?"),
        (f'[[limits]]\nrequire = "{MEMORY} <= 1 ms"', "", "a size, as in 5 MB: worker.uss_peak is"),
        (f'[[drivers]]\nmetric = "{PUT} + {MEMORY}"\nweight = 1', "", "not of the same unit"),
        ('[[drivers]]\nmetric = "gc.collections"\nweight = 1', "", "neither more nor less"),
    ],
)
def test_what_the_run_does_not_have_is_named_with_the_nearest(
    more: str, top: str, expected: str
) -> None:
    values = {PUT: around(MS), MEMORY: around(1e6), "gc.collections": around(2.0)}

    with pytest.raises(InputError) as caught:
        decided([cell("a", values)], {PUT: 1}, more, top)
    assert expected in str(caught.value)
