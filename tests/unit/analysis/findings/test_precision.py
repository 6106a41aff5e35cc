"""Findings about precision: told in one run, and not in the one beside it."""

from __future__ import annotations

from pathlib import Path

from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    Make,
    analysed,
    found,
    healthy,
    row,
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
    assert "again is a measured again, yet its put.response.p50 is 1.20 times that" in (
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


BASELINE = '[baseline]\nsubjects = ["a"]'


def test_no_aa_arm(tmp_path: Path) -> None:
    finding = the(analysed(tmp_path, healthy(), scenario_text("a b", tables=BASELINE)), "no_aa_arm")

    assert finding.severity == "warning"
    assert "comparisons, no A/A arm" in finding.message


def test_a_run_that_compares_nothing_needs_no_aa_arm(tmp_path: Path) -> None:
    assert found(analysed(tmp_path, healthy(), scenario_text("a b")), "no_aa_arm") is None


def test_a_run_with_an_aa_arm_has_one(tmp_path: Path) -> None:
    text = scenario_text("a again=a b", tables=BASELINE)

    assert found(analysed(tmp_path, healthy(), text), "no_aa_arm") is None


def reads(factor: float) -> Make:
    """Give each trial 400 reads, all of 1 ms but for ten of up to 30 ms; those of b take longer."""

    def make(trial: Trial) -> Left:
        longer = factor if trial.subject == "b" else 1.0
        rows = (
            row("get_tuple", at * 10, round(longer * MS * (1 if at % 40 else 1.4 ** (at // 40))))
            for at in range(400)
        )
        return Left(Load(clients=0, extra=tuple(rows)))

    return make


def test_tails_disagree(tmp_path: Path) -> None:
    text = scenario_text("a b", repetitions=5, tables=BASELINE)
    luck, sure = (
        found(analysed(tmp_path / str(factor), reads(factor), text), "tails_disagree")
        for factor in (1.2, 40.0)
    )

    assert sure is None
    assert luck is not None
    assert luck.severity == "note"
    assert luck.message.startswith(
        "1 of 1 ratio of tail quantiles; for example get_tuple.response.p99 of b against a"
    )
