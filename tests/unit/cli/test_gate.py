"""The verb ``gate`` on recorded runs: what it ends with, and that it fails closed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.cli import main
from bench.cli.verbs.measure.gate import requirements_in
from bench.gate.arms import Rule, second_run
from bench.records.store import Run
from bench.records.trial import Verification
from bench.scenario.plan import Trial
from bench.scenario.scenario_file import scenario_text
from tests.unit.analysis.synthetic import Left, Make, make_run
from tests.unit.gate.gating import PAIR, arms, count, text

ARMS = ["--base-subject", "a", "--head-subject", "b"]
RUN = "20260101T000000Z-made-up"


def gate(directory: Path, *flags: str) -> int:
    places = ["--results", str(directory / "results"), "--reports", str(directory / "reports")]
    return main(["gate", *places, *flags])


def recorded(directory: Path, make: Make) -> Run:
    return make_run(directory / "results", make, text())


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 0), (1.5, 1)])
def test_a_recorded_run_is_judged(factor: float, expected: int, tmp_path: Path) -> None:
    recorded(tmp_path, arms(factor))

    assert gate(tmp_path, "--judge", RUN, *ARMS) == expected


def test_what_a_run_calls_itself_does_not_choose_where_reports_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "deep" / "inside"
    path = recorded(place, arms()).directory / "run.json"
    path.write_text(path.read_text().replace(f'"run_id": "{RUN}"', '"run_id": "../../elsewhere"'))

    assert gate(place, "--judge", RUN, *ARMS) == 2
    assert "run_id" in capsys.readouterr().err
    assert list(tmp_path.rglob("gate.md")) == []


def test_a_cell_that_was_removed_cannot_tell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded(tmp_path, arms())
    for trial in run.trials:
        if trial.trial.subject == "b":
            (run.directory / "trials" / f"{trial.trial.id}.json").unlink()

    assert gate(tmp_path, "--judge", RUN, *ARMS) == 3
    assert "b is missing: no trial of it has a record yet" in capsys.readouterr().out


def test_one_more_round_trip_is_a_regression(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        value = 6.0 if trial.subject == "b" else 5.0
        return replace(arms()(trial), changes={"readings": count(value)})

    recorded(tmp_path, make)

    assert gate(tmp_path, "--judge", RUN, *ARMS) == 1


def test_a_lost_write_is_invalid(tmp_path: Path) -> None:
    lost = Verification(threads=4, checkpoints=40, lost=1, corrupted=0, unexpected=0, problems=())
    recorded(tmp_path, arms(verification=lost))

    assert gate(tmp_path, "--judge", RUN, *ARMS) == 4


@pytest.mark.parametrize(
    ("flags", "text_of_error"),
    [
        (["--judge", RUN], "name both arms"),
        (["--judge", RUN, "--judge", RUN, *ARMS], "two different ones"),
        (["--judge", RUN, "--judge", "x", "--no-confirm", *ARMS], "name no second one"),
        (["--judge", "gone", *ARMS], "holds no run 'gone'"),
        (["--judge", RUN, *ARMS, "--smallest-effect", "5"], "expected a share"),
        (["--judge", RUN, "--base-subject", "x", "--head-subject", "b"], "no subject 'x'"),
    ],
)
def test_what_is_wrong_is_said(
    flags: list[str], text_of_error: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(tmp_path, arms())

    assert gate(tmp_path, *flags) == 2
    assert text_of_error in capsys.readouterr().err


def second(directory: Path, first: Run, rule: Rule, factor: float, **environment: Any) -> str:
    """Record what would be the second run of ``first`` by ``rule``, and return its id."""
    derived = second_run(first.scenario, [PAIR], rule)
    text = scenario_text(derived)
    run = make_run(directory / "results", arms(factor), text, f"{RUN}-again", **environment)
    return run.record.run_id


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 3), (1.5, 1)])
def test_a_recorded_second_run_confirms_or_does_not(
    factor: float, expected: int, tmp_path: Path
) -> None:
    again = second(tmp_path, recorded(tmp_path, arms(1.5)), Rule(), factor)

    assert gate(tmp_path, "--judge", RUN, "--judge", again, *ARMS) == expected


def test_a_second_run_needs_only_the_servers_of_what_is_in_question(tmp_path: Path) -> None:
    servers: dict[str, Any] = {"servers": {"postgres": "18"}}
    first = make_run(tmp_path / "results", arms(1.5), text(), RUN, **servers)

    again = second(tmp_path, first, Rule(), 1.5)

    assert gate(tmp_path, "--judge", RUN, "--judge", again, *ARMS) == 1


@pytest.mark.parametrize(
    ("rule", "environment", "told"),
    [
        (Rule(second_run_factor=3.0), {}, "its scenario is not what checkpoint-bench gate derives"),
        (Rule(), {"host": {"cores": "4"}}, "these differ: host cores"),
    ],
)
def test_what_is_no_second_run_confirms_nothing(
    rule: Rule,
    environment: dict[str, Any],
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    again = second(tmp_path, recorded(tmp_path, arms(1.5)), rule, 1.5, **environment)

    assert gate(tmp_path, "--judge", RUN, "--judge", again, *ARMS) == 3
    assert told in capsys.readouterr().err


def test_too_few_blocks_are_told_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times need 6 blocks."""
    path = tmp_path / "small.toml"

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.cli.gating.measure_run", stop)

    path.write_text(text(6), encoding="utf-8")
    assert gate(tmp_path, str(path), *ARMS, "--no-confirm") == 130
    assert "warning" not in capsys.readouterr().err
    path.write_text(text(5), encoding="utf-8")
    assert gate(tmp_path, str(path), *ARMS, "--no-confirm") == 130
    assert "warning: all has 5 blocks, times need 6 at least" in capsys.readouterr().err


def test_a_summary_that_cannot_be_written_changes_no_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(tmp_path, arms(1.5))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))

    assert gate(tmp_path, "--judge", RUN, *ARMS) == 1
    assert "GITHUB_STEP_SUMMARY: cannot write" in capsys.readouterr().err


def test_a_bug_is_no_regression(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python ends with 1 on an error that nobody caught, which would say: regression."""
    recorded(tmp_path, arms())
    monkeypatch.setattr("bench.cli.gating.analyse", lambda run: run.nothing)

    assert gate(tmp_path, "--judge", RUN, *ARMS) == 4
    assert "AttributeError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("one==1, ./two", ["one==1", "./two"]),
        ("one>=1,<2,two", ["one>=1,<2", "two"]),
        ("psycopg[binary,pool]==3.2", ["psycopg[binary,pool]==3.2"]),
        (" , ", []),
    ],
)
def test_requirements_are_split_where_they_end(given: str, expected: list[str]) -> None:
    assert requirements_in(given) == expected
