"""What the try before a run makes of what a trial of a moment gives."""

from __future__ import annotations

import re

import pytest

from bench.checks.opening import check_opening
from bench.errors import InputError
from bench.measure.runner import NO_OTHERS
from bench.records.trial import Failure
from bench.scenario.scenario_file import parse_scenario
from tests.unit.analysis.synthetic import changed, measure_nothing, scenario_text

OUTSIDE = scenario_text("a").replace('"memory"', '"langgraph.checkpoint.memory:InMemorySaver"', 1)
NOTHING = Failure("TimeoutError", "no cycle of the window succeeded; first: cut off", "window")


def said(monkeypatch: pytest.MonkeyPatch, **changes: object) -> list[str]:
    measure_nothing(monkeypatch, changed(**changes))
    lines: list[str] = []
    check_opening(parse_scenario(OUTSIDE, "given"), {}, NO_OTHERS, lines.append)
    return lines[1:]


def test_what_is_only_slow_is_measured_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, status="failed", failure=NOTHING) == [
        "  a: no cycle ended within a second: it is slow, or an operation hangs"
    ]


def test_what_fails_now_and_then_is_measured_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = said(monkeypatch, errors={"OSError": 3}, error_texts={"OSError": "gone"})
    assert found == ["  a: 3 operations failed: OSError: gone"]


@pytest.mark.parametrize("changes", [{"window": None}, {"errors": {"OSError": 3}}])
def test_of_what_nothing_succeeds_is_refused(
    changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=re.escape("subjects.a cannot be measured: TimeoutError")):
        said(monkeypatch, status="failed", failure=NOTHING, **changes)
