"""Judgements by what happened: loops, findings, counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import InputError
from tests.unit.analysis.synthetic import (
    MS,
    changed,
    failure,
    healthy,
    only_for,
    reading,
    scenario_text,
    unsupported,
)
from tests.unit.claims.judged import claim, verdict_on

ON_SELECTOR = 'runs]]\nsubjects = ["base"]\nloops = ["selector"]\nexpected = '
BLOCKED = 'findings]]\nsubjects = ["base"]\ncode = "loop_blocked"\npresent = '
COUNTED = 'counts]]\nsubjects = ["base"]\nrequire = ["{}"]'


@pytest.mark.parametrize(
    ("expected", "refused", "outcome"),
    [
        ("measured", False, "supported"),
        ("measured", True, "refuted"),
        ("unsupported", True, "supported"),
        ("unsupported", False, "refuted"),
    ],
)
def test_a_refusal_is_a_result(tmp_path: Path, expected: str, refused: bool, outcome: str) -> None:
    make = only_for("base", changed(**unsupported("NotImplementedError", "no add_reader")))
    found = verdict_on(
        tmp_path, make if refused else healthy(), claim(f'{ON_SELECTOR}"{expected}"', kind="fact")
    )

    assert found.outcome == outcome
    assert ("NotImplementedError: no add_reader" in found.because) == refused


def test_a_failure_is_neither_support_nor_refusal(tmp_path: Path) -> None:
    for expected in ("measured", "unsupported"):
        judged = claim(f'{ON_SELECTOR}"{expected}"')
        make = changed(**failure())
        assert verdict_on(tmp_path / expected, make, judged).outcome == "inconclusive"


@pytest.mark.parametrize("name", ["put.lock_acquisitions", "put.response.p99"])
def test_without_what_a_finding_rests_on_its_absence_shows_nothing(
    name: str, tmp_path: Path
) -> None:
    absent = claim(f'{BLOCKED}false\nneeds = "{name}"', kind="fact")

    assert verdict_on(tmp_path / "lacks", healthy(), absent).outcome == "inconclusive"


def test_with_what_it_rests_on_its_absence_counts(tmp_path: Path) -> None:
    absent = claim(f'{BLOCKED}false\nneeds = "put.lock_acquisitions"', kind="fact")
    make = changed(readings=(reading("put.lock_acquisitions", 1.0),))

    assert verdict_on(tmp_path, make, absent).outcome == "supported"


@pytest.mark.parametrize(
    ("status", "expected", "because", "outcome"),
    [
        ("failed", "failed", "unknown command", "supported"),
        ("failed", "failed", "out of memory", "inconclusive"),
        ("failed", "measured", "unknown command", "refuted"),
        ("failed", "measured", "out of memory", "inconclusive"),
        ("unsupported", "unsupported", "unknown command", "supported"),
        ("unsupported", "unsupported", "out of memory", "inconclusive"),
        ("unsupported", "failed", "unknown command", "refuted"),
        ("measured", "failed", "unknown command", "refuted"),
    ],
)
def test_a_reason_that_is_asked_for_decides_what_counts(
    tmp_path: Path, status: str, expected: str, because: str, outcome: str
) -> None:
    text = "unknown command 'FT.INFO'"
    make = {
        "failed": changed(**failure("ResponseError", text)),
        "unsupported": changed(**unsupported("ResponseError", text)),
        "measured": healthy(),
    }[status]
    judged = claim(f'{ON_SELECTOR}"{expected}"\nbecause = ["{because}", "never said"]')

    assert verdict_on(tmp_path, make, judged).outcome == outcome


@pytest.mark.parametrize("stage", ["server", "loop"])
def test_what_could_not_be_had_here_says_nothing_of_the_saver(tmp_path: Path, stage: str) -> None:
    refused = unsupported("UnsupportedError", "another server is needed")
    refused["failure"] = replace(refused["failure"], stage=stage)

    for expected in ("measured", "unsupported"):
        found = verdict_on(
            tmp_path / expected, changed(**refused), claim(f'{ON_SELECTOR}"{expected}"')
        )
        assert found.outcome == "inconclusive"
        assert "another server is needed" in found.because


def test_an_emulated_loop_is_told(tmp_path: Path) -> None:
    """Also by a trial that the loop refused, which does not know the kind of its loop."""
    refused = unsupported() | {"loop_kind": ""}
    make = only_for("base", changed(**refused), changed(loop_kind="emulated"))
    judged = claim(
        'runs]]\nsubjects = ["base", "fast"]\nloops = ["proactor"]\nexpected = "unsupported"'
    )
    found = verdict_on(tmp_path, make, judged, scenario_text("base fast", loops="proactor"))

    assert found.because.count("(the loop is emulated here)") == 2
    assert [c.outcome for c in found.judgements[0].conditions] == ["holds", "fails"]


@pytest.mark.parametrize(
    ("present", "blocked", "outcome"),
    [
        ("true", True, "supported"),
        ("false", True, "refuted"),
        ("false", False, "supported"),
        ("true", False, "refuted"),
    ],
)
def test_a_finding_is_there_or_not(
    tmp_path: Path, present: str, blocked: bool, outcome: str
) -> None:
    def make_blocked(trial: object) -> object:
        made = healthy(put=MS, wait=10 * MS)(trial)  # type: ignore[arg-type]  # a Trial
        assert made is not None
        lag = {"readings": (reading("loop_lag.p99", 20.0 * MS),)}
        return type(made)(made.load, lag)

    make = make_blocked if blocked else healthy()
    found = verdict_on(tmp_path, make, claim(BLOCKED + present))  # type: ignore[arg-type]  # gives a Left

    assert found.outcome == outcome


def test_an_absent_finding_about_what_was_not_measured_is_no_support(tmp_path: Path) -> None:
    judged = claim(BLOCKED + "false")

    assert verdict_on(tmp_path / "none", changed(**failure()), judged).outcome == "inconclusive"
    partly = verdict_on(
        tmp_path / "partly", lambda trial: None if trial.repetition else healthy()(trial), judged
    )
    assert partly.outcome == "inconclusive"


@pytest.mark.parametrize(
    ("bounds", "outcome"),
    [(">= 0.9 and <= 1.1", "supported"), (">= 2", "refuted")],
)
def test_operations_are_counted(tmp_path: Path, bounds: str, outcome: str) -> None:
    found = verdict_on(tmp_path, healthy(), claim(COUNTED.format(f"put per cycle {bounds}")))
    (condition,) = found.judgements[0].conditions

    assert found.outcome == outcome
    assert (condition.value, condition.metric) == (1.0, "put / cycle")
    assert condition.method == "120 put for 120 cycle, due in the windows"


def test_what_was_never_counted_is_told(tmp_path: Path) -> None:
    found = verdict_on(tmp_path, healthy(), claim(COUNTED.format("put per list >= 1")))

    assert found.outcome == "inconclusive"
    assert "no list was counted" in found.because


def test_a_mark_that_was_never_made_refutes(tmp_path: Path) -> None:
    found = verdict_on(tmp_path, healthy(), claim(COUNTED.format("last_event per cycle >= 1")))

    assert found.outcome == "refuted"
    assert found.judgements[0].conditions[0].value == 0.0


def test_a_misspelt_operation_supports_nothing(tmp_path: Path) -> None:
    judged = claim(COUNTED.format("putt per cycle <= 1.5"))
    found = verdict_on(tmp_path, healthy(), judged)

    assert found.outcome == "inconclusive"
    assert "no putt was counted" in found.because


def test_a_misspelt_finding_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    judged = claim('findings]]\nsubjects = ["base"]\ncode = "lop_blocked"\npresent = false')

    with pytest.raises(InputError, match="Did you mean 'loop_blocked'"):
        verdict_on(tmp_path, healthy(), judged)


@pytest.mark.parametrize(("present", "outcome"), [("true", "supported"), ("false", "refuted")])
def test_a_finding_about_the_run_is_present_in_every_cell(
    tmp_path: Path, present: str, outcome: str
) -> None:
    judged = claim(
        f'findings]]\nsubjects = ["base"]\ncode = "primary_metric_missing"\npresent = {present}'
    )
    text = scenario_text("base", top='primary_metrics = ["list.response.p50"]')

    assert verdict_on(tmp_path, healthy(), judged, text).outcome == outcome
