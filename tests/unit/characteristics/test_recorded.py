"""What is kept of a run: whole blocks, by saver and arm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import InputError
from bench.records.trial import Verification
from bench.scenario.plan import Trial
from characteristics.recorded import read_recorded, recorded_of, write_recorded
from tests.unit.analysis.synthetic import MS, Left, Load, make_run, scenario_text
from tests.unit.characteristics.made_up import CYCLE, recording

LABELS = "a a-again=a a-slower-5 b b-again=b"


def lasting(trial: Trial) -> Left:
    """Put times tell arm and block apart."""
    factor = 2 if trial.subject == "a-slower-5" else 1
    return Left(Load(cycles=20, put=factor * (trial.repetition + 1) * MS))


def test_values_are_kept_by_saver_arm_and_block(tmp_path: Path) -> None:
    kept = recorded_of(make_run(tmp_path, lasting, scenario_text(LABELS, repetitions=12)))

    assert kept.savers == ("a", "b")
    assert kept.slower_arms("a") == ("slower-5",)
    assert kept.values("a", "first", ["put.response.p50"])[:, 0].tolist() == [
        pytest.approx((block + 1) * MS) for block in range(12)
    ]
    assert kept.values("a", "slower-5", ["put.response.p50"])[11, 0] == pytest.approx(24 * MS)


def test_a_block_that_lacks_an_arm_is_left_out(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left | None:
        lacks = trial.subject == "a-again" and trial.repetition == 1
        return None if lacks else lasting(trial)

    kept = recorded_of(make_run(tmp_path, make, scenario_text(LABELS, repetitions=4)))

    assert kept.values("a", "first", [CYCLE]).shape == (3, 1)
    assert kept.values("b", "first", [CYCLE]).shape == (4, 1)


def test_a_run_that_is_invalid_is_refused(tmp_path: Path) -> None:
    lost = Verification(threads=4, checkpoints=40, lost=1, corrupted=0, unexpected=0, problems=())

    def make(trial: Trial) -> Left:
        return replace(lasting(trial), changes={"verification": lost})

    with pytest.raises(InputError, match="must not be used"):
        recorded_of(make_run(tmp_path, make, scenario_text(LABELS)))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "recorded.json"
    write_recorded(path, recording(0.1))

    assert read_recorded(path) == recording(0.1)


def test_what_was_not_recorded_is_named() -> None:
    with pytest.raises(InputError, match=r"no throughput of a, first"):
        recording().values("a", "first", ["throughput"])
