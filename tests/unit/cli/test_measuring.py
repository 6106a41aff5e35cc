"""What is told of optional blocks before and while they are measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.analysis.precision import Stopping
from bench.cli import main
from bench.cli.measuring import MoreBlocks
from bench.scenario.plan import expand
from tests.unit.analysis.synthetic import Left, Load, Make, make_run, scenario_text

WANTED = """
[precision]
half_width = 0.05
most_repetitions = 20
budget_s = 60.0
"""
BASELINE = '[baseline]\nsubjects = ["a"]'


def blocks(count: int, took_s: float = 0.0) -> Make:
    def make(trial: object) -> Left | None:
        is_measured = getattr(trial, "repetition", 0) < count
        return Left(Load(), {"took_s": took_s}) if is_measured else None

    return make


def asked(tmp_path: Path, make: Make) -> tuple[list[bool], list[str]]:
    """Ask twice for the first two optional blocks; return the answers and what was said."""
    text = scenario_text("a b", repetitions=5, tables=BASELINE + WANTED)
    run = make_run(tmp_path, make, text)
    said: list[str] = []
    more = MoreBlocks(Stopping(run), said.append)
    trials = [trial for trial in expand(run.scenario).trials if trial.repetition == 5]
    return [more.is_wanted(trial) for trial in trials], said


def test_each_added_block_is_told(tmp_path: Path) -> None:
    answers, said = asked(tmp_path, blocks(5))

    assert answers == [True, True]
    line = "another block of all · steps · 1k · some: 5 blocks, the first look is at 10"
    assert said == [line, line]


def test_a_condition_that_gets_no_more_is_told_once(tmp_path: Path) -> None:
    answers, said = asked(tmp_path, blocks(5, took_s=6.0))

    assert answers == [False, False]
    (line,) = said
    assert line == (
        "no more blocks of all · steps · 1k · some: the trials took 60 s, budget_s is 60; "
        "5 blocks, the first look is at 10"
    )


@pytest.mark.parametrize("verb", ["run", "plan"])
def test_a_precision_of_nothing_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    path = tmp_path / "alone.toml"
    path.write_text(scenario_text("a", tables=WANTED), encoding="utf-8")

    assert main([verb, str(path)]) == 2
    assert "alone.toml: precision is about ratios, and nothing is compared here" in (
        capsys.readouterr().err
    )


def test_the_plan_tells_optional_blocks_and_the_range(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wanted.toml"
    text = scenario_text("a b", repetitions=5, tables=BASELINE + WANTED)
    path.write_text(text, encoding="utf-8")

    assert main(["plan", str(path), "--trials", "--results", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert len(re.findall(r"^all/steps/1k/some/\d+ .*optional$", told, re.MULTILINE)) == 30
    assert len(re.findall(r"^all/steps/1k/some/\d+ .*[0-9a-f]{12}$", told, re.MULTILINE)) == 10
    # Some seconds for the checks of two subjects, and 1.3 s for each trial.
    assert "10 trials for certain and 30 optional, about 15 to 54 s, seed 1" in told
