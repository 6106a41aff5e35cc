"""The examples of docs/your-saver.md are measured as they stand there."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bench.checks.opening import check_opening
from bench.cli.loading import load_checked
from bench.handover.parts import options_of
from bench.measure.runner import NO_OTHERS
from bench.scenario.durability import Durability
from bench.subjects._factories.factory import subject_class

PAGE = Path(__file__).parents[2] / "docs" / "your-saver.md"
BLOCKS = re.findall(
    r"^```(\w+)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
SCENARIOS = [text for language, text in BLOCKS if text.startswith("schema_version")]
MODULES = dict(
    zip(
        re.findall(r"^[Ss]ave this as `(\w+\.py)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE),
        [text for language, text in BLOCKS if language == "python"],
        strict=True,
    )
)

pytestmark = pytest.mark.services


@pytest.mark.parametrize("number", range(4))
def test_an_example_can_be_measured(number: int, tmp_path: Path) -> None:
    for name, module in MODULES.items():
        (tmp_path / name).write_text(module, encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(SCENARIOS[number], encoding="utf-8")
    said: list[str] = []

    scenario, _ = load_checked(path)
    check_opening(scenario, os.environ, NO_OTHERS, said.append, limit_s=30.0)

    is_synchronous = number == 3
    calls = ["  mine: calls: synchronous, in threads"] if is_synchronous else []
    assert said == ["trying 1 of 1: mine …", *calls]
    (base,) = scenario.baseline.subjects
    promised = {
        (plugin := subject_class(use.use, use.options)).durability(options_of(plugin, use))
        for use in map(scenario.resolve, (base, "mine"))
    }
    # What is on a server is asked of that.
    assert len(promised - {Durability.UNKNOWN}) == 1


def test_the_page_has_four_examples() -> None:
    assert len(SCENARIOS) == 4
