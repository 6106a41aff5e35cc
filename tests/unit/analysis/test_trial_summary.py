"""One trial: which samples count, and as what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis.trial_summary import TrialSummary, summarise_trial
from bench.records.outcome import Outcome
from bench.records.trial import Window
from bench.scenario.metric import METRICS, time_name
from tests.unit.analysis.synthetic import (
    MS,
    START_NS,
    Left,
    Load,
    make_run,
    reading,
    row,
    scenario_text,
)


def summary_of(directory: Path, *rows: tuple[int, ...], **changes: Any) -> TrialSummary:
    """Summarise a trial of just those samples, with a window of 1 s."""
    window = Window(START_NS, START_NS + 1000 * MS, START_NS + 2000 * MS)
    left = Left(Load(cycles=0, extra=rows), {"window": window, **changes})
    run = make_run(directory, lambda trial: left, scenario_text(repetitions=1))
    return summarise_trial(run, run.trials[0])


def medians(summary: TrialSummary) -> set[str]:
    """Return the medians of which only a lower bound is known."""
    return {name for name in summary.lower_bounds if name.endswith(".p50")}


def test_each_time_is_what_it_is_called(tmp_path: Path) -> None:
    rows = [row("put", n * MS, service=2 * MS, wait=3 * MS) for n in range(6)]

    summary = summary_of(tmp_path, *rows)

    times = {time: summary.values[f"put.{time}.p50"] for time in ("wait", "service", "response")}
    assert times == {"wait": 3 * MS, "service": 2 * MS, "response": 5 * MS}


def test_only_what_was_due_inside_the_window_counts(tmp_path: Path) -> None:
    inside = [row("put", at * MS, 5 * MS) for at in (0, 1, 2, 3, 4, 999)]
    outside = [row("put", -1, 900 * MS), row("put", 1000 * MS, 900 * MS)]

    summary = summary_of(tmp_path, *inside, *outside)

    assert summary.operations == {"put": 6}
    assert summary.distributions["put", "response"].values.tolist() == [5 * MS] * 6


def test_failed_operations_have_no_time_and_are_errors(tmp_path: Path) -> None:
    good = [row("cycle", n * MS, 5 * MS) for n in range(6)]
    bad = [row("cycle", n * MS, 1, outcome=Outcome.FAILED) for n in range(2)]

    summary = summary_of(tmp_path, *good, *bad)

    assert summary.operations == {"cycle": 8}
    assert summary.values["errors"] == 0.25
    assert summary.distributions["cycle", "response"].values.tolist() == [5 * MS] * 6


def test_what_timed_out_counts_at_the_time_when_it_was_given_up(tmp_path: Path) -> None:
    good = [row("put", n * MS, 5 * MS) for n in range(3)]
    late = [row("put", n * MS, 800 * MS, 7, Outcome.TIMED_OUT) for n in range(4)]

    summary = summary_of(tmp_path, *good, *late)

    assert summary.values["put.service.p50"] == 800 * MS
    assert medians(summary) == {"put.service.p50", "put.response.p50"}
    # It had started, so how long it waited is known.
    assert summary.values["put.wait.p50"] == 7


def test_what_never_started_waited_and_has_no_service_time(tmp_path: Path) -> None:
    good = [row("cycle", n * MS, 5 * MS) for n in range(6)]
    shed = [row("cycle", n * MS, 0, 700 * MS, Outcome.SHED) for n in range(7)]

    summary = summary_of(tmp_path, *good, *shed)

    assert summary.distributions["cycle", "service"].values.tolist() == [5 * MS] * 6
    assert summary.values["cycle.wait.p50"] == 700 * MS
    assert medians(summary) == {"cycle.wait.p50", "cycle.response.p50"}
    assert (summary.load.shed, summary.values["errors"]) == (7, 7 / 13)


def test_over_time_the_extremes_of_each_part_are_kept_at_their_own_instants(tmp_path: Path) -> None:
    slow = {203: 90 * MS, 777: 80 * MS}
    rows = [row("put", at * MS, slow.get(at, (2 + at % 5) * MS), MS) for at in range(1000)]
    rows.append(row("put", 500 * MS, 70 * MS, outcome=Outcome.FAILED))
    spans = ((START_NS + 5, 17), (START_NS + 90, 3))
    probed = replace(reading("gc.pause_max", 17.0), spans=spans)

    trace = summary_of(tmp_path, *rows, readings=(probed,)).trace

    puts = trace.operations["put"]
    told = zip(puts.due, puts.wait, puts.service, strict=True)
    assert {(203 * MS, MS, 90 * MS), (777 * MS, MS, 80 * MS)} <= {*told}
    assert (puts.count, trace.window_ns) == (1001, 1000 * MS)
    assert len(puts.due) <= 402
    assert sorted(puts.due) == [*puts.due]
    assert {puts.due[at]: ended for at, ended in puts.ended.items()} == {500 * MS: "failed"}
    assert trace.spans == {"gc.pause_max": ((5, 17), (90, 3))}


def test_too_few_operations_give_no_quantile(tmp_path: Path) -> None:
    summary = summary_of(tmp_path, *(row("put", n * MS, MS) for n in range(35)))

    assert "put.response.p50" in summary.values
    assert "put.response.p90" not in summary.values


def test_throughput_is_what_finished_well_inside_the_window(tmp_path: Path) -> None:
    rows = [
        row("cycle", -5 * MS, 10 * MS),  # due before, finished inside
        row("cycle", 10 * MS, 10 * MS),
        row("cycle", 20 * MS, 10 * MS, outcome=Outcome.FAILED),
        row("cycle", 995 * MS, 10 * MS),  # due inside, finished after
        row("put", 10 * MS, 10 * MS),
        row("get_tuple", 10 * MS, 10 * MS),
        row("last_event", 10 * MS, 10 * MS),
        row("put", 10 * MS, 10 * MS, outcome=Outcome.TIMED_OUT),
    ]

    values = summary_of(tmp_path, *rows).values

    assert (values["throughput"], values["operation_rate"]) == (2.0, 2.0)


def test_means_over_all_operations_of_the_saver_leave_out_cycles_and_marks(tmp_path: Path) -> None:
    rows = [
        row("put", 0, 10 * MS, wait=MS, lock=4 * MS, pool=2 * MS),
        row("get_tuple", 0, 20 * MS, wait=3 * MS),
        row("cycle", 0, 900 * MS),
        row("last_event", 0, 900 * MS),
    ]

    values = summary_of(tmp_path, *rows).values

    assert values["saver.service.mean"] == 15 * MS
    assert values["saver.wait.mean"] == 2 * MS
    assert values["saver.lock_wait.mean"] == 2 * MS
    assert values["saver.pool_wait.mean"] == MS
    assert values["put.lock_wait.mean"] == 4 * MS
    assert values["put.pool_wait.mean"] == 2 * MS
    assert "cycle.lock_wait.mean" not in values


def test_cycles_under_way_are_counted_by_their_overlap_with_the_window(tmp_path: Path) -> None:
    rows = [
        row("cycle", -500 * MS, 1000 * MS),
        row("cycle", 250 * MS, 500 * MS),
        row("cycle", 900 * MS, 500 * MS),
        row("cycle", -500 * MS, 100 * MS),
    ]

    assert summary_of(tmp_path, *rows).load.under_way == pytest.approx(0.5 + 0.5 + 0.1)


def test_readings_are_values_of_their_own_name(tmp_path: Path) -> None:
    values = summary_of(tmp_path, readings=(reading("loop_lag.p99", 7.0),)).values

    assert values["loop_lag.p99"] == 7.0


def test_a_window_in_which_nothing_was_due(tmp_path: Path) -> None:
    summary = summary_of(tmp_path)

    assert summary.operations == {}
    rates = [name for name, declared in METRICS.items() if declared.is_rate]
    assert {"throughput", "operation_rate"} <= set(rates)
    assert {name: summary.values[name] for name in rates} == dict.fromkeys(rates, 0.0)
    assert not {name for name in summary.values if time_name(name)}


def test_the_samples_are_left_as_they_were(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    before = [run.samples(trial).column("response") for trial in run.trials]

    summarise_trial(run, run.trials[0])

    after = [run.samples(trial).column("response") for trial in run.trials]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
