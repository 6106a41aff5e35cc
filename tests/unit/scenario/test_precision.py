"""The wanted precision in a scenario, and the optional blocks that it plans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import InputError
from bench.gate.arms import Pair, two_subjects
from bench.scenario.plan import Plan, Trial, blocks_of, expand
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import load_scenario, parse_scenario
from bench.scenario.scenario_file import scenario_text as written
from tests.unit.analysis.synthetic import scenario_text

LOOPS = Path(__file__).parents[3] / "scenarios" / "loops.toml"
PRECISION = """
[precision]
half_width = 0.05
most_repetitions = 6
budget_s = 900.0
"""
SEARCH = """kind = "search"
rates_per_s = [100.0, 200.0]
objective = "cycle.response.p99 <= 50 ms"
"""


def scenario(tables: str = PRECISION, arrival: str = "") -> Scenario:
    text = scenario_text("a b", repetitions=3, tables=tables, arrival=arrival)
    return parse_scenario(text, "f.toml")


def order(plan: Plan) -> list[Trial]:
    """The trials without what names the scenario."""
    return [replace(trial, scenario_digest="") for trial in plan.trials]


def test_the_certain_blocks_are_those_of_a_plan_without_a_precision() -> None:
    plain, precise = expand(scenario("")), expand(scenario())

    assert plain.optional_blocks == frozenset()
    assert order(precise)[: len(plain.trials)] == order(plain)
    assert len(plain.trials) == len(plain.expected()) == 6
    assert len(precise.trials) == 12


def test_a_shipped_scenario_without_a_precision_is_the_same_as_ever() -> None:
    found = load_scenario(LOOPS)

    assert found.precision is None
    assert "precision" not in found.model_fields_set
    assert expand(found).expected() == expand(found).trials
    with_one = found.model_copy(update={"precision": scenario().precision})
    assert order(expand(with_one))[: len(expand(found).trials)] == order(expand(found))


def test_blocks_beyond_the_repetitions_are_optional() -> None:
    plan = expand(scenario())

    assert plan.optional_blocks == {f"all/steps/1k/some/{number}" for number in (3, 4, 5)}
    assert {trial.repetition for trial in plan.expected()} == {0, 1, 2}
    begun = plan.expected({"all/steps/1k/some/3"})
    assert sorted(trial.repetition for trial in begun) == [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (3, 6)),
        ({"aside": True}, (3, 3)),
        ({"repetitions": 5}, (5, 6)),
        ({"repetitions": 8}, (8, 8)),
    ],
)
def test_who_gets_more_blocks(changes: dict[str, object], expected: tuple[int, int]) -> None:
    found = scenario()
    sweep = found.sweeps["all"].model_copy(update=changes)

    assert blocks_of(found, sweep, "some") == expected


def test_a_rate_of_a_search_gets_no_more() -> None:
    plan = expand(scenario(arrival=SEARCH))

    assert plan.optional_blocks == frozenset()
    assert len(plan.trials) == 2 * 2 * 3


def test_fewer_blocks_at_most_than_for_certain_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        scenario(PRECISION.replace("= 6", "= 2"))

    assert str(caught.value) == (
        "f.toml: precision.most_repetitions = 2: expected at least the repetitions, 3"
    )


@pytest.mark.parametrize("key", ["half_width", "most_repetitions", "budget_s"])
def test_the_whole_rule_has_to_be_stated(key: str) -> None:
    stated = [line for line in PRECISION.splitlines() if not line.startswith(key)]

    with pytest.raises(InputError, match=f"the key 'precision.{key}' is missing"):
        scenario("\n".join(stated))


def test_the_rule_is_a_part_of_the_digest() -> None:
    digests = {
        scenario(PRECISION.replace(old, new)).digest()
        for old, new in (("", ""), ("0.05", "0.1"), ("= 6", "= 7"), ("900", "901"))
    }

    assert len(digests) == 4
    assert scenario("").digest() not in digests


def test_a_gate_has_a_rule_of_its_own() -> None:
    derived = two_subjects(scenario(), Pair("a", "b"))

    assert derived.precision is None
    assert parse_scenario(written(derived), "derived") == derived
