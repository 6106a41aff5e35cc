"""A password that a saver tells is in no record, not even the half of it."""

from __future__ import annotations

import os

import pytest
from pydantic import TypeAdapter

from bench.measure.runner import TrialRun
from bench.records.redaction import REDACTED
from bench.records.trial import TrialRecord
from bench.scenario.plan import expand
from bench.scenario.scenario_file import parse_scenario
from tests.processes.talkative_savers import HALF
from tests.processes.test_trials import scenario_of, text_of

PASSWORD = "Tr0ub4dor&3-Xkcd"  # noqa: S105 - made up


def assert_nothing_is_told(record: TrialRecord) -> None:
    written = TypeAdapter(TrialRecord).dump_json(record).decode()
    assert "!!!!!!!!" in written
    assert REDACTED in written
    assert PASSWORD[:HALF] not in written
    assert PASSWORD[HALF:] not in written


@pytest.mark.parametrize("saver", ["at_opening", "in_operations", "in_the_log"])
def test_half_a_password_is_not_recorded(saver: str) -> None:
    scenario = scenario_of(f"tests.processes.talkative_savers:{saver}", options="reopens = false")
    environment = {**os.environ, "STORE_PASSWORD": PASSWORD}

    record, _ = TrialRun(scenario, expand(scenario).trials[0], environment).run()

    assert_nothing_is_told(record)


def test_why_a_fault_cannot_act_is_recorded_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_PASSWORD", PASSWORD)
    fault = "[faults.it]\nuse = 'tests.processes.talkative_savers:Breaking'\nat = { s = 0.01 }\n"
    text = text_of("sqlite").replace("[sweeps.all]", f"{fault}[sweeps.all]\nfaults = ['it']")
    scenario = parse_scenario(text, "f.toml")

    record, _ = TrialRun(scenario, expand(scenario).trials[0], os.environ).run()

    assert record.failure is not None
    assert record.failure.stage == "fault"
    assert_nothing_is_told(record)
