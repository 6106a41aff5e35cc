"""The examples of docs/your-saver.md are measured as they stand there."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bench.checks.opening import check_opening
from bench.cli.loading import load_checked
from bench.measure.runner import NO_OTHERS

PAGE = Path(__file__).parents[2] / "docs" / "your-saver.md"
BLOCKS = re.findall(
    r"^```(\w+)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
SCENARIOS = [text for language, text in BLOCKS if language == "toml"]
(MODULE,) = [text for language, text in BLOCKS if language == "python"]

pytestmark = pytest.mark.services


@pytest.mark.parametrize("number", range(3))
def test_an_example_can_be_measured(number: int, tmp_path: Path) -> None:
    (tmp_path / "my_saver.py").write_text(MODULE, encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(SCENARIOS[number], encoding="utf-8")
    said: list[str] = []

    scenario, _ = load_checked(path)
    check_opening(scenario, os.environ, NO_OTHERS, said.append, limit_s=30.0)

    is_synchronous = number == 2
    calls = ["  mine: calls: synchronous, in threads"] if is_synchronous else []
    assert said == ["trying 1 of 1: mine …", *calls]


def test_the_page_has_three_examples() -> None:
    assert len(SCENARIOS) == 3
