"""The scenario of a gate: both arms, in every block, and nothing else."""

from __future__ import annotations

import pytest

from bench.errors import InputError
from bench.gate.arms import Pair, Rule, pairs_of, second_run, two_interpreters, two_subjects
from bench.scenario.plan import expand
from bench.scenario.scenario_file import parse_scenario, scenario_text
from tests.unit.analysis.synthetic import scenario_text as made_up


def test_only_the_two_are_left_interleaved() -> None:
    given = parse_scenario(made_up("x a b b2=b"), "given")
    plan = expand(two_subjects(given, Pair("a", "b")))

    blocks = [plan.trials[at : at + 2] for at in range(0, len(plan.trials), 2)]
    assert [{trial.subject for trial in block} for block in blocks] == [{"a", "b"}] * 3
    assert [len({trial.block for trial in block}) for block in blocks] == [1, 1, 1]
    assert [len({trial.seed for trial in block}) for block in blocks] == [1, 1, 1]


def test_an_arm_that_repeats_another_stands_alone() -> None:
    given = parse_scenario(made_up("a b b2=b"), "given")

    alone = two_subjects(given, Pair("a", "b2"))
    repeated = two_subjects(given, Pair("b", "b2"))

    assert alone.subjects["b2"].use == "memory"
    assert repeated.subjects["b2"].same_as == "b"


def test_the_second_run_has_other_seeds_and_more_blocks() -> None:
    given = parse_scenario(made_up("a b"), "given")
    again = second_run(given, [Pair("a", "b")], Rule(second_run_factor=1.5))
    first, second = ({t.seed for t in expand(each).trials} for each in (given, again))

    assert first & second == set()
    assert (len(first), len(second)) == (3, 5)


def test_the_second_run_has_only_what_is_in_question() -> None:
    given, pairs = two_interpreters(parse_scenario(made_up("a b b2=b"), "given"))
    again = second_run(given, pairs[1:], Rule())

    assert tuple(again.subjects) == again.sweeps["all"].subjects == ("b.base", "b.head")


def test_a_sweep_keeps_its_own_number_of_blocks() -> None:
    given = parse_scenario(made_up("a b"), "given")
    sweep = given.sweeps["all"].model_copy(update={"repetitions": 10})
    given = given.model_copy(update={"sweeps": {"all": sweep}})

    again = second_run(given, [Pair("a", "b")], Rule(second_run_factor=2.0))

    assert again.sweeps["all"].repetitions == 20


def test_who_looks_once_at_a_bound_needs_no_more_confidence() -> None:
    assert Rule(confidence=0.95).confidence_of_a_look == pytest.approx(0.975)
    assert Rule(confidence=0.95, confirms=False).confidence_of_a_look == pytest.approx(0.95)


def test_the_text_of_the_derived_scenario_is_a_scenario() -> None:
    derived = two_subjects(parse_scenario(made_up("x a b"), "given"), Pair("a", "b"))

    assert parse_scenario(scenario_text(derived), "again") == derived


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        (Pair("a", "c"), "has no subject 'c'"),
        (Pair("a", "a"), "cannot be compared with itself"),
    ],
)
def test_what_cannot_be_compared_is_refused(pair: Pair, text: str) -> None:
    with pytest.raises(InputError, match=text):
        two_subjects(parse_scenario(made_up("a b"), "given"), pair)


def test_arms_that_never_meet_are_refused() -> None:
    more = '[sweeps.other]\nsubjects = ["b"]\nloops = ["selector"]\nworkloads = ["steps"]\n'
    more += 'payloads = ["1k"]\narrivals = ["many"]\n[arrivals.many]\nkind = "closed"\nclients = 8'
    text = made_up("a", tables=more + '\n[subjects.b]\nuse = "memory"')

    with pytest.raises(InputError, match="no sweep"):
        two_subjects(parse_scenario(text, "given"), Pair("a", "b"))


def test_every_subject_is_doubled_but_no_aa_arm() -> None:
    derived, pairs = two_interpreters(parse_scenario(made_up("a b b2=b"), "given"))

    assert pairs == (Pair("a.base", "a.head"), Pair("b.base", "b.head"))
    assert derived.sweeps["all"].subjects == ("a.base", "a.head", "b.base", "b.head")
    found = {label: subject.interpreter for label, subject in derived.subjects.items()}
    assert found == {"a.base": "base", "a.head": "head", "b.base": "base", "b.head": "head"}
    assert pairs_of(parse_scenario(scenario_text(derived), "again")) == pairs


def test_the_interpreter_is_part_of_what_is_measured() -> None:
    given = parse_scenario(made_up("a"), "given")
    label = "a"
    changed = given.subjects[label].model_copy(update={"interpreter": "head"})

    assert given.model_copy(update={"subjects": {label: changed}}).digest() != given.digest()


def test_a_scenario_of_one_interpreter_has_no_such_pairs() -> None:
    assert pairs_of(parse_scenario(made_up("a b"), "given")) == ()
