"""What the answer does not call a difference, and which sweeps it is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.scenario.plan import Trial
from tests.unit.analysis._answers import (
    ASIDE,
    BASELINE,
    BESIDE,
    OTHER,
    PRIMARY,
    TWO,
    answer,
    times,
)
from tests.unit.analysis.synthetic import MS, Left, Load, Make, analysed, scenario_text


def cut_short(trials: int) -> Make:
    """Let x finish too little for a median in as many of its trials."""

    def make(trial: Trial) -> Left:
        too_few = trial.subject == "x" and trial.repetition < trials
        return Left(Load(clients=1, put=2 * MS, cycles=5 if too_few else 20))

    return make


def test_a_comparison_that_lacks_blocks_says_so(tmp_path: Path) -> None:
    first, *_ = answer(tmp_path, cut_short(2), subjects="base x", tables=BASELINE, repetitions=5)

    assert "no difference could be shown (only 3 of 5 blocks estimable)" in first


def test_of_several_conditions_those_that_lack_blocks_are_told_apart(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return cut_short(1 if trial.arrival == "some" else 0)(trial) or Left()

    first, *_ = answer(tmp_path, make, subjects="base x", tables=BASELINE + OTHER, **TWO)

    assert (
        "equal to within 10 % at 1 client (ratio 1 to 1), "
        "no difference could be shown at 16 clients (only 2 of 3 blocks estimable)"
    ) in first


def test_what_lies_within_the_noise_is_no_difference(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        put = {"base": 2.0, "again": 2.4, "x": 1.8, "y": 3.0}[trial.subject]
        return Left(Load(clients=1, put=round(put * MS)))

    sentences = answer(tmp_path, make, subjects="base again=base x y", tables=BASELINE)

    assert (
        "x against base (both fsync, 3 blocks): put.response.p50 – no difference could be shown "
        "(ratio 0.9 to 0.9, within the noise; detectable: a factor of 1)."
    ) in sentences
    assert any("y against base" in s and "1.5 times slower" in s for s in sentences)


def slower_then_faster(trial: Trial) -> Left | None:
    return times({"base": 2, "x": 4 if trial.arrival == "some" else 1})(trial)


def test_a_sweep_aside_is_measured_and_not_quoted(tmp_path: Path) -> None:
    tables = BASELINE + OTHER + BESIDE + ASIDE
    text = scenario_text("base x", clients=1, top=PRIMARY, tables=tables)
    analysis = analysed(tmp_path, slower_then_faster, text)
    (first,) = analysis.answer

    assert "1.99 times slower (95 % interval 1.55 to 2.56)" in first
    assert "faster" not in first
    assert {cell.sweep for cell in analysis.cells if cell.estimates} == {"all", "beside"}
    assert {c.condition[0] for c in analysis.comparisons} == {"all", "beside"}


def test_the_rankings_leave_a_sweep_aside_out_too(tmp_path: Path) -> None:
    sentences = answer(
        tmp_path, slower_then_faster, subjects="base x", tables=OTHER + BESIDE + ASIDE
    )

    assert len(sentences) == 1
    assert "x 3.99 ms" in sentences[0]


@pytest.mark.parametrize("aside", ["", ASIDE], ids=["none", "all"])
def test_every_sweep_counts_where_none_is_aside_or_all_are(tmp_path: Path, aside: str) -> None:
    text = scenario_text("base x", clients=1, top=PRIMARY, tables=BASELINE + OTHER + BESIDE + aside)
    if aside:
        text = text.replace("[sweeps.all]", f"[sweeps.all]{ASIDE}")
    first, *_ = analysed(tmp_path, slower_then_faster, text).answer

    assert "3 blocks, 2 conditions" in first
    assert "slower" in first
    assert "faster" in first
