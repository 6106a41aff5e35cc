"""Cells that got faster or slower: named, and not compared as if they had not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.analysis.analyse import analyse
from bench.analysis.result import Analysis
from bench.scenario.plan import Trial
from tests.unit.analysis.paced import Paced, analysed_at, paced_run, paced_text
from tests.unit.analysis.synthetic import MS, found, the

PRIMARY = 'primary_metrics = ["cycle.response.p50"]'
COMPARED = paced_text(subjects="a b", tables='[baseline]\nsubjects = ["a"]', top=PRIMARY)


def compared(directory: Path, slow_trials: int, ask: str = "") -> Analysis:
    """Compare b, which takes five times as long, with a; b slows down in some of three trials."""

    def load(trial: Trial) -> Paced:
        if trial.subject == "a":
            return Paced()
        slows = trial.repetition < slow_trials
        return Paced(service=10 * MS, growing=100_000 if slows else 0)

    return analyse(paced_run(directory, load, COMPARED + ask))


@pytest.mark.parametrize(("slow_trials", "inconclusive"), [(0, False), (2, False), (3, True)])
def test_trials_that_slow_down_together_make_a_metric_inconclusive(
    tmp_path: Path, slow_trials: int, inconclusive: bool
) -> None:
    analysis = compared(tmp_path, slow_trials)
    comparisons = [c for c in analysis.comparisons if c.metric.name == "cycle.response.p50"]
    finding = found(analysis, "slowing_down")

    assert (finding is not None) == inconclusive
    assert [c.outcome for c in comparisons] == ["unresolved" if inconclusive else "worse"]
    said = (
        "b: cycle.response rose by 66.9 % from the first half of the window to the second, over 3"
    )
    assert [c.unsteady for c in comparisons] == [f"{said} trials" if inconclusive else ""]


@pytest.mark.parametrize(("slow_trials", "is_told"), [(0, False), (2, True), (3, False)])
def test_what_changed_much_in_trials_that_disagree_is_told_and_compared(
    tmp_path: Path, slow_trials: int, is_told: bool
) -> None:
    analysis = compared(tmp_path, slow_trials)
    finding = found(analysis, "drift_not_known")

    assert (finding is not None) == is_told
    if finding is not None:
        assert finding.severity == "note"
        assert "b · selector" in finding.message
        assert "cycle.response rose by 54.7 % after the first half second" in finding.message


def test_only_the_metric_that_drifts_is_inconclusive(tmp_path: Path) -> None:
    cell = compared(tmp_path, 3).cells[1]

    assert cell.unsteady_because("cycle.response.p90")
    assert cell.unsteady_because("put.response.p50") == ""
    assert cell.unsteady_because("worker.rss_peak") == ""


def test_the_answer_says_that_it_was_not_steady(tmp_path: Path) -> None:
    (doubt,) = compared(tmp_path, 3).answer.doubts
    assert "1 of them looks like a difference but does not count: drifted" in doubt.text
    assert "1 slowed down (compare at the same number stored)" in doubt.text
    assert doubt.text.endswith("hardly help: drifted during the measurement (1 of 1).")


def test_an_ask_leaves_what_drifts_open(tmp_path: Path) -> None:
    ask = """
[ask]
pairs = [{ candidate = "a", baseline = "b" }]
require = ["cycle.response.p50 of baseline >= 2 x candidate"]
"""
    told = [compared(tmp_path / str(count), count, ask).answer for count in (0, 3)]

    assert [each.verdict for each in told] == ["yes", "not decided"]
    assert told[1].headline.startswith("Not decided. Not steady during the window: b: cycle.resp")


def test_nothing_is_trimmed(tmp_path: Path) -> None:
    slow, level = (compared(tmp_path / str(count), count) for count in (3, 0))
    counted = [[cell.operations for cell in analysis.cells] for analysis in (slow, level)]
    assert counted[0] == counted[1]


def test_trending(tmp_path: Path) -> None:
    text = paced_text(top=PRIMARY)
    finding = the(analysed_at(tmp_path, text, service=10 * MS, growing=-30_000), "trending")

    assert finding.severity == "warning"
    assert "cycle.response fell by 35.2 % from the first half" in finding.message
    assert len(finding.cells) == 1


def test_oscillating(tmp_path: Path) -> None:
    class Swinging(Paced):
        def rows(self):  # type: ignore[no-untyped-def]  # as the class above
            rows = super().rows()
            swing = ((rows[:, 2] // (200 * MS)) % 2) * MS
            rows[:, 6] += swing
            return rows

    analysis = analyse(paced_run(tmp_path, lambda trial: Swinging()))

    assert "3 of 3 trials swung regularly" in the(analysis, "oscillating").message
    assert analysis.cells[0].unsteady_because("cycle.response.p50") == ""


def test_growth_of_put_is_estimated(tmp_path: Path) -> None:
    cell = analysed_at(tmp_path, growing=10_000).cells[0]
    assert cell.value("put.response.growth") == pytest.approx(10_000_000, rel=0.1)


def test_the_warm_up_is_told_apart(tmp_path: Path) -> None:
    class Warming(Paced):
        def rows(self):  # type: ignore[no-untyped-def]  # as the class above
            rows = super().rows()
            rows[:20, 2:4] -= 300 * MS
            return rows

    cell = analyse(paced_run(tmp_path, lambda trial: Warming())).cells[0]

    assert cell.value("warmup.operations") == 10
    assert cell.value("warmup.cycle.response.p50") == 302 * MS
    assert cell.operations["cycle"] == 3 * 190


def test_a_comparison_of_two_steady_cells_has_no_reason(tmp_path: Path) -> None:
    comparison = compared(tmp_path, 0).comparisons[0]
    assert (comparison.unsteady, "unsteady" in comparison.reasons) == ("", False)


def test_a_ranking_marks_what_drifts(tmp_path: Path) -> None:
    def load(trial: Trial) -> Paced:
        return Paced(growing=10_000) if trial.subject == "a" else Paced(service=90 * MS)

    text = paced_text(subjects="a b", top=PRIMARY)
    ranking = analyse(paced_run(tmp_path, load, text)).answer.sentences[-1]

    assert ranking.endswith(
        "fsync: a 2.99 ms (2.99 ms to 2.99 ms; drifting), b 90 ms (90 ms to 90 ms)."
    )
