"""Findings about precision: told in one run, and not in the one beside it."""

from __future__ import annotations

from pathlib import Path

from bench.spec.plan import Trial
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    Make,
    analysed,
    found,
    healthy,
    scenario_text,
    the,
)


def test_too_few_operations(tmp_path: Path) -> None:
    finding = the(analysed(tmp_path, healthy(clients=4, cycles=5)), "too_few_operations")

    assert finding.severity == "note"
    assert "not estimable: " in finding.message
    assert "20 operations in the smallest trial (60 in all 3), p99 needs 368" in finding.message
    assert "pooled over trials: " in finding.message


def test_few_cycles(tmp_path: Path) -> None:
    finding = the(analysed(tmp_path, healthy(clients=4, cycles=3)), "few_cycles")

    assert finding.severity == "note"
    assert finding.message == (
        "a · selector · steps · 1k · some: 3 cycles per client finished on average in the window "
        "of a trial"
    )


def test_cycles_are_counted_by_trial_and_client(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return Left(Load(clients=4, cycles=(2, 4, 8)[trial.repetition]))

    assert "4.67 cycles per client" in the(analysed(tmp_path, make), "few_cycles").message


def test_five_cycles_are_not_few(tmp_path: Path) -> None:
    assert found(analysed(tmp_path, healthy(clients=4, cycles=5)), "few_cycles") is None


def test_an_offered_rate_asks_for_no_rounds(tmp_path: Path) -> None:
    text = scenario_text(arrival='kind = "constant"\nrate_per_s = 100')

    assert found(analysed(tmp_path, healthy(clients=4, cycles=3), text), "few_cycles") is None


def spread(*factors: float) -> Make:
    return lambda trial: Left(Load(put=round(2 * MS * factors[trial.repetition])))


def test_trials_disagree(tmp_path: Path) -> None:
    finding = the(analysed(tmp_path, spread(1.0, 1.0, 2.0)), "trials_disagree")

    assert "the largest put.response.p50 of its trials is 2 times the smallest" in finding.message


def test_trials_may_differ_as_trials_do(tmp_path: Path) -> None:
    assert found(analysed(tmp_path, spread(1.0, 1.2, 1.4)), "trials_disagree") is None


def test_single_trial(tmp_path: Path) -> None:
    finding = the(analysed(tmp_path, healthy(), scenario_text(repetitions=1)), "single_trial")

    assert finding.message == "1 of 1 measured cell rest on a single trial"


AA = scenario_text("a again=a", repetitions=4)


def again(*factors: float) -> Make:
    def make(trial: Trial) -> Left:
        factor = factors[trial.repetition] if trial.subject == "again" else 1.0
        return Left(Load(put=round(2 * MS * factor)))

    return make


def test_aa_differs(tmp_path: Path) -> None:
    finding = the(analysed(tmp_path, again(1.20, 1.22, 1.21, 1.19), AA), "aa_differs")

    assert finding.severity == "warning"
    assert "again is a measured again, yet its put.response.p50 is 1.2 times that" in (
        finding.message
    )
    assert finding.cells == ("again · selector · steps · 1k · some",)


def test_an_aa_arm_that_shows_no_difference_is_no_finding(tmp_path: Path) -> None:
    assert found(analysed(tmp_path, again(0.9, 1.1, 1.05, 0.97), AA), "aa_differs") is None


def test_few_of_many_aa_ratios_exclude_one_by_chance(tmp_path: Path) -> None:
    loops = " ".join(f"l{number}" for number in range(20))

    def make(trial: Trial) -> Left | None:
        if trial.loop != "l3":
            return again(0.9, 1.1, 1.05, 0.97)(trial)
        return again(1.20, 1.22, 1.21, 1.19)(trial)

    text = scenario_text("a again=a", loops=loops, repetitions=4)
    text = text.replace(
        "duration_s = 0.2", 'duration_s = 0.2\nprimary_metrics = ["put.service.p50"]'
    )
    finding = the(analysed(tmp_path, make, text), "aa_differs")

    assert "1 of 20 A/A ratios exclude 1, 1 would by chance" in finding.message
    assert finding.severity == "note"
