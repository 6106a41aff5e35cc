"""A password that a saver tells is in no record, not even the half of it."""

from __future__ import annotations

import os

import pytest
from pydantic import TypeAdapter

from bench.measure.runner import TrialRun
from bench.records.redaction import REDACTED
from bench.records.trial import TrialRecord
from bench.scenario.plan import expand
from tests.processes.talkative_savers import HALF
from tests.processes.test_trials import scenario_of

PASSWORD = "Tr0ub4dor&3-Xkcd"  # noqa: S105 - made up


@pytest.mark.parametrize("saver", ["at_opening", "in_operations", "in_the_log"])
def test_half_a_password_is_not_recorded(saver: str) -> None:
    scenario = scenario_of(f"tests.processes.talkative_savers:{saver}", options="reopens = false")
    environment = {**os.environ, "STORE_PASSWORD": PASSWORD}

    record, _ = TrialRun(scenario, expand(scenario).trials[0], environment).run()

    written = TypeAdapter(TrialRecord).dump_json(record).decode()
    assert "!!!!!!!!" in written
    assert REDACTED in written
    assert PASSWORD[:HALF] not in written
    assert PASSWORD[HALF:] not in written
