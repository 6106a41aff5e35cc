"""The answer in words, and the texts beside it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench.analysis.answer.statements import MOST_STATEMENTS
from bench.records.trial import Verification
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial
from tests.unit.analysis._answers import (
    ACROSS,
    ASIDE,
    BASELINE,
    BESIDE,
    OTHER,
    PRIMARY,
    TWO,
    answer,
    sentences,
    times,
)
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    Make,
    analysed,
    changed,
    failure,
    healthy,
    scenario_text,
    unsupported,
)


@pytest.mark.parametrize(
    ("put_ms", "said"),
    [
        ({"base": 2, "x": 4}, "writes take 2.0 times as long"),
        ({"base": 4, "x": 2}, "writes are 2.0 times faster"),
    ],
)
def test_by_how_much(tmp_path: Path, put_ms: dict[str, float], said: str) -> None:
    told = answer(tmp_path, times(put_ms), subjects="base x", tables=BASELINE)

    assert told.sentences == (f"x against base: {said}.",)
    assert told.doubts == ()


def test_throughput_is_higher_or_lower_not_faster(tmp_path: Path) -> None:
    first, *_ = sentences(
        tmp_path,
        times({"base": 9, "x": 1}),
        subjects="base x",
        tables=BASELINE,
        top='primary_metrics = ["throughput"]',
    )

    assert first == "x against base: throughput is 5.0 times higher."


def test_what_is_not_shown_is_told_with_its_estimate(tmp_path: Path) -> None:
    told = answer(tmp_path, times({"base": 2, "x": 2.1}), subjects="base x", tables=BASELINE)

    assert told.sentences == ("x against base: writes take 1.05 times as long (not proven).",)
    (doubt,) = told.doubts
    assert doubt.about == "This run is coarse"
    assert doubt.text.startswith("1 of 1 comparison is not decided. ")


def test_what_may_be_either_way_shows_no_difference(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return times({"base": 2, "x": 2.02 if trial.arrival == "some" else 1.99})(trial) or Left()

    first, *_ = sentences(tmp_path, make, subjects="base x", tables=BASELINE + OTHER, **TWO)

    assert first == (
        "x against base: writes show no proven difference "
        "(estimates from 0.8 % faster to 0.7 % slower). "
        "In 1 of 2 conditions few operations were timed."
    )


def test_fewer_than_three_blocks_show_nothing(tmp_path: Path) -> None:
    told = answer(
        tmp_path, times({"base": 2, "x": 20}), subjects="base x", tables=BASELINE, repetitions=1
    )

    assert told.sentences == ("x against base: writes take 9 times as long (not proven).",)


def test_conditions_are_summed_up_and_named_where_they_differ(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return times({"base": 2, "x": 4 if trial.arrival == "some" else 1})(trial) or Left()

    first, *_ = sentences(tmp_path, make, subjects="base x", tables=BASELINE + OTHER, **TWO)

    assert first == (
        "x against base: writes at 16 clients take 2.0 times as long, "
        "writes at 1 client are 2.0 times faster. "
        "In 1 of 2 conditions few operations were timed."
    )


def test_the_rest_is_told_as_not_shown(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return times({"base": 2, "x": 4 if trial.arrival == "some" else 2.1})(trial) or Left()

    third = '[arrivals.third]\nkind = "closed"\nclients = 4'
    many = {"clients": 16, "arrivals": "some other third"}
    first, *_ = sentences(
        tmp_path, make, subjects="base x", tables=f"{BASELINE}{OTHER}{third}", **many
    )

    assert first == (
        "x against base: writes at 16 clients take 2.0 times as long, "
        "elsewhere 1.05 times as long (not proven). "
        "In 2 of 3 conditions few operations were timed."
    )


def test_variants_that_are_told_together_are_named(tmp_path: Path) -> None:
    make = times(
        {"base": 2, "x": 1, "y": 1, "loose": 2},
        y=Durability.VOLATILE,
        loose=Durability.VOLATILE,
    )
    text = scenario_text(
        "base x y loose", clients=1, top=PRIMARY, tables='[baseline]\nsubjects = ["base", "loose"]'
    )
    for label in ("x", "y"):
        own = f"[subjects.{label}]\nuse = "
        text = text.replace(f'{own}"memory"', f'{own}"sqlite"')
    (told,) = analysed(tmp_path, make, text).answer.sentences

    assert told.startswith("sqlite against memory (x and y): writes are 2")


def test_what_promises_something_else_is_left_to_the_tables(tmp_path: Path) -> None:
    make = times({"base": 4, "x": 2, "y": 2}, x=Durability.VOLATILE)

    assert sentences(tmp_path, make, subjects="base x y", tables=ACROSS) == (
        "y against base: writes are 2.0 times faster.",
    )
    assert sentences(tmp_path / "alone", make, subjects="base x", tables=ACROSS) == (
        "x, which keeps nothing at exit, against base: writes are 2.0 times faster.",
    )


def test_what_was_looked_for_is_told(tmp_path: Path) -> None:
    make = times({"base": 2, "again": 2.1})
    told = answer(tmp_path, make, subjects="base again=base", tables=BASELINE)

    trials, lost, noise = (check.text for check in told.checks)
    assert all(check.is_in_order for check in told.checks)
    assert trials == "6 of 6 trials recorded"
    assert lost.startswith("no acknowledged write was lost, of ")
    assert noise == (
        "the same saver twice (base) differs by at most: writes 1.05× "
        "(in a single block by up to 1.16×)"
    )


def test_without_a_baseline_subjects_are_ranked_within_their_class(tmp_path: Path) -> None:
    make = times({"base": 2, "x": 1, "y": 4}, y=Durability.VOLATILE)
    (sentence,) = sentences(tmp_path, make, subjects="base x y", repetitions=1)

    assert sentence == (
        "Writes: best first within each durability class: "
        "fsync: x 900 µs, base 2 ms; volatile: y 3.6 ms."
    )


def test_one_subject_is_no_ranking(tmp_path: Path) -> None:
    make = times({"x": 1, "y": 4}, y=Durability.VOLATILE)
    (one,) = sentences(tmp_path / "one", make, subjects="x", repetitions=1)
    (each,) = sentences(tmp_path / "each", make, subjects="x y", repetitions=1)

    assert one == "Writes: x 900 µs."
    assert each == "Writes: fsync: x 900 µs; volatile: y 3.6 ms."


def test_what_keeps_less_is_named_on_its_side(tmp_path: Path) -> None:
    make = times({"base": 4, "x": 2}, base=Durability.RELAXED)

    assert sentences(tmp_path, make, subjects="base x", tables=ACROSS) == (
        "x against base, which may lose what was written last: writes are 2.0 times faster.",
    )


def test_by_throughput_the_highest_is_best(tmp_path: Path) -> None:
    (sentence,) = sentences(
        tmp_path,
        times({"base": 9, "x": 1}),
        subjects="base x",
        top='primary_metrics = ["throughput"]',
        repetitions=1,
    )

    assert sentence.index("x 5") < sentence.index("base 1")


def test_two_trials_have_a_range_and_no_interval(tmp_path: Path) -> None:
    (sentence,) = sentences(tmp_path, times({"x": 10}), subjects="x", repetitions=2)

    assert "x 9.49 ms (9 ms to 10 ms)" in sentence


def on_loops(trial: Trial) -> Left:
    if trial.loop == "proactor" and trial.subject == "x":
        return Left(changes=unsupported("NotImplementedError", "no add_reader"))
    kind = "emulated" if trial.loop == "proactor" else "native"
    put = (1 if trial.loop == "uvloop" else 2) * MS
    return Left(Load(put=put), {"loop_kind": kind})


def test_loops_are_compared_together_and_emulated_ones_not_by_speed(tmp_path: Path) -> None:
    told = sentences(
        tmp_path,
        on_loops,
        subjects="base x",
        loops="selector uvloop proactor",
        tables='[baseline]\nloop = "selector"',
    )

    assert told == (
        "uvloop against selector: writes are 2 times faster.",
        (
            "Does it run? 5 of 6 pairs of saver and loop ran; x cannot run on proactor; "
            "proactor is emulated here, so its speed does not count."
        ),
    )


def test_every_subject_on_every_loop_is_said_so(tmp_path: Path) -> None:
    *_, last = sentences(tmp_path, healthy(), loops="selector uvloop")

    assert last == "Does it run? every saver on selector and uvloop."


def test_what_must_not_be_used_is_the_first_doubt(tmp_path: Path) -> None:
    lossy = Verification(1, 1, 1, 0, 0, ())

    def make(trial: Trial) -> Left | None:
        if trial.subject == "x":
            return changed(verification=lossy)(trial)
        return None if trial.repetition == 2 else Left()

    told = answer(tmp_path, make, subjects="base x", tables=BASELINE)

    assert [each.about for each in told.doubts] == [
        "Some of these numbers must not be used",
        "The run is not complete, so this is preliminary",
    ]
    assert told.doubts[0].text.startswith("x · selector")
    assert not any(each.about.startswith("x against") for each in told.statements)
    assert told.checks[1].signed.startswith("⚠ 3 acknowledged writes were lost")


def test_what_was_not_read_back_is_not_called_in_order(tmp_path: Path) -> None:
    unread = Verification(0, 0, 0, 0, 0, ("reading back failed",), acknowledged=5)

    def make(trial: Trial) -> Left | None:
        return changed(verification=unread)(trial) if trial.repetition == 0 else Left()

    _, check = answer(tmp_path, make).checks

    assert check.signed.startswith("⚠ no acknowledged write was lost, of ")
    assert check.text.endswith("in 2 trials, 1 trial not read back")


def test_the_same_saver_that_differs_is_not_in_order(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return Left(Load(clients=1, put=(3 if trial.subject == "again" else 2) * MS))

    *_, check = answer(tmp_path, make, subjects="base again=base", tables=BASELINE).checks

    assert check.signed == (
        "⚠ the same saver twice: 1 of 1 ratio looked like a difference; believe nothing under 1.5×"
    )


def test_repetitions_are_those_of_every_cell(tmp_path: Path) -> None:
    """Those of a sweep that has its own are overridden, too."""

    def make(trial: Trial) -> Left | None:
        left = times({"base": 2, "x": 1.5 if trial.repetition % 3 else 2.2})(trial) or Left()
        return replace(left, changes={**left.changes, "took_s": 60.0})

    tables = BASELINE + OTHER + BESIDE + ASIDE + "repetitions = 1\n"
    (doubt,) = answer(tmp_path, make, subjects="base x", tables=tables).doubts

    told = re.search(r"--repetitions (\d+) \(about (\d+) minutes\)", doubt.text)
    assert told is not None
    assert int(told[2]) == 4 * int(told[1])


def test_nothing_measured_is_no_answer(tmp_path: Path) -> None:
    told = answer(tmp_path, changed(**failure()))

    assert told.sentences == (
        "Does it run? 0 of 1 pairs of saver and loop ran; failed: a on selector (OSError: gone).",
    )
    assert told.doubts[0].sentence == (
        "The answer has a gap: 3 of 3 trials failed: OSError: gone (3×)."
    )
    assert [each.signed for each in told.checks] == ["⚠ 3 of 3 trials recorded, 3 failed"]


def test_it_is_cut_off_and_says_so(tmp_path: Path) -> None:
    subjects = " ".join(f"s{number}" for number in range(14))
    make = times({"base": 2, **{f"s{number}": 2 for number in range(14)}})
    told = sentences(tmp_path, make, subjects=f"base {subjects}", tables=BASELINE)

    assert len(told) == MOST_STATEMENTS + 1
    assert told[-1] == "9 more statements of this kind: see the tables."


def within_noise(trial: Trial) -> Left:
    put = {"base": 2.0, "again": 2.4, "x": 1.8, "y": 3.0}[trial.subject]
    return Left(Load(clients=1, put=round(put * MS)))


def test_what_lies_within_the_noise_is_not_shown(tmp_path: Path) -> None:
    told = sentences(tmp_path, within_noise, subjects="base again=base x y", tables=BASELINE)

    assert "x against base: writes are 1.1 times faster (not proven)." in told
    assert "y against base: writes take 1.5 times as long." in told


def cut_short(trial: Trial) -> Left:
    """Let x finish too little for a median in two of its trials."""
    too_few = trial.subject == "x" and trial.repetition < 2
    return Left(Load(clients=1, put=2 * MS, cycles=5 if too_few else 20))


def test_a_comparison_that_lacks_blocks_shows_nothing(tmp_path: Path) -> None:
    (first,) = sentences(tmp_path, cut_short, subjects="base x", tables=BASELINE, repetitions=5)

    assert first.endswith(" (not proven).")


def slower_then_faster(trial: Trial) -> Left | None:
    return times({"base": 2, "x": 4 if trial.arrival == "some" else 1})(trial)


def test_a_sweep_aside_is_measured_and_not_quoted(tmp_path: Path) -> None:
    tables = BASELINE + OTHER + BESIDE + ASIDE
    text = scenario_text("base x", clients=1, top=PRIMARY, tables=tables)
    analysis = analysed(tmp_path, slower_then_faster, text)

    assert analysis.answer.sentences == ("x against base: writes take 2.0 times as long.",)
    assert {cell.sweep for cell in analysis.cells if cell.estimates} == {"all", "beside"}
    assert {c.condition[0] for c in analysis.comparisons} == {"all", "beside"}


def test_the_rankings_leave_a_sweep_aside_out_too(tmp_path: Path) -> None:
    (sentence,) = sentences(
        tmp_path, slower_then_faster, subjects="base x", tables=OTHER + BESIDE + ASIDE
    )

    assert "x 3.99 ms" in sentence


@pytest.mark.parametrize("aside", ["", ASIDE], ids=["none", "all"])
def test_every_sweep_counts_where_none_is_aside_or_all_are(tmp_path: Path, aside: str) -> None:
    text = scenario_text("base x", clients=1, top=PRIMARY, tables=BASELINE + OTHER + BESIDE + aside)
    if aside:
        text = text.replace("[sweeps.all]", f"[sweeps.all]{ASIDE}")
    make: Make = slower_then_faster
    first, *_ = analysed(tmp_path, make, text).answer.sentences

    assert "times as long" in first
    assert "faster" in first


def test_what_labels_stand_for(tmp_path: Path) -> None:
    text = scenario_text("a b=a", tables='[baseline]\nsubjects = ["a"]')
    analysis = analysed(tmp_path, healthy(), text)

    assert analysis.subject_texts == {
        "a": "memory",
        "b": "memory, measured again as an A/A arm of a",
    }
    assert analysis.payload_texts == {"1k": "messages (state_bytes = 1000)"}
    assert analysis.arrival_texts == {"some": "closed, 4 clients"}
    assert analysis.baseline_text == "a of the same durability class, loop by loop"
    assert (analysis.trials_recorded, analysis.question) == (6, "Which is faster?")
