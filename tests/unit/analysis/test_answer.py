"""The answer in words, and the texts beside it."""

from __future__ import annotations

from pathlib import Path

from bench.analysis.answer import MOST_SENTENCES
from bench.records.trial import Verification
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial
from tests.unit.analysis._answers import ACROSS, BASELINE, OTHER, TWO, answer, times
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    analysed,
    changed,
    failure,
    healthy,
    scenario_text,
    unsupported,
)


def test_slower_by_how_much_and_how_sure(tmp_path: Path) -> None:
    make = times({"base": 2, "x": 4})

    sentences = answer(tmp_path, make, subjects="base x", tables=BASELINE)

    assert sentences == (
        (
            "x against base (both fsync, 3 blocks): put.response.p50 – 1.99 times slower "
            "(95 % interval 1.55 to 2.56)."
        ),
    )


def test_without_a_baseline_the_subjects_are_ranked(tmp_path: Path) -> None:
    sentences = answer(tmp_path, times({"base": 2, "x": 4}), subjects="base x")

    assert sentences == (
        (
            "By put.response.p50, best first within each durability class: "
            "fsync: base 2 ms (2 ms to 2 ms), x 3.99 ms (3.11 ms to 5.12 ms)."
        ),
    )


def test_faster_is_told_as_a_factor_above_one(tmp_path: Path) -> None:
    (first,) = answer(tmp_path, times({"base": 4, "x": 2}), subjects="base x", tables=BASELINE)

    assert "2.01 times faster (95 % interval 1.56 to 2.57)" in first


def test_throughput_is_higher_or_lower_not_faster(tmp_path: Path) -> None:
    first, *_ = answer(
        tmp_path,
        times({"base": 9, "x": 1}),
        subjects="base x",
        tables=BASELINE,
        top='primary_metrics = ["throughput"]',
    )

    assert "throughput – 5.00 times higher" in first


def test_no_difference_is_said_to_be_none_that_could_be_shown(tmp_path: Path) -> None:
    (first,) = answer(tmp_path, times({"base": 2, "x": 2}), subjects="base x", tables=BASELINE)

    assert "put.response.p50 – no difference could be shown (ratio 0.777 to 1.28; " in first
    assert "detectable: a factor of 1.36)" in first


def test_a_single_block_proves_nothing(tmp_path: Path) -> None:
    (first,) = answer(
        tmp_path, times({"base": 2, "x": 20}), subjects="base x", tables=BASELINE, repetitions=1
    )

    assert "(both fsync, 1 block)" in first
    assert "no difference could be shown (ratio 9, a single block)" in first


