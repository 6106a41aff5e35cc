"""Findings as a whole, and the exit code."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.analysis import findings
from bench.analysis.analyse import analyse
from bench.analysis.findings.registry import finding_kinds
from bench.records.outcome import Outcome
from bench.records.trial import Verification
from bench.scenario.metric import CYCLE
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    Make,
    analysed,
    changed,
    failure,
    healthy,
    make_run,
    only_for,
    row,
    scenario_text,
    unsupported,
)

ENOUGH = {"clients": 4, "cycles": 100}


def test_a_healthy_run_has_no_finding(tmp_path: Path) -> None:
    assert analysed(tmp_path, healthy(**ENOUGH)).findings == ()


def test_every_kind_has_meaning_and_remedy_and_a_code_of_its_own() -> None:
    assert len({kind.code for kind in finding_kinds()}) == len(finding_kinds())
    assert all(kind.meaning.endswith(".") and kind.advice.endswith(".") for kind in finding_kinds())


def test_the_gravest_come_first(tmp_path: Path) -> None:
    lossy = Verification(1, 1, 1, 0, 0, ())
    found = analysed(
        tmp_path, changed(verification=lossy, server="embedded", errors={"X": 1})
    ).findings

    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, key=["invalid", "warning", "note"].index)
    assert found[0].code == "verification_failed"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (healthy(), 0),
        (only_for("b", changed(**unsupported())), 3),
        (only_for("b", changed(**failure())), 3),
        (only_for("b", lambda trial: None), 3),
        (lambda trial: Left() if trial.repetition else None, 3),
        (lambda trial: Left(changes={} if trial.repetition else failure()), 3),
        (lambda trial: None, 3),
        (only_for("b", changed(verification=Verification(1, 1, 0, 1, 0, ()))), 4),
    ],
    ids=["pass", "unsupported", "failed", "missing", "incomplete", "partly", "nothing", "corrupt"],
)
def test_the_exit_code(tmp_path: Path, make: Make, expected: int) -> None:
    assert analysed(tmp_path, make, scenario_text("a b")).exit_code == expected


def test_a_subject_that_runs_on_one_loop_need_not_run_on_another(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return Left(changes=unsupported() if trial.loop == "proactor" else {})

    text = scenario_text("a b", loops="selector proactor")
    assert analysed(tmp_path, make, text).exit_code == 0


@pytest.mark.parametrize(("failing", "expected"), [(("some",), 0), (("some", "other"), 3)])
def test_a_subject_that_fails_everywhere_tells_nothing(
    tmp_path: Path, failing: tuple[str, ...], expected: int
) -> None:
    failed = (row(CYCLE, 0, MS, outcome=Outcome.FAILED),)

    def make(trial: Trial) -> Left:
        fails = trial.subject == "b" and trial.arrival in failing
        return Left(Load(extra=failed if fails else ()))

    other = '[arrivals.other]\nkind = "closed"\nclients = 4'
    text = scenario_text("a b", tables=other, arrivals="some other")
    assert analysed(tmp_path, make, text).exit_code == expected


def test_an_invalid_run_stays_invalid_when_it_is_incomplete_too(tmp_path: Path) -> None:
    lossy = Left(changes={"verification": Verification(1, 1, 1, 0, 0, ())})
    run = make_run(tmp_path, lambda trial: lossy if trial.repetition else None)

    assert analyse(replace(run)).exit_code == 4


ADDED = """
from bench.analysis.findings.registry import cell_finding, finding, Symptom

@finding("note", advice="Wait.")
def rain(analysis):
    "It rained."
    return Symptom(f"{len(analysis.cells)} cells got wet", analysis.cells)

@cell_finding("warning", advice="Wait.")
def noise(analysis, cell):
    "It was loud."
    sizes = {"a": 1.0, "b": 3.0, "c": 2.0}
    subject = cell.subject
    return Symptom(f"{sizes[subject]} dB", trials=[subject], size=sizes[subject])
"""


def test_a_file_in_the_folder_adds_its_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "added"
    folder.mkdir()
    (folder / "weather.py").write_text(ADDED, encoding="utf-8")
    monkeypatch.setattr(findings, "__path__", [*findings.__path__, str(folder)])

    found = analysed(tmp_path, healthy(**ENOUGH), scenario_text("a b c")).findings
    sys.modules.pop(f"{findings.__name__}.weather")

    told = {finding.code: finding for finding in found}
    assert (told["rain"].severity, told["rain"].message) == ("note", "3 cells got wet")
    names = ["a · selector", "b · selector", "c · selector"]
    assert [" · ".join(name.split(" · ")[:2]) for name in told["noise"].cells] == names
    assert told["noise"].message.startswith("b · selector")
    assert told["noise"].message.endswith(": 3.0 dB (worst of 3 cells)")
    assert told["noise"].trials == ("a", "b", "c")
