"""Who fails is not fast: a subject many of whose cycles fail is compared in no time and no rate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.analysis.analyse import analyse
from bench.analysis.capacity import capacities
from bench.analysis.cell import Cell
from bench.analysis.result import Analysis
from bench.analysis.summary import summarise
from bench.records.outcome import Outcome
from bench.records.trial import Failure, Reading
from bench.scenario.metric import CYCLE, rests_on_success
from bench.scenario.plan import Trial, expand
from tests.unit.analysis.limits import limited, outcomes, threshold
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    Make,
    analysed,
    failure,
    found,
    healthy,
    make_run,
    reading,
    row,
    scenario_text,
    the,
)
from tests.unit.claims.judged import claim, ratio, verdict_on
from tests.unit.decide.deciding import MS as NS_PER_MS
from tests.unit.decide.deciding import PUT, around, cell, decided
from tests.unit.gate.gating import arms, judged, text

LOCKED = {
    "errors": {"CancelledError": 1, "OperationalError": 10},
    "error_texts": {"CancelledError": "", "OperationalError": "database is\nlocked"},
}
SAID = "20 % of its cycles failed (OperationalError: database is locked)"
BASELINE = '[baseline]\nsubjects = ["a"]'


def failed(count: int, outcome: Outcome = Outcome.FAILED) -> tuple[tuple[int, ...], ...]:
    return tuple(row(CYCLE, at * MS // 10, MS, outcome=outcome) for at in range(count))


def failing(*subjects: str, count: int = 10, outcome: Outcome = Outcome.FAILED) -> Make:
    """Let ``count`` cycles fail beside the 40 of each trial that do not, and store bytes."""

    def make(trial: Trial) -> Left:
        stored = (reading("stored.bytes_per_checkpoint", 900.0, "bytes"),)
        if trial.subject not in subjects:
            return Left(changes={"readings": stored})
        fast = Load(put=MS, extra=failed(count, outcome))
        return Left(fast, {"readings": stored, **LOCKED})

    return make


def compared(analysis: Analysis) -> set[str]:
    return {comparison.metric.name for comparison in analysis.comparisons}


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.TIMED_OUT, Outcome.SHED])
def test_it_is_compared_in_nothing_that_rests_on_success(tmp_path: Path, outcome: Outcome) -> None:
    make = failing("b", outcome=outcome)
    analysis = analysed(tmp_path, make, scenario_text("a b", tables=BASELINE))

    assert compared(analysis) == {"stored.bytes_per_checkpoint"}


@pytest.mark.parametrize(("count", "is_compared"), [(4, True), (5, False)])
def test_one_cycle_in_a_hundred_may_fail(tmp_path: Path, count: int, is_compared: bool) -> None:
    def make(trial: Trial) -> Left:
        extra = failed(count) if trial.subject == "b" else ()
        return Left(Load(cycles=99, extra=extra))

    analysis = analysed(tmp_path, make, scenario_text("a b", tables=BASELINE))

    assert ("put.response.p50" in compared(analysis)) == is_compared
    assert bool(analysis.cells[1].failing_because) != is_compared


def test_throughput_counts_what_succeeded(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, failing("a", "b"), scenario_text("a b c"))

    rates = [found.value("throughput") for found in analysis.cells]
    assert rates == pytest.approx([40 / 0.020000001, 40 / 0.020000001, 40 / 0.030000001])


def test_the_answer_names_it_first_with_its_share_and_reason(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, failing("b"), scenario_text("a b c", tables=BASELINE))

    assert analysis.answer.doubts[0].sentence == f"b fails: {SAID}; not compared."


def test_several_conditions_are_told_by_the_worst(tmp_path: Path) -> None:
    other = '[arrivals.other]\nkind = "closed"\nclients = 4'
    sparse, dense = failing("b", count=2), failing("b")
    given = scenario_text("a b", tables=other, arrivals="some other")
    analysis = analysed(
        tmp_path, lambda trial: (dense if trial.arrival == "other" else sparse)(trial), given
    )

    assert analysis.answer.doubts[0].sentence == (
        f"b fails: {SAID} at 4 clients; not compared there, so in 2 of 2 conditions."
    )


def test_it_is_not_ranked(tmp_path: Path) -> None:
    ranking = analysed(tmp_path, failing("b"), scenario_text("a b c")).answer.sentences[-1]

    assert "a 2 ms" in ranking
    assert "b " not in ranking


def test_the_most_frequent_reason_is_told_in_short(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return Left(Load(extra=failed(10)), {"errors": {"E": 9}, "error_texts": {"E": "x" * 999}})

    because = analysed(tmp_path, make).cells[0].failing_because

    assert because == f"20 % of its cycles failed (E: {'x' * 119}…)"


def test_thresholds_have_no_figure_but_the_share(tmp_path: Path) -> None:
    tables = threshold("cycle.response.p50 < 1 s", "errors < 5%", "errors < 50%")
    analysis = limited(tmp_path, tables, failing("a"))

    assert outcomes(analysis) == [("a", "no data"), ("a", "broken"), ("a", "met")]
    assert analysis.thresholds[0].reason == SAID


def test_a_relative_threshold_says_why_there_is_no_ratio(tmp_path: Path) -> None:
    tables = threshold("cycle.response.p50 < 1.5 x baseline", subjects='["b"]')
    analysis = limited(tmp_path, tables + BASELINE, failing("b"), subjects="a b")

    assert outcomes(analysis) == [("b", "no data")]
    assert SAID in analysis.thresholds[0].reason


def test_a_rate_at_which_too_many_fail_is_no_capacity(tmp_path: Path) -> None:
    search = 'kind = "search"\nrates_per_s = [10, 20]\nobjective = "cycle.response.p50 <= 5 ms"'

    def make(trial: Trial) -> Left:
        # One trial of five fails: most meet the objective.
        extra = failed(10) if trial.repetition == 4 else ()
        idle = 100 * MS - 2 * MS
        return Left(Load(1, cycles=60, put=MS, get_tuple=MS, idle=idle, extra=extra))

    run = make_run(tmp_path, make, scenario_text(arrival=search, repetitions=5))
    cells = summarise(run, expand(run.scenario).trials)
    answer = analyse(run).answer

    assert [each.outcome for each in capacities(run.scenario, cells)] == ["below the lowest rate"]
    assert 0.01 < cells[0].failing_share < 0.05
    assert answer.sentences[0].endswith("(below the lowest rate).")
    assert not any("of its cycles failed" in each.text for each in answer.doubts)


def test_claims_rest_on_its_share_of_failures_alone(tmp_path: Path) -> None:
    make, given = failing("fast"), scenario_text("base fast")
    errors = 'bounds]]\nsubjects = ["fast"]\nrequire = ["errors <= 0.1"]'
    runs = 'runs]]\nsubjects = ["fast"]\nloops = ["selector"]\nexpected = "measured"'
    verdicts = {
        name: verdict_on(tmp_path / name, make, claim(asked, kind=kind), given)
        for name, asked, kind in (
            ("ratio", ratio("<= 0.9"), "ratio"),
            ("errors", errors, "fact"),
            ("runs", runs, "fact"),
        )
    }

    assert [each.outcome for each in verdicts.values()] == [
        "inconclusive",
        "refuted",
        "inconclusive",
    ]
    assert SAID in verdicts["ratio"].because
    assert SAID in verdicts["runs"].because


def test_the_gate_compares_none_of_its_times(tmp_path: Path) -> None:
    count = (Reading("put.round_trips", 2.0, "count", "lower", "made up"),)

    def make(trial: Trial) -> Left:
        left = arms()(trial)
        extra = failed(20) if trial.subject == "b" else ()
        load = Load(cycles=100, put=left.load.put, get_tuple=left.load.get_tuple, extra=extra)
        return Left(load, {"readings": count})

    outcome = {each.metric.name: each for each in judged(make_run(tmp_path, make, text()))}

    assert outcome["put.response.p50"].outcome == "inconclusive"
    assert "4.76 % of its cycles failed" in outcome["put.response.p50"].because
    assert outcome["errors"].outcome == "regression"
    assert outcome["put.round_trips"].outcome == "pass"


def failing_option(subject: str, put_ms: float) -> Cell:
    values = {PUT: around(put_ms * NS_PER_MS), "errors": (0.2,) * 5}
    return cell(subject, values, errors={"E": 3}, error_texts={"E": "no"})


def test_it_cannot_be_chosen() -> None:
    decision = decided([failing_option("quick", 1.0), cell("slow", {PUT: around(9e6)})], {PUT: 1})

    assert (decision.choice, decision.outcome) == ("slow", "decided")
    option = decision.option("quick")
    assert [(reason.kind, reason.text) for reason in option.reasons] == [
        ("failing", "20 % of its cycles failed (E: no) at steps · 1k · one · selector")
    ]
    assert option.figures[0].value is None


def test_the_matrix_says_so(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, failing("b"), scenario_text("a b"))

    assert [entry.reason for entry in analysis.matrix] == ["", f"at steps · 1k · some: {SAID}"]


def test_its_findings_stay(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, failing("b"), scenario_text("a b"))

    assert "OperationalError 30×" in the(analysis, "errors_in_window").message
    assert found(analysed(tmp_path / "none", healthy()), "errors_in_window") is None


@pytest.mark.parametrize(
    ("name", "rests"),
    [
        ("put.response.p50", True),
        ("throughput", True),
        ("worker.rss_peak", True),
        ("errors", False),
        ("put.round_trips", False),
        ("stored.bytes_per_checkpoint", False),
    ],
)
def test_what_failures_spoil(name: str, rests: bool) -> None:
    assert rests_on_success(name) == rests


def only_failing(*repetitions: int, subject: str = "b", **changes: Any) -> Make:
    """Let no cycle of ``subject`` succeed in some trials, and it be the fastest in the others."""
    nothing = {**failure("OSError", "no cycle of the window succeeded"), "window": Load().window}
    told = {"errors": {"OSError": 9}, "error_texts": {"OSError": "no space"}}

    def make(trial: Trial) -> Left:
        if trial.subject != subject:
            return Left()
        fails = trial.repetition in repetitions
        return Left(Load(put=MS), {**nothing, **told, **changes} if fails else {})

    return make


WHOLLY = "2 of 3 trials: no cycle succeeded (OSError: no space)"


@pytest.mark.parametrize(
    "changes", [{}, {"window": None, "failure": Failure("RuntimeError", "no space", "prepare")}]
)
def test_who_fails_wholly_in_some_trials_is_not_first(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    analysis = analysed(tmp_path, only_failing(0, 2, **changes), scenario_text("a b"))
    cell = analysis.cells[1]

    assert cell.estimates["errors"].trial_values == (1.0, 0.0, 1.0)
    assert cell.failing_because == WHOLLY
    assert analysis.answer.doubts[0].sentence == f"b fails: {WHOLLY}; not compared."
    assert "Writes: a 2 ms (2 ms to 2 ms)." in analysis.answer.sentences[-1]
    assert [(entry.status, entry.reason) for entry in analysis.matrix] == [
        ("measured", ""),
        ("partly", f"at steps · 1k · some: {WHOLLY}"),
    ]


def test_another_failure_is_no_share_but_comes_last_with_a_word(tmp_path: Path) -> None:
    died = only_failing(0, window=None, errors={}, error_texts={})
    analysis = analysed(tmp_path, died, scenario_text("a b"))

    assert analysis.cells[1].failing_because == ""
    assert analysis.answer.sentences[-1].endswith(
        "fsync: a 2 ms (2 ms to 2 ms), b 1 ms (1 ms to 1 ms; not ranked: "
        "2 of 3 trials measured, 1 failed (OSError: no cycle of the window succeeded))."
    )
    assert [entry.status for entry in analysis.matrix] == ["measured", "partly"]


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("ratio", ratio("<= 0.9")),
        ("fact", 'counts]]\nsubjects = ["fast"]\nrequire = ["put per cycle <= 2"]'),
    ],
)
@pytest.mark.parametrize("changes", [{}, {"window": None}], ids=["load", "other"])
def test_no_claim_rests_on_the_trials_that_are_left(
    tmp_path: Path, kind: str, asked: str, changes: dict[str, Any]
) -> None:
    make = only_failing(0, subject="fast", **changes)
    verdict = verdict_on(tmp_path, make, claim(asked, kind=kind))

    assert verdict.outcome == "inconclusive"
    assert "of 1 condition it was not measured in 1" in verdict.because


def test_the_gate_counts_trials_in_which_no_cycle_succeeded(tmp_path: Path) -> None:
    outcome = {
        each.metric.name: each
        for each in judged(make_run(tmp_path, only_failing(*range(1, 12)), text()))
    }

    assert outcome["errors"].outcome == "regression"
    assert outcome["errors"].because.startswith("0 → 1 of the cycles failed")
    assert outcome["put.response.p50"].outcome == "inconclusive"