def test_conditions_are_summed_up_and_named_where_they_differ(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return times({"base": 2, "x": 4 if trial.arrival == "some" else 1})(trial) or Left()

    first, *_ = answer(tmp_path, make, subjects="base x", tables=BASELINE + OTHER, **TWO)

    assert first == (
        "x against base (both fsync, 3 blocks, 2 conditions): put.response.p50 – 1.99 times slower "
        "at 16 clients (95 % interval 1.55 to 2.56), 2.01 times faster at 1 client "
        "(95 % interval 1.56 to 2.57)."
    )


def test_of_many_conditions_the_tables_have_the_intervals(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return times({"base": 2, "x": 4 if trial.arrival == "some" else 2})(trial) or Left()

    third = '[arrivals.third]\nkind = "closed"\nclients = 4'
    many = {"clients": 16, "arrivals": "some other third"}
    first, *_ = answer(
        tmp_path, make, subjects="base x", tables=f"{BASELINE}{OTHER}{third}", **many
    )

    assert first == (
        "x against base (both fsync, 3 blocks, 3 conditions): put.response.p50 – 1.99 times slower "
        "at 16 clients, no difference could be shown in 2 of 3 (detectable: a factor of 1.36)."
    )


def test_the_same_in_all_conditions_is_one_range(tmp_path: Path) -> None:
    make = times({"base": 2, "x": 4})
    first, *_ = answer(tmp_path, make, subjects="base x", tables=BASELINE + OTHER, **TWO)

    assert "put.response.p50 – 1.99 times slower in both." in first


def test_what_promises_something_else_is_told_apart_with_both_classes(tmp_path: Path) -> None:
    make = times({"base": 4, "x": 2, "y": 2}, x=Durability.VOLATILE)
    equal, across = answer(tmp_path, make, subjects="base x y", tables=ACROSS)

    assert equal.startswith("y against base (both fsync")
    assert across.startswith(
        "Against base (fsync) across durability classes, so with the price of the promise, "
        "in put.response.p50: x (volatile) 2.01 times faster"
    )


def test_how_much_a_subject_differs_from_itself(tmp_path: Path) -> None:
    make = times({"base": 2, "again": 2.2})
    sentences = answer(tmp_path, make, subjects="base again=base", tables=BASELINE)

    assert sentences[0] == (
        "The same subject measured twice (base) differs by up to 1.10 times in put.response.p50: "
        "that is noise, and nothing up to that size is called a difference here; 0 of 1 such ratio "
        "(0 %) would have been called one by its interval alone, 5 % by chance."
    )
    assert "again" not in sentences[1]


def test_without_a_baseline_subjects_are_ranked_within_their_class(tmp_path: Path) -> None:
    make = times({"base": 2, "x": 1, "y": 4}, y=Durability.VOLATILE)
    (sentence,) = answer(tmp_path, make, subjects="base x y", repetitions=1)

    assert sentence == (
        "By put.response.p50, best first within each durability class: "
        "fsync: x 900 µs, base 2 ms; volatile: y 3.6 ms."
    )


def test_by_throughput_the_highest_is_best(tmp_path: Path) -> None:
    (sentence,) = answer(
        tmp_path,
        times({"base": 9, "x": 1}),
        subjects="base x",
        top='primary_metrics = ["throughput"]',
        repetitions=1,
    )

    assert sentence.index("x 5") < sentence.index("base 1")


def on_loops(trial: Trial) -> Left:
    if trial.loop == "proactor" and trial.subject == "x":
        return Left(changes=unsupported("NotImplementedError", "no add_reader"))
    kind = "emulated" if trial.loop == "proactor" else "native"
    put = (1 if trial.loop == "uvloop" else 2) * MS
    return Left(Load(put=put), {"loop_kind": kind})


def test_loops_are_compared_by_subject_and_emulated_ones_not_by_speed(tmp_path: Path) -> None:
    sentences = answer(
        tmp_path,
        on_loops,
        subjects="base x",
        loops="selector uvloop proactor",
        tables='[baseline]\nloop = "selector"',
    )

    faster = "put.response.p50 – 2 times faster (95 % interval 2 to 2)."
    assert sentences[:2] == (
        f"base on uvloop against selector (3 blocks): {faster}",
        f"x on uvloop against selector (3 blocks): {faster}",
    )
    assert sentences[2] == (
        "5 of 6 planned pairs of subject and loop ran; unsupported: x on proactor "
        "(NotImplementedError: no add_reader); proactor is emulated here, so that it runs counts, "
        "its speed not."
    )
    assert not any("ms" in sentence and "proactor" in sentence for sentence in sentences)


def test_every_subject_on_every_loop_is_said_so(tmp_path: Path) -> None:
    first, *_ = answer(tmp_path, healthy(), loops="selector uvloop")

    assert first == ("Every subject ran on every loop that it was put on (selector and uvloop).")


def test_reservations_come_first(tmp_path: Path) -> None:
    lossy = Verification(1, 1, 1, 0, 0, ())

    def make(trial: Trial) -> Left | None:
        if trial.subject == "x":
            return changed(verification=lossy)(trial)
        return None if trial.repetition == 2 else Left()

    first, second, *rest = answer(tmp_path, make, subjects="base x", tables=BASELINE)

    assert first.startswith("Some of these numbers must not be used: x · selector")
    assert second.startswith("The run is not complete, so this is preliminary: 5 of 6 planned")
    assert not any(sentence.startswith("x against") for sentence in rest)


def test_nothing_measured_is_no_answer(tmp_path: Path) -> None:
    sentences = answer(tmp_path, changed(**failure()))

    assert sentences == (
        "The answer has a gap: 3 of 3 trials failed: OSError: gone (3×).",
        "0 of 1 planned pairs of subject and loop ran; failed: a on selector (OSError: gone).",
    )


def test_it_is_cut_off_and_says_so(tmp_path: Path) -> None:
    subjects = " ".join(f"s{number}" for number in range(14))
    make = times({"base": 2, **{f"s{number}": 2 for number in range(14)}})
    sentences = answer(tmp_path, make, subjects=f"base {subjects}", tables=BASELINE)

    assert len(sentences) == MOST_SENTENCES
    assert sentences[-1] == "3 more statements of this kind: see the tables."


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
