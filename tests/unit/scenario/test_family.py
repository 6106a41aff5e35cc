"""What is compared with what, what is read together, and which families do not fit a scenario."""

from __future__ import annotations

import pytest

from bench.errors import InputError
from bench.scenario.derived_scenario import derived
from bench.scenario.family import baselines_of, compares, family_of
from bench.scenario.plan import Arm, arms_of
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import parse_scenario, scenario_text
from tests.unit.analysis.synthetic import scenario_text as made_up

PUT, GET = "put.response.p50", "get_tuple.response.p50"
ASIDE = """
[sweeps.beside]
subjects = ["a", "b"]
workloads = ["steps"]
payloads = ["1k"]
arrivals = ["some"]
loops = ["uvloop"]
aside = true
"""
FAMILIES = """
[families.question.against]
a = ["b", "c"]

[families.price]
metrics = ["throughput"]
[families.price.against]
c = ["b"]
"""


def parsed(tables: str, subjects: str = "a b c a2=a") -> Scenario:
    return parse_scenario(made_up(subjects, tables=ASIDE + tables), "f.toml")


def arm(subject: str, sweep: str = "all") -> Arm:
    loop = "selector" if sweep == "all" else "uvloop"
    return Arm(sweep, subject, "steps", "1k", "some", loop)


def baselines(scenario: Scenario, loop: str = "selector") -> dict[str, list[str]]:
    return {
        label: [f"{base} {on}" for base, on in baselines_of(scenario, label, loop)]
        for label in scenario.subjects
    }


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (FAMILIES, {"a": [], "b": ["a selector", "c selector"], "c": ["a selector"]}),
        (
            '[baseline]\nsubjects = ["a", "c"]',
            {"a": [], "b": ["a selector", "c selector"], "c": ["a selector"]},
        ),
        ('[baseline]\nsubjects = ["a2"]', {"a": [], "b": ["a2 selector"], "c": ["a2 selector"]}),
        ('[baseline]\nloop = "uvloop"', {label: [f"{label} uvloop"] for label in "abc"}),
        ('[baseline]\nloop = "selector"', {"a": [], "b": [], "c": []}),
        ("", {"a": [], "b": [], "c": []}),
    ],
)
def test_a_subject_is_compared_with_what_is_asked_and_an_aa_arm_with_what_it_repeats(
    tables: str, expected: dict[str, list[str]]
) -> None:
    scenario = parsed(tables)

    assert baselines(scenario) == {**expected, "a2": ["a selector"]}
    assert compares(scenario)
    assert not compares(parsed("", subjects="a b"))


def test_a_declared_family_reads_its_pairs_in_its_metrics_where_the_question_is_answered() -> None:
    scenario = parsed(FAMILIES)

    def family(pair: str, metric: str, sweep: str = "all") -> str:
        base, candidate = pair.split()
        place = arm(candidate, sweep)
        return family_of(scenario, place, (base, candidate), metric, same_durability=False)

    assert (family("a b", PUT), family("a c", GET)) == ("question", "question")
    assert (family("c b", "throughput"), family("c b", PUT)) == ("price", "")
    assert family("a b", "put.response.p99") == ""
    assert family("a b", PUT, "beside") == ""


def test_a_family_may_ask_for_what_is_measured_aside() -> None:
    tables = '[families.beside]\nsweeps = ["beside"]\nagainst = { a = ["b"] }'
    scenario = parsed(tables)
    names = [
        family_of(scenario, arm("b", sweep), ("a", "b"), PUT, same_durability=True)
        for sweep in ("all", "beside")
    ]

    assert names == ["", "beside"]


def test_without_families_each_baseline_has_one_and_one_across_durability() -> None:
    scenario = parsed('[baseline]\nsubjects = ["a"]\nacross_durability = true')
    names = [
        family_of(scenario, arm("b"), ("a", "b"), PUT, same_durability=is_same)
        for is_same in (True, False)
    ]

    assert names == ["against a", "against a, across durability classes"]
    assert family_of(scenario, arm("b", "beside"), ("a", "b"), PUT, same_durability=True) == ""


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (
            '[families.x]\nagainst = { postgre = ["b"] }',
            r"families.x.against names 'postgre'\. .*a, a2, b, c",
        ),
        ('[families.x]\nagainst = { a = ["bb"] }', r"against.a names 'bb'\..* 'b'\?"),
        ('[families.x]\nagainst = { a = ["a2"] }', "'a2', an A/A arm, which is compared with 'a'"),
        ('[families.x]\nagainst = { a = ["a"] }', "expected each other subject once"),
        ('[families.x]\nagainst = { a = ["b", "b"] }', "expected each other subject once"),
        ("[families.x]\nagainst = { a = [] }", "expected a list that is not empty"),
        ("[families.x]\nagainst = {}", "families.x.against"),
        ("[families.x]\nmetrics = ['throughput']", "key 'families.x.against' is missing"),
        (
            '[families.x]\nagainst = { a = ["b"] }\nmetrics = ["thruput"]',
            r"families.x.metrics names 'thruput', no primary metric\. Did you mean 'throughput'",
        ),
        (
            '[families.x]\nagainst = { a = ["b"] }\nsweeps = ["besides"]',
            r"families.x.sweeps names 'besides', which nothing measures\. Did you mean 'beside'",
        ),
        (
            '[families.x]\nagainst = { a = ["c"] }\nsweeps = ["beside"]',
            "families.x.against.a names 'c', which no sweep measures beside it",
        ),
        (
            '[families.x]\nagainst = { a = ["b"] }\n[families.y]\nagainst = { a = ["b"] }',
            "families.x and families.y both compare 'b' with 'a'",
        ),
        (
            '[baseline]\nsubjects = ["a"]\n[families.x]\nagainst = { a = ["b"] }',
            r"give \[families\] or \[baseline\], not both",
        ),
    ],
)
def test_a_family_that_does_not_fit_is_named(tables: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected) as caught:
        parsed(tables)

    assert str(caught.value).startswith("f.toml: ")
    assert "\n" not in str(caught.value)


def test_families_judge_and_are_no_part_of_the_digest() -> None:
    scenario = parsed(FAMILIES)

    assert scenario.digest() == parsed("").digest()
    assert parse_scenario(scenario_text(scenario), "again") == scenario


def test_of_a_part_of_a_scenario_what_is_left_of_its_families_stays() -> None:
    scenario = parsed(FAMILIES)
    sweep = scenario.sweeps["all"].model_copy(update={"subjects": ("a", "b")})
    part = derived(scenario, {"all": sweep}, "a part")

    assert part.families["question"].pairs == (("a", "b"),)
    assert [*part.families] == ["question"]
    assert {each.subject for each in arms_of(part)} == {"a", "b"}
