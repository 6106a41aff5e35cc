"""A saver that fails at what is slow looks fast: the gate does not let it pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.gate.arms import Rule
from bench.gate.judge import decide, failing
from bench.records.outcome import Outcome
from bench.records.trial import Reading
from bench.scenario.metric import CYCLE, ERRORS
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import MS, Left, Load, make_run, row
from tests.unit.gate.gating import arms, gated, judged, text

SLOW_AND_FAILED = row(CYCLE, 5 * MS, 50 * MS, outcome=Outcome.FAILED)


def failed_in(*trials: tuple[str, int]) -> dict[str, str]:
    """Return which (subject, repetition) leave a failed cycle, as keys."""
    return {f"{subject}/{repetition}": "failed" for subject, repetition in trials}


def gate_of(directory: Path, failed: dict[str, str], factor: float = 1.0) -> tuple[str, str]:
    """Return the outcome of the failures, and of the whole gate."""

    def make(trial: Trial) -> Left:
        extra = (SLOW_AND_FAILED,) * (f"{trial.subject}/{trial.repetition}" in failed)
        left = arms(factor)(trial)
        return Left(Load(cycles=100, put=left.load.put, get_tuple=left.load.get_tuple, extra=extra))

    found = gated(directory, make)
    errors = [each.outcome for each in found if each.metric.name == ERRORS.name]
    return "".join(errors), decide(found, None, Rule(), []).outcome


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        (failed_in(), ("", "pass")),
        (failed_in(*(("b", block) for block in range(7))), ("regression", "regression")),
        (failed_in(*(("b", block) for block in range(6))), ("inconclusive", "inconclusive")),
        (failed_in(("a", 0), ("a", 3)), ("inconclusive", "inconclusive")),
        (failed_in(("a", 0), ("b", 0), ("b", 1)), ("inconclusive", "inconclusive")),
    ],
)
def test_failed_cycles(failed: dict[str, str], expected: tuple[str, str], tmp_path: Path) -> None:
    assert gate_of(tmp_path, failed) == expected


def test_being_faster_is_no_excuse(tmp_path: Path) -> None:
    failed = failed_in(*(("b", block) for block in range(7)))
    assert gate_of(tmp_path, failed, factor=0.5)[1] == "regression"


def test_head_that_fails_more_in_every_block_has_regressed_if_they_are_enough() -> None:
    assert failing([0.1, 0.2] * 4, [0.3, 0.3] * 4, 0.01)[0] == "regression"
    assert failing([0.1, 0.2], [0.3, 0.3], 0.01)[0] == "inconclusive"
    assert failing([0.3] * 8, [0.1] * 8, 0.01)[0] == "inconclusive"


def test_one_bad_block_of_a_head_that_fails_less_is_no_regression() -> None:
    assert failing([0.01] * 30 + [0.0], [0.0] * 30 + [0.9], 0.01)[0] == "inconclusive"


def test_with_more_places_it_takes_more_blocks(tmp_path: Path) -> None:
    """Two places: seven blocks have p = 1 ÷ 128, above 1 % ÷ 2."""
    other = '[arrivals.other]\nkind = "closed"\nclients = 1'
    two_places = text(arrivals="some other", tables=other)

    def make(trial: Trial) -> Left:
        is_bad = trial.subject == "b" and trial.arrival == "some" and trial.repetition < 7
        left = arms()(trial)
        extra = (SLOW_AND_FAILED,) * is_bad
        return Left(Load(cycles=100, put=left.load.put, get_tuple=left.load.get_tuple, extra=extra))

    found = judged(make_run(tmp_path, make, two_places))

    (errors,) = (each.outcome for each in found if each.metric.name == ERRORS.name)
    assert errors == "inconclusive"


def test_a_lock_that_is_no_longer_found_is_no_pass(tmp_path: Path) -> None:
    name = "put.lock_acquisitions"

    def make(trial: Trial) -> Left:
        left = arms()(trial)
        reading = Reading(name, 1.0, "count", "lower", "made up")
        return Left(left.load, {"readings": (reading,)} if trial.subject == "a" else {})

    (judged,) = (each for each in gated(tmp_path, make) if each.metric.name == name)

    assert (judged.outcome, judged.because) == ("inconclusive", "b has no such count")
