"""Workers of subjects that name an interpreter run on it, and on what is installed there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.errors import InputError
from bench.gate.arms import two_interpreters
from bench.handover.interpreter import OWN, Interpreter
from bench.measure.runner import run
from bench.records.run import FORMAT_VERSION, Environment, RunRecord
from bench.records.store import Store
from bench.scenario.plan import expand
from bench.scenario.scenario_file import parse_scenario
from tests.unit.analysis.synthetic import scenario_text


def measured(directory: Path, interpreters: dict[str, Interpreter]) -> dict[str, str]:
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
