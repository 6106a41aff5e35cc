"""A scenario that is written again means the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.scenario.scenario_file import load_scenario, parse_scenario, scenario_text
from tests.unit.analysis.synthetic import scenario_text as made_up

ROOT = Path(__file__).parents[3]
SCENARIOS = sorted([*ROOT.glob("scenarios/*.toml"), *ROOT.glob("bench/selftest/scenarios/*.toml")])


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_scenario_survives(path: Path) -> None:
    scenario = load_scenario(path)
    again = parse_scenario(scenario_text(scenario, "Derived."), "again")

    assert again == scenario
    assert again.digest() == scenario.digest()


def test_what_people_write_survives() -> None:
    question = 'A "quoted" question, \\\\ and \\u007f, über alles?'
    text = made_up().replace('"Which is faster?"', f"{question!r}")
    scenario = parse_scenario(text, "given")

    assert parse_scenario(scenario_text(scenario), "again").question == scenario.question
