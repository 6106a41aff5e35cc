"""A part of a scenario: what was asked for and nothing else, as a scenario that stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.errors import InputError
from bench.scenario.derived_scenario import part_of
from bench.scenario.plan import arms_of, expand
from bench.scenario.scenario_file import load_scenario, parse_scenario, scenario_text

SCENARIOS = Path(__file__).parents[3] / "scenarios"
SAVERS = load_scenario(SCENARIOS / "savers.toml")
SMOKE = load_scenario(SCENARIOS / "smoke.toml")


def test_a_part_has_the_cells_that_were_asked_for() -> None:
    chosen = {"subjects": ["redis-none", "sqlite"], "payloads": ["1k"], "loops": ["selector"]}

    part = part_of(SAVERS, chosen, 3, "savers")

    asked = {
        arm
        for arm in arms_of(SAVERS)
        if arm.subject in chosen["subjects"] and arm.payload == "1k" and arm.loop == "selector"
    }
    assert {*arms_of(part)} == asked
    assert {trial.repetition for trial in expand(part).trials} == {0, 1, 2}
    assert set(part.subjects) == {"redis-none", "sqlite"}
    assert part.baseline.subjects == ()


def test_an_aa_arm_stays_beside_its_subject() -> None:
    part = part_of(SAVERS, {"subjects": ["postgres"], "arrivals": ["one"]}, None, "savers")

    assert [*part.subjects] == ["postgres", "postgres-again"]
    assert part.families == {}
    assert part.repetitions == SAVERS.repetitions


def test_its_digest_is_its_own_and_survives_being_written() -> None:
    part = part_of(SAVERS, {"loops": ["uvloop"]}, 2, "savers")

    assert part.digest() != SAVERS.digest()
    assert parse_scenario(scenario_text(part, "A part"), "text") == part


@pytest.mark.parametrize(
    ("chosen", "kept"), [({}, len(SMOKE.thresholds)), ({"subjects": ["memory"]}, 0)]
)
def test_thresholds_stay_where_every_cell_does(chosen: Mapping[str, list[str]], kept: int) -> None:
    part = part_of(SMOKE, chosen, 2, "smoke")

    assert len(part.thresholds) == kept
    assert part.repetitions == 2


def test_what_a_scenario_does_not_measure_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"savers measures no loop 'uvlop'\. Did you mean 'uvloop'"
    ):
        part_of(SAVERS, {"loops": ["uvlop"]}, None, "savers")
