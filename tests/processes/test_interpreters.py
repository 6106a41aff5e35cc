"""Workers of subjects that name an interpreter run on it, and on what is installed there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.checks.checking import check_subjects
from bench.checks.opening import check_opening
from bench.discovery import search_last
from bench.errors import InputError
from bench.gate.arms import two_interpreters
from bench.handover.interpreter import OWN, Interpreter
from bench.measure.preflight import check_plugins
from bench.measure.runner import Interpreters, run
from bench.records.run import FORMAT_VERSION, Environment, RunRecord
from bench.records.store import Store
from bench.records.trial import TrialRecord
from bench.scenario.plan import expand
from bench.scenario.scenario import OwnInterpreter, Scenario
from bench.scenario.scenario_file import parse_scenario
from bench.scenario.scenario_file import scenario_text as written
from tests.unit.analysis.synthetic import scenario_text


def measured(directory: Path, interpreters: Interpreters) -> dict[str, str]:
    """Run one trial of memory on each interpreter, and return the statuses by subject."""
    given = parse_scenario(scenario_text("memory", repetitions=1, top="probes = []"), "given")
    scenario, _ = two_interpreters(given)
    store, plan = Store(directory), expand(scenario)
    nowhere = Environment({}, {}, {}, {}, "", dirty=False)
    facts = ("gate", "gate", "", scenario.digest(), plan.digest, len(plan.trials), "", nowhere)
    store.begin(RunRecord(FORMAT_VERSION, *facts))
    seen: dict[str, str] = {}

    def note(progress: object) -> None:
        record = progress.record  # type: ignore[attr-defined] # a Progress
        seen[record.trial.subject] = record.status

    run(scenario, plan, store, "gate", note, {}, interpreters)
    return seen


def test_each_arm_runs_on_its_own(tmp_path: Path) -> None:
    """One arm's Python does not exist: only that arm fails."""
    found = measured(
        tmp_path, {"base": Interpreter(sys.executable), "head": Interpreter("/no/such/python")}
    )

    assert found == {"memory.base": "measured", "memory.head": "failed"}


def test_an_interpreter_that_nobody_provides_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="interpreter 'base', which only checkpoint-bench gate"):
        measured(tmp_path, {})


def test_another_interpreter_sees_only_what_is_installed_in_it() -> None:
    variables = {"PYTHONPATH": "here", "HOME": "there"}

    assert "-P" in Interpreter("python").command
    assert "PYTHONPATH" not in Interpreter("python").environment_of(variables)
    assert OWN.environment_of(variables)["PYTHONPATH"] == "here"


ELSEWHERE = """
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

def saver(path, *, name):
    return AsyncSqliteSaver.from_conn_string(f"{path}/{name}.sqlite")
"""


def of_elsewhere(directory: Path, module: str, options: str = "name = 'theirs'") -> Scenario:
    (directory / f"{module}.py").write_text(ELSEWHERE, encoding="utf-8")
    search_last([str(directory)])
    use = f"use = '{module}:saver'\noptions = {{ {options} }}\n{INTERPRETER}"
    text = scenario_text("memory", repetitions=1, top="probes = []")
    return parse_scenario(text.replace('use = "memory"', use), "given")


RUN_ID = "20260101T000000Z-own"
INTERPRETER = 'interpreter = { requirements = ["theirs"] }'
ANOTHER: Interpreters = {
    OwnInterpreter(requirements=("theirs",)): Interpreter(sys.executable, True)
}


def test_a_saver_of_another_interpreter_is_imported_there_alone(tmp_path: Path) -> None:
    scenario = of_elsewhere(tmp_path, "theirs_elsewhere")
    check_plugins(scenario, "given")
    said: list[str] = []
    check_opening(scenario, {}, ANOTHER, said.append)
    store, plan = Store(tmp_path), expand(scenario)
    nowhere = Environment({}, {}, {}, {}, "", dirty=False)
    facts = (
        RUN_ID,
        "own",
        written(scenario),
        scenario.digest(),
        plan.digest,
        len(plan.trials),
        "",
        nowhere,
    )
    store.begin(RunRecord(FORMAT_VERSION, *facts))
    check_subjects(scenario, store, RUN_ID, {}, ANOTHER, lambda _: None)
    records: list[TrialRecord] = []

    run(scenario, plan, store, RUN_ID, lambda made: records.append(made.record), {}, ANOTHER)

    assert said == ["trying 1 of 1: memory …"]
    (record,) = records
    assert record.failure is None
    assert record.verification is not None
    assert (record.verification.problems, record.verification.lost) == ((), 0)
    check = store.read(RUN_ID).checks["memory"]
    assert check.crash.kills == 2
    assert [one.status for one in check.conformance.capabilities].count("passed") >= 5
    assert "theirs_elsewhere" not in sys.modules


def test_wrong_options_of_such_a_saver_are_told_by_the_try(tmp_path: Path) -> None:
    scenario = of_elsewhere(tmp_path, "theirs_wrong", "naem = 'theirs'")

    with pytest.raises(InputError, match=r"unknown key 'naem'\. Did you mean 'name'\?"):
        check_opening(scenario, {}, ANOTHER, lambda _: None)


def test_such_a_saver_that_is_not_there_is_told_by_the_try(tmp_path: Path) -> None:
    scenario = of_elsewhere(tmp_path, "theirs_gone")
    (tmp_path / "theirs_gone.py").unlink()

    with pytest.raises(InputError, match="No module named 'theirs_gone'"):
        check_opening(scenario, {}, ANOTHER, lambda _: None)


def test_no_gate_gives_it_another_interpreter(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"subjects\.memory has an interpreter of its own"):
        two_interpreters(of_elsewhere(tmp_path, "theirs_gated"))
