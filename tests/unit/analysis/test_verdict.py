"""Yes or no to what a scenario asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.analysis.analyse import analyse
from bench.analysis.answer.limits import Figure, figure_of
from bench.analysis.answer.statements import answer as statements
from bench.analysis.answer.verdict import verdict
from bench.analysis.result import Finding
from bench.errors import InputError
from bench.scenario.durability import Durability
from bench.scenario.limits.limit import Reader
from bench.scenario.plan import Trial
from bench.scenario.scenario_file import parse_scenario
from tests.unit.analysis._answers import BASELINE, OTHER, PRIMARY, TWO, answer, times
from tests.unit.analysis.paced import Paced, paced_run, paced_text
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    Make,
    analysed,
    failure,
    healthy,
    reading,
    scenario_text,
    unsupported,
)

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
        (16, FASTER, "yes", "Yes. X is at least 6.2 times as fast as base (95 %), and its"),
        (3, FASTER, "no", "No. X is at most 1.94 times as fast as base (95 %)."),
        (1, FASTER, "no", "No. X is at least 1.55 times as slow as base (95 %), and its"),
        (4, FASTER, "not decided", ""),
        (0.25, SLOWER, "yes", ""),
        (4, SLOWER, "no", "No. X is at least 1.56 times as fast as base (95 %)"),
    ],
)  # fmt: skip
def test_by_rule(tmp_path: Path, put_ms: float, ask: str, verdict: str, headline: str) -> None:
    make = times({"base": put_ms, "x": 2})
    told = answer(tmp_path, make, subjects="base x", tables=BASELINE + ask)

    assert told.verdict == verdict
    assert told.headline.startswith(headline)


def test_what_misses_by_less_than_is_of_interest_is_open(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return Left(Load(clients=1, put=round((2 if trial.subject == "x" else 3.8) * MS)))

    told = answer(tmp_path, make, subjects="base x", tables=BASELINE + FASTER)

    assert (told.verdict, told.headline[:13]) == ("not decided", "Not decided. ")


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


@pytest.mark.parametrize("code", ["", "few_cycles", "generator_saturated"])
def test_the_extreme_is_of_a_cell_that_rests_on_enough(tmp_path: Path, code: str) -> None:
    def make(trial: Trial) -> Left:
        base = 16 if trial.arrival == "some" else 8
        return times({"base": base, "x": 2})(trial) or Left()

    text = scenario_text(top=PRIMARY, subjects="base x", tables=BASELINE + OTHER + FASTER, **TWO)
    analysis = analysed(tmp_path, make, text)
    (farthest, *_) = [c.name for c in analysis.cells if (c.subject, c.arrival) == ("x", "some")]
    doubt = Finding(code, "note", "", "", "", (farthest,), ())
    doubted = replace(analysis, findings=(doubt,))
    _, headline = verdict(doubted)
    (statement,) = (each.text for each in statements(doubted).statements if "base" in each.about)

    told = "and with 16 clients its writes are up to 8.0 times faster (6.3 to 10)."
    if code:
        told = "and with 1 client its writes are 4.0 times faster (3.1 to 5.1)."
    reserved = {
        "generator_saturated": "faster. In 1 of 2 conditions the Python client was the limit.",
        "few_cycles": "faster. In 1 of 2 conditions few operations were timed.",
    }.get(code, "faster.")
    assert told in headline
    assert statement.endswith(reserved)


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
    ("require", "verdict", "headline"),
    [
        ("errors == 0", "no", "No. Not in 1 of 1 cell: a."),
        ("put.response.p50 <= 1 s", "not decided", "Not decided. Open in 1 of 1 cell: a (1 of 3 t"),
    ],
)
def test_trials_that_failed_are_no_yes(
    tmp_path: Path, require: str, verdict: str, headline: str
) -> None:
    def make(trial: Trial) -> Left:
        return Left() if trial.repetition == 0 else Left(changes=failure())

    told = answer(tmp_path, make, tables=NO_ERRORS.replace("errors == 0", require))

    assert told.verdict == verdict
    assert told.headline.startswith(headline)


@pytest.mark.parametrize(
    ("failed", "most", "verdict"),
    [(1, "40 %", "yes"), (1, "20 %", "not decided"), (9, "40 %", "no")],
)
def test_a_trial_that_failed_is_a_share_of_errors_that_the_limit_is_put_to(
    tmp_path: Path, failed: int, most: str, verdict: str
) -> None:
    def make(trial: Trial) -> Left:
        return Left(changes=failure()) if trial.repetition < failed else Left()

    asked = NO_ERRORS.replace("== 0", f"<= {most}")

    assert answer(tmp_path, make, repetitions=9, tables=asked).verdict == verdict


def test_what_the_server_refused_is_no_error_of_the_saver(tmp_path: Path) -> None:
    refused = replace(unsupported()["failure"], stage="server")
    make = lambda _: Left(changes={**unsupported(), "failure": refused})  # noqa: E731 - a short one
    told = answer(tmp_path, make, tables=NO_ERRORS)

    assert told.verdict == "not decided"


def test_a_reading_that_some_trials_lack_leaves_it_open(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        readings = (reading("r", 2.0),) if trial.repetition else ()
        return Left(changes={"readings": readings})

    analysis = analysed(tmp_path, make, scenario_text("a"))
    limit = Reader()("r <= 3 ns")

    assert analysis.cells[0].value("r") == 2.0
    assert figure_of(analysis.cells[0], limit) == Figure(
        "undecided", "2 of 3 trials have a value", analysis.cells[0].estimates["r"], (1.0, 1.0)
    )


@pytest.mark.parametrize(("growing", "verdict"), [(0, "yes"), (100_000, "not decided")])
def test_a_figure_that_drifted_leaves_it_open(tmp_path: Path, growing: int, verdict: str) -> None:
    metric = "cycle.response.p50"
    asked = NO_ERRORS.replace("errors == 0", f"{metric} <= 1 s")
    text = paced_text(top=f'primary_metrics = ["{metric}"]', tables=asked)
    run = paced_run(tmp_path, lambda _: Paced(service=20 * MS, growing=growing), text)
    told = analyse(run).answer

    assert told.verdict == verdict
    assert ("not steady during the window: cycle.response rose by" in told.headline) == (
        growing > 0
    )


def test_that_some_could_not_be_compared_is_said_of_the_bound(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left | None:
        if trial.arrival == "other":
            return None
        return times({"base": 3, "x": 2})(trial)

    told = answer(tmp_path, make, subjects="base x", tables=BASELINE + OTHER + FASTER, **TWO)

    assert told.verdict == "no"
    assert told.headline.startswith("No. Where it was compared, x is at most 1.94 times as")
    assert "1 condition could not be compared" in told.headline


def test_trials_that_lack_leave_it_open(tmp_path: Path) -> None:
    told = answer(tmp_path, lambda t: None if t.repetition else Left(), tables=NO_ERRORS)

    assert told.verdict == "not decided"
    assert "1 of 3 trials measured, 2 without a record" in told.headline


def test_one_figure_of_many_that_is_beyond_by_chance_is_no_no(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left | None:
        return times({"a": 1.3 if trial.arrival == "some" else 0.5})(trial)

    arrivals = [f"more{clients}" for clients in range(2, 12)]
    told = answer(
        tmp_path,
        make,
        subjects="a",
        arrivals=" ".join(["some", *arrivals]),
        tables=NO_ERRORS.replace("errors == 0", "put.response.p50 <= 1 ms")
        + "".join(
            f'[arrivals.{name}]\nkind = "closed"\nclients = {name[4:]}\n' for name in arrivals
        ),
    )

    assert told.verdict == "not decided"


@pytest.mark.parametrize(
    ("asked", "verdict", "headline"),
    [
        ("", "not decided", "Not decided. They promise different things."),
        ("across_durability = true", "yes", "They promise different things."),
    ],
)
def test_what_promises_something_else_is_open_unless_asked_for(
    tmp_path: Path, asked: str, verdict: str, headline: str
) -> None:
    make = times({"base": 16, "x": 2}, x=Durability.VOLATILE)
    told = answer(tmp_path, make, subjects="base x", tables=BASELINE + FASTER + asked)

    assert told.verdict == verdict
    assert told.headline.endswith(headline)


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
