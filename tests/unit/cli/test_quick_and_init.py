"""``quick`` makes a scenario of two minutes; ``init`` writes one to be changed."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from bench.cli import main
from bench.cli.durations import Durations
from bench.cli.verbs.measure.quick import MOST_MINUTES, state_bytes, subjects_named, wanted
from bench.errors import InputError
from bench.scenario.arrival import Closed
from bench.scenario.plan import arms_of
from bench.scenario.scenario_file import load_scenario, parse_scenario


def test_the_scenario_is_what_was_asked_for_and_its_text_says_all_of_it() -> None:
    made = wanted(subjects_named(["postgres", "redis-always"]), 8, 10_000, "uvloop")

    assert {(arm.subject, arm.loop) for arm in arms_of(made.scenario)} == {
        ("postgres", "uvloop"),
        ("redis-always", "uvloop"),
    }
    assert made.scenario.subjects["redis-always"].options == {"persistence": "always"}
    assert made.scenario.payloads["10kb"].options == {"state_bytes": 10_000}
    assert made.scenario.arrivals["8-clients"] == Closed(kind="closed", clients=8)
    assert made.scenario.baseline.subjects == ("postgres",)
    assert parse_scenario(made.text, "text").digest() == made.plan.scenario_digest


@pytest.mark.parametrize("subjects", [["memory"], ["postgres", "sqlite"]])
def test_it_has_as_many_repetitions_as_fit_in_two_minutes(subjects: list[str]) -> None:
    made = wanted(subjects_named(subjects), 8, 10_000, "selector")

    _, most = Durations().minutes_of(made.scenario, made.plan)
    assert most <= MOST_MINUTES
    assert made.scenario.repetitions > 3


@pytest.mark.parametrize(
    ("subjects", "clients", "question"),
    [
        (["memory"], 1, "How fast is memory with 1 client and a state of 10 kB?"),
        (
            ["memory", "sqlite"],
            8,
            "How do memory and sqlite compare with 8 clients and a state of 10 kB?",
        ),
    ],
)
def test_the_question_is_a_sentence(subjects: list[str], clients: int, question: str) -> None:
    made = wanted(subjects_named(subjects), clients, 10_000, "selector")

    assert made.scenario.question.replace("\N{NO-BREAK SPACE}", " ") == question


def test_many_savers_are_measured_three_times_all_the_same() -> None:
    many = ["postgres", "postgres-relaxed", "postgres-sync", "redis-always", "redis-none", "sqlite"]

    assert wanted(subjects_named(many), 8, 10_000, "selector").scenario.repetitions == 3


@pytest.mark.parametrize(
    ("text", "expected"), [("800", 800), ("10k", 10_000), ("50 kB", 50_000), ("1.5M", 1_500_000)]
)
def test_a_size_is_read(text: str, expected: int) -> None:
    assert state_bytes(text) == expected


def test_what_is_no_size_is_refused() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="'10q' is no size"):
        state_bytes("10q")


def test_a_subject_that_is_nearly_right_is_suggested() -> None:
    with pytest.raises(
        InputError, match=r"unknown subject 'postgress'\. Did you mean 'postgres'\?"
    ):
        subjects_named(["postgress"])


def test_what_init_writes_can_be_planned_and_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["init"]) == 0
    assert main(["plan", "scenario"]) == 0
    written = load_scenario(Path("scenario.toml"))
    assert [*written.arrivals] == ["one", "eight"]
    capsys.readouterr()
    assert main(["init"]) == 2
    assert "scenario.toml is there already" in capsys.readouterr().err
