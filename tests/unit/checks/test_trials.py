"""Which subjects are checked, and under which load."""

from __future__ import annotations

from bench.checks.trials import KILL, KILLS, check_trials, distinct_subjects
from bench.scenario.scenario import SubjectUse
from bench.scenario.scenario_file import parse_scenario
from tests.unit.analysis.synthetic import scenario_text

SUBJECTS = {"first": SubjectUse(use="memory"), "second": SubjectUse(use="null")}


def test_each_subject_is_killed_in_trials_of_its_own() -> None:
    trials = check_trials(SUBJECTS, seed=3)

    assert [trial.subject for trial in trials.of("second")] == ["second"] * KILLS
    assert {trial.loop for trial in trials.trials} == {"selector"}
    assert trials.scenario.faults[KILL].use == "worker_kill"
    # Conformance and opening are checked in the same trials, and nothing is broken there.
    assert {trial.fault for trial in trials.trials} == {""}


def test_the_same_subject_is_checked_once() -> None:
    text = scenario_text("a b again=a other", tables="[subjects.unused]\nuse = 'null'")
    text = text.replace("[subjects.other]", "[subjects.other]\noptions = { size = 1 }")
    scenario = parse_scenario(text, "f.toml")

    # b has the plug-in and options of a.
    assert distinct_subjects(scenario) == ["a", "other"]
    assert [scenario.checked_as(label) for label in ("a", "b", "again", "other")] == [
        *("a", "a", "a", "other"),
    ]


def test_what_is_checked_has_no_part_in_the_digest() -> None:
    checked, unchecked = (
        parse_scenario(scenario_text("a", top=top), "f.toml")
        for top in ("", "conformance = false\ncrash_check = false")
    )
    assert checked.digest() == unchecked.digest()
