"""A/A on made-up records: what favours one of two equal arms is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.records.store import Run
from bench.scenario.plan import Trial
from bench.selftest.measuring import planned
from bench.selftest.rows import row_named
from tests.calibration._runs import LOOP, failing
from tests.unit.analysis.synthetic import Left, Load, Make, make_run

MS = 1_000_000


def noisy(favour: float) -> Make:
    """Trials that differ by some percent from block to block; one arm takes ``favour`` times."""
    noise = {"memory": (1.00, 1.03, 0.98, 1.01), "memory-again": (1.02, 0.99, 1.00, 1.02)}

    def make(trial: Trial) -> Left:
        share = noise[trial.subject][trial.repetition]
        factor = favour if trial.subject == "memory-again" else 1.0
        return Left(Load(cycles=100, put=round(2 * MS * share * factor)))

    return make


def run_of(directory: Path, favour: float) -> Run:
    return make_run(directory, noisy(favour), planned(row_named("same_twice"), [LOOP]).text)


def test_equal_arms_hold(tmp_path: Path) -> None:
    assert failing("same_twice", run_of(tmp_path, 1.0)) == []


@pytest.mark.parametrize("favour", [0.7, 1.4])
def test_a_benchmark_that_favours_a_label_fails(favour: float, tmp_path: Path) -> None:
    assert failing("same_twice", run_of(tmp_path, favour)) == ["put.response.p50"]


def test_a_benchmark_that_compares_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.analysis.analyse.comparisons", lambda *_: ())

    assert failing("same_twice", run_of(tmp_path, 1.0)) == ["A/A comparison"]
