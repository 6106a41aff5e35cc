"""Yes or no to what a scenario asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import InputError
from bench.scenario.scenario_file import parse_scenario
from tests.unit.analysis._answers import BASELINE, OTHER, PRIMARY, TWO, answer, times
from tests.unit.analysis.synthetic import Left, Make, healthy, scenario_text, unsupported

FASTER = """
[ask]
pairs = [{ candidate = "x", baseline = "base" }]
require = ["put.response.p50 of baseline >= 2 x candidate"]
"""
SLOWER = FASTER.replace("of baseline >= 2 x candidate", "of candidate >= 2 x baseline")
NO_ERRORS = """
[ask]
require = ["errors == 0"]
"""


@pytest.mark.parametrize(
    ("put_ms", "ask", "verdict", "headline"),
    [
        (16, FASTER, "yes", "Yes. Everywhere at least 6.3 times faster (95 %), and up to"),
        (3, FASTER, "no", "No. Nowhere faster than 1.9 times (95 %)."),
        (1, FASTER, "no", "No. Everywhere slower: at least 1.6 times (95 %), and up to 2.0"),
        (4, FASTER, "not decided", ""),
        (0.25, SLOWER, "yes", ""),
        (4, SLOWER, "no", "No. Everywhere faster"),
    ],
)  # fmt: skip
def test_by_rule(tmp_path: Path, put_ms: float, ask: str, verdict: str, headline: str) -> None:
    make = times({"base": put_ms, "x": 2})
    told = answer(tmp_path, make, subjects="base x", tables=BASELINE + ask)

    assert told.verdict == verdict
    assert told.headline.startswith(headline)


def test_without_a_question_that_can_be_judged_there_is_no_verdict(tmp_path: Path) -> None:
    told = answer(tmp_path, times({"base": 2, "x": 1}), subjects="base x", tables=BASELINE)

    assert (told.verdict, told.headline) == ("", "")


def test_one_condition_in_which_it_is_not_so_is_a_no(tmp_path: Path) -> None:
    def make(trial: object) -> Left:
        fast = getattr(trial, "arrival", "") == "some"
        return times({"base": 16, "x": 2 if fast else 16})(trial) or Left()  # type: ignore[arg-type]  # a trial

    told = answer(tmp_path, make, subjects="base x", tables=BASELINE + OTHER + FASTER, **TWO)

    assert told.verdict == "no"
    assert "Of 2 conditions it holds in 1, not in 1; 0 are open" in told.headline


@pytest.mark.parametrize(
    ("make", "verdict", "headline"),
    [
        (healthy(), "yes", "Yes. errors exactly 0 in all 1 cell."),
        (
            lambda _: Left(changes=unsupported("RuntimeError", "no")),
            "no",
            "No. Not in 1 of 1 cell: a.",
        ),
    ],
)
def test_of_figures_of_their_own(tmp_path: Path, make: Make, verdict: str, headline: str) -> None:
    told = answer(tmp_path, make, tables=NO_ERRORS)

    assert (told.verdict, told.headline) == (verdict, headline)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (FASTER.replace('"x"', '"y"'), "ask.pairs.0.candidate names 'y'"),
        (FASTER.replace("2 x candidate", "2 ms"), "ask"),
        (NO_ERRORS.replace("errors == 0", "put.response.p50 <= 2 x baseline"), "ask"),
        (NO_ERRORS + 'loops = ["uvloop"]', "ask.loops names 'uvloop', which nothing measures"),
    ],
)
def test_what_does_not_fit_is_named(wrong: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_scenario(scenario_text("base x", top=PRIMARY, tables=BASELINE + wrong), "a.toml")


def test_it_changes_no_trial() -> None:
    with_it, without = (
        parse_scenario(scenario_text("base x", tables=BASELINE + ask), "a.toml")
        for ask in (FASTER, "")
    )

    assert with_it.digest() == without.digest()
