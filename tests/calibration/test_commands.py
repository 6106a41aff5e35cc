"""What a user sees: ``run`` of each defective subject, and ``selftest``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.analysis.findings import registry
from bench.analysis.findings.registry import finding_kinds
from bench.cli import main
from bench.cli.verbs.measure import selftest
from bench.errors import (
    EXIT_BAD_INPUT,
    EXIT_INCONCLUSIVE,
    EXIT_INVALID,
    EXIT_PASS,
    EXIT_UNAVAILABLE,
)
from bench.selftest.measuring import Planned, planned
from bench.selftest.observation import Check
from bench.selftest.rows import SCENARIOS, Result, row_named
from tests.calibration._runs import LOOP, recorded

DESERVED = [
    ("blocking", EXIT_PASS, "loop_blocked"),
    ("holding", EXIT_PASS, "loop_stalled"),
    ("dropping", EXIT_INVALID, "verification_failed"),
    ("stale", EXIT_INVALID, "verification_failed"),
    ("corrupting", EXIT_INVALID, "verification_failed"),
    ("referencing", EXIT_INVALID, "verification_failed"),
    ("leaking", EXIT_PASS, "memory_leak"),
    ("hoarding", EXIT_INCONCLUSIVE, "trial_failed"),
]


def codes(reports: Path, run_id: str) -> set[str]:
    analysis = json.loads((reports / run_id / "analysis.json").read_text(encoding="utf-8"))
    return {finding["code"] for finding in analysis["findings"]}


@pytest.mark.parametrize(("name", "exit_code", "code"), DESERVED)
def test_a_defect_gets_the_exit_code_and_finding_that_it_deserves(
    name: str, exit_code: int, code: str, tmp_path: Path
) -> None:
    run = recorded(name)
    run_id, results = run.record.run_id, run.directory.parent

    arguments = ["report", run_id, "--results", str(results), "--reports", str(tmp_path)]

    assert main(arguments) == exit_code
    assert code in codes(tmp_path, run_id)


def test_a_scenario_of_the_self_test_is_one_that_run_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(SCENARIOS / "referencing.toml")
    places = ["--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports")]

    assert main(["run", path, "--loop", LOOP, *places]) == EXIT_INVALID
    assert "keeps references" in capsys.readouterr().out


def test_the_self_test_ends_well_and_keeps_records(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["selftest", "referencing", "--loop", LOOP, "--results", str(tmp_path)]

    assert main(arguments) == EXIT_PASS

    told = capsys.readouterr().out.splitlines()
    assert told[-1] == "1 row measured on 1 loop: all as expected"
    assert [path.name for path in tmp_path.glob("*/trials/*.json")] != []


def test_the_self_test_fails_where_the_finding_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left = tuple(kind for kind in finding_kinds() if kind.code != "verification_failed")
    monkeypatch.setattr(registry, "finding_kinds", lambda: left)

    assert main(["selftest", "referencing", "--loop", LOOP]) == EXIT_INVALID
    assert "1 of 1 row not as expected: referencing on selector" in capsys.readouterr().out


def test_a_row_that_this_system_cannot_show_is_not_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.cli.verbs.measure.selftest.sys.platform", "win32")

    assert main(["selftest", "hoarding"]) == EXIT_BAD_INPUT
    assert "none of these rows is measured on" in capsys.readouterr().err


class Scripted:
    """Stands in for measuring: says which rows hold at which attempt."""

    def __init__(self, holds_at: dict[str, int], unavailable: str = "") -> None:
        self.holds_at = holds_at
        self.unavailable = unavailable
        self.asked_for: list[tuple[int, list[str]]] = []

    def measured(self, what: Sequence[Planned], attempt: int, *_: object) -> list[Result]:
        self.asked_for.append((attempt, [one.row.name for one in what]))
        return [
            Result(
                one.row,
                LOOP,
                (Check("p50", "1", "1", holds=attempt >= self.holds_at[one.row.name]),),
                self.unavailable,
                attempt,
            )
            for one in what
        ]


@pytest.mark.parametrize(
    ("holds_at", "exit_code", "asked_for"),
    [
        ({"null": 1, "stale": 1}, EXIT_PASS, [(1, ["null", "stale"])]),
        ({"null": 2, "stale": 1}, EXIT_PASS, [(1, ["null", "stale"]), (2, ["null"])]),
        (
            {"null": 9, "stale": 1},
            EXIT_INVALID,
            [(1, ["null", "stale"]), (2, ["null"]), (3, ["null"])],
        ),
        # A defect that was not found is not to be found by trying again.
        ({"null": 1, "stale": 2}, EXIT_INVALID, [(1, ["null", "stale"])]),
    ],
)
def test_only_what_depends_on_time_is_measured_again(
    holds_at: dict[str, int],
    exit_code: int,
    asked_for: list[tuple[int, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripted = Scripted(holds_at)
    monkeypatch.setattr(selftest, "_measured", scripted.measured)

    assert main(["selftest", *holds_at, "--loop", LOOP]) == exit_code
    assert scripted.asked_for == asked_for


def test_without_any_loop_the_self_test_does_not_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted = Scripted({"null": 1}, "not installed")
    monkeypatch.setattr(selftest, "_measured", scripted.measured)

    assert main(["selftest", "null", "--loop", LOOP]) == EXIT_UNAVAILABLE
    assert "nothing could be measured: not installed" in capsys.readouterr().err


def test_rows_of_a_loop_can_be_planned_again() -> None:
    failed = Result(row_named("null"), LOOP, (Check("p50", "1", "2", holds=False),))

    (again,) = selftest._again([failed])

    assert again.plan.digest == planned(row_named("null"), [LOOP]).plan.digest
