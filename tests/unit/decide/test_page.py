"""The decision record: the parts of MADR 4, and figures that follow from the decision."""

from __future__ import annotations

import re
from dataclasses import replace

from bench.decide.page import page as page_of
from bench.decide.page import screen
from bench.decide.result import Decision
from bench.report.markdown import markdown as set_page
from bench.report.terminal import screen_text
from bench.scenario.durability import Durability
from tests.unit.decide.deciding import GET, MS, NOISY, PUT, around, cell, decided, two_drivers

PARTS = [
    "Context and Problem Statement",
    "Decision Drivers",
    "Considered Options",
    "Decision Outcome",
    "More Information",
]


def markdown(decision: Decision, date: str = "") -> str:
    return set_page(page_of(decision, date))


def typical() -> Decision:
    cells = [
        *two_drivers(a=(1, 3), b=(4, 1), c=(5, 4)),
        cell("lax", {PUT: around(0.5 * MS), GET: around(MS)}, durability=Durability.RELAXED),
    ]
    more = (
        '[requirements]\nleast_durability = "fsync"\n'
        f'[[limits]]\nrequire = "{PUT} <= 50 ms"\nwhy = "x | y"'
    )
    return decided(cells, {PUT: 3, GET: 1}, more)


def test_the_parts_of_the_form_are_there_in_order() -> None:
    page = markdown(typical())

    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == PARTS
    assert re.findall(r"^# (.*)$", page, re.MULTILINE) == ["Store: use a"]
    head = page.partition("\n---\n")[0].splitlines()
    assert head[:3] == ["---", 'status: "proposed"', "date: 2026-01-01"]
    assert "decision-makers: # who signs" in head


def test_the_date_may_be_given() -> None:
    assert "\ndate: 2026-02-03\n" in markdown(typical(), "2026-02-03")


def test_the_outcome_quotes_its_figures() -> None:
    page = markdown(typical())

    assert (
        "Chosen option: `a`. Of the 3 options that keep every must, `a` has the best score" in page
    )
    assert "The score of the next, `b`, is 2.15 times as large [2.15, 2.15]" in page
    assert "| `b` | behind | fsync | 2.83 | 4 | 1 |" in page
    assert "| `c` | dominated by a, b | fsync |" in page
    assert "| `b` | `get_tuple.response.p50` | 0.333 [0.333, 0.333] | 1 of 1 | 0 of 1 |" in page
    assert "- `lax`: excluded, its durability is relaxed, and fsync is required" in page
    assert "Bad, because `get_tuple.response.p50` is 3.00 ms, shown to be worse than `b`" in page
    assert "options that are excluded have better scores by the estimates (`lax` 0.595)" in page
    assert "`b` has the better score if the weight of `put.response.p50` falls below 0.792" in page
    assert "- keep `put.response.p50` at most 50 ms – x \\| y" in page
    assert "another kind of machine than A \\| B, 2 cores" in page
    assert "digest `5cenario`" in page


def test_every_table_has_as_many_entries_in_each_row() -> None:
    tables = re.findall(r"(?:^\|.*\|\n?)+", markdown(typical()), re.MULTILINE)

    assert len(tables) == 4
    for table in tables:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1


def test_invalid_numbers_are_struck() -> None:
    first, second = two_drivers(a=(1, 1), b=(2, 2))
    decision = decided([replace(first, invalid_because="1 was lost"), second], {PUT: 1})

    page = markdown(decision)

    assert "# Store: not decided" in page
    assert "| `a` | fsync | ~~1.00 ms [999 µs, 1.00 ms]~~ |" in page
    assert "No option is chosen: the run cannot be trusted. a: its numbers must not be used" in page
    assert "Without it the best would be `b`." in page


def test_leaders_between_which_nothing_is_decided_are_named_without_a_choice() -> None:
    cells = [cell("a", {PUT: around(MS, NOISY)}), cell("b", {PUT: around(1.1 * MS)})]

    page = markdown(decided(cells, {PUT: 1}))

    assert "# Store: not decided between a and b" in page
    assert "No option is chosen: the measurements do not decide between `a` and `b`." in page
    assert "If `a` were taken:" in page
    assert "more `repetitions` in the scenario" in page
    assert "Chosen option" not in page


def test_where_none_remains_it_says_so() -> None:
    limit = f'[[limits]]\nrequire = "{PUT} <= 1 ms"'
    cells = [cell("a", {PUT: around(MS, NOISY)}), cell("b", {PUT: around(2 * MS)})]

    decision = decided(cells, {PUT: 1}, limit)

    page = markdown(decision)
    assert "# Store: no option remains" in page
    assert "`a` may; longer windows or more repetitions show it." in page
    assert "### Consequences" not in page
    assert "put.response.p50 is 2.00 ms" in screen_text(screen(decision), 140)


def test_the_caveats_stand_first_and_lookups_are_folded() -> None:
    limit = f'[[limits]]\nrequire = "{PUT} <= 3 ms"'
    cells = [cell("a", {PUT: around(MS)}), cell("b", {PUT: around(3 * MS, NOISY)})]

    page = markdown(decided(cells, {PUT: 1}, limit))

    first, _, rest = page.partition("\n## ")
    assert "> **Before you sign**" in first
    assert "`b` was passed over for lack of proof, not because it fails: put.response.p50" in first
    assert "> - Not measured: several processes on one store" in first
    open_part, _, folded = rest.partition("<details>")
    assert "another kind of machine" not in open_part
    assert "another kind of machine" in folded
