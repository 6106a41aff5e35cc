"""Trials → cells: status, estimates, curves."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.analysis.cell import Cell
from bench.analysis.estimation import LOWER_BOUND, POOLED
from bench.records.outcome import Outcome
from bench.records.trial import Verification
from bench.scenario.metric import METRICS, SAVER_OPERATIONS, STATISTICS
from bench.scenario.plan import Trial
from bench.stats.intervals import ARITHMETIC, GEOMETRIC, SINGLE
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    Make,
    analysed,
    failure,
    healthy,
    reading,
    row,
    scenario_text,
    unsupported,
)


def cell_of(directory: Path, make: Make, text: str | None = None) -> Cell:
    (cell,) = analysed(directory, make, text).cells
    return cell


def test_a_cell_says_what_was_measured(tmp_path: Path) -> None:
    cell = cell_of(tmp_path, healthy(clients=4, cycles=10))

    assert cell.name == "a · selector · steps · 1k · some"
    assert (cell.plugin, cell.aa_of, cell.concurrency) == ("memory", "", 4)
    assert cell.arrival_text == "closed, 4 clients"
    assert (cell.status, cell.reason, cell.invalid_because) == ("measured", "", "")
    assert cell.operations == {"put": 120, "get_tuple": 120, "cycle": 120, "last_event": 0}
    assert cell.settings == {"fsync": "on"}
    assert len(cell.trial_ids) == 3


def by_repetition(*what: Left | None) -> Make:
    def make(trial: Trial) -> Left | None:
        return what[trial.repetition]

    return make


FAILED, UNSUPPORTED, GOOD = Left(changes=failure()), Left(changes=unsupported()), Left()


@pytest.mark.parametrize(
    ("left", "status", "reason"),
    [
        ((GOOD, GOOD, GOOD), "measured", ""),
        (
            (GOOD, FAILED, None),
            "partly",
            "1 of 3 trials measured, 1 failed (OSError: gone), 1 without a record",
        ),
        (
            (GOOD, GOOD, UNSUPPORTED),
            "partly",
            "2 of 3 trials measured, 1 unsupported (NotImplementedError: no)",
        ),
        ((UNSUPPORTED,) * 3, "unsupported", "NotImplementedError: no"),
        ((UNSUPPORTED, UNSUPPORTED, FAILED), "failed", "OSError: gone"),
        ((None,) * 3, "missing", "no trial of it has a record yet"),
        (
            (Left(changes={"samples_file": None}),) * 3,
            "failed",
            "no samples were left",
        ),
    ],
)
def test_the_status_of_a_cell(
    tmp_path: Path, left: tuple[Left | None, ...], status: str, reason: str
) -> None:
    cell = cell_of(tmp_path, by_repetition(*left))

    assert (cell.status, cell.reason) == (status, reason)


def test_lost_writes_make_a_cell_invalid(tmp_path: Path) -> None:
    lossy = Verification(4, 40, 2, 0, 1, ("thread x: nothing found",))
    cell = cell_of(tmp_path, by_repetition(GOOD, Left(changes={"verification": lossy}), GOOD))

    assert cell.status == "measured"
    assert cell.invalid_because == (
        "2 acknowledged checkpoints were lost, 1 were never written in 1 of 3 trials; "
        "first: thread x: nothing found"
    )


def with_put_times(*milliseconds: int) -> Make:
    return by_repetition(*(Left(Load(put=ms * MS)) for ms in milliseconds))


def test_times_are_geometric_means_over_trials(tmp_path: Path) -> None:
    estimate = cell_of(tmp_path, with_put_times(1, 2, 4)).estimates["put.service.p50"]

    assert pytest.approx(2 * MS) == estimate.value
    assert list(estimate.trial_values) == [1 * MS, 2 * MS, 4 * MS]
    assert (estimate.method, estimate.trials, estimate.confidence) == (GEOMETRIC, 3, 0.95)


def test_waits_are_arithmetic_means_since_they_may_be_zero(tmp_path: Path) -> None:
    left = [Left(Load(wait=ms * MS)) for ms in (0, 1, 5)]
    estimate = cell_of(tmp_path, by_repetition(*left)).estimates["put.wait.p50"]

    assert pytest.approx(2 * MS) == estimate.value
    assert estimate.low == 0.0
    assert estimate.method == ARITHMETIC


def test_one_trial_has_a_value_and_no_interval(tmp_path: Path) -> None:
    cell = cell_of(tmp_path, healthy(), scenario_text(repetitions=1))
    estimate = cell.estimates["put.service.p50"]

    assert (estimate.value, estimate.low, estimate.high) == (2 * MS, None, None)
    assert estimate.method == SINGLE


def test_a_quantile_with_too_few_operations_says_why_not(tmp_path: Path) -> None:
    cell = cell_of(tmp_path, healthy(clients=3, cycles=33))
    estimate = cell.estimates["put.response.p99"]

    assert estimate.value is None
    assert estimate.why_not == ("99 operations in the smallest trial (297 in all 3), p99 needs 368")
    assert (estimate.low, estimate.high, estimate.trial_values) == (None, None, ())


def test_where_all_trials_together_suffice_it_is_pooled_without_an_interval(
    tmp_path: Path,
) -> None:
    cell = cell_of(tmp_path, healthy(clients=4, cycles=40))
    estimate = cell.estimates["put.response.p99"]

    assert (estimate.value, estimate.low, estimate.high) == (2 * MS, None, None)
    assert (estimate.method, estimate.why_not, estimate.trial_values) == (POOLED, "", ())


def test_one_small_trial_is_enough_to_need_pooling(tmp_path: Path) -> None:
    left = [Left(Load(clients=1, cycles=cycles)) for cycles in (5, 400, 400)]
    cell = cell_of(tmp_path, by_repetition(*left))

    assert cell.estimates["put.response.p50"].method == POOLED
    assert cell.estimates["put.response.p99"].method == POOLED


def test_a_quantile_among_cut_off_operations_is_a_lower_bound(tmp_path: Path) -> None:
    late = tuple(row("put", n, 900 * MS, 0, Outcome.TIMED_OUT) for n in range(60))
    cell = cell_of(tmp_path, healthy(extra=late))
    estimate = cell.estimates["put.service.p50"]

    assert pytest.approx(900 * MS) == estimate.value
    assert (estimate.low, estimate.high) == (None, None)
    assert estimate.method == LOWER_BOUND


def test_every_metric_of_an_operation_is_there(tmp_path: Path) -> None:
    marks = tuple(row("last_event", n, MS) for n in range(6))
    names = set(cell_of(tmp_path, healthy(extra=marks)).estimates)

    done = {"put", "get_tuple", "cycle", "last_event"}
    by_saver = done & set(SAVER_OPERATIONS)
    times = {"response": done, "service": done, "wait": done}
    times |= {"lock_wait": by_saver, "pool_wait": by_saver}
    expected = {
        f"{operation}.{time}.{statistic.name}"
        for time, operations in times.items()
        for operation in operations
        for statistic in STATISTICS.values()
        if time in statistic.times
    }
    # Nothing was due before this trial's window, of which the others tell.
    expected |= {name for name, declared in METRICS.items() if not declared.if_known}
    assert names == expected


def test_a_reading_becomes_a_metric_of_its_name(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        rss = reading("worker.rss_peak", (1000.0, 2000.0, 6000.0)[trial.repetition], "bytes")
        return Left(changes={"readings": (rss, reading("loop_lag.p99", 0.0))})

    estimates = cell_of(tmp_path, make).estimates

    rss, lag = estimates["worker.rss_peak"], estimates["loop_lag.p99"]
    assert pytest.approx(3000.0) == rss.value
    assert (rss.metric.unit, rss.method) == ("bytes", ARITHMETIC)
    assert (lag.value, lag.method) == (0.0, ARITHMETIC)


@pytest.mark.parametrize(("name", "is_clipped"), [("probe.growth", False), ("probe.share", True)])
def test_the_interval_of_what_may_shrink_reaches_below_0(
    name: str, is_clipped: bool, tmp_path: Path
) -> None:
    def make(trial: Trial) -> Left:
        return Left(changes={"readings": (reading(name, (0.0, 0.0, 9.0)[trial.repetition]),)})

    (cell,) = analysed(tmp_path, make).cells
    low = cell.estimates[name].low

    assert low is not None
    assert (low == 0.0, low < 0.0) == (is_clipped, not is_clipped)


def test_errors_are_counted_by_class_and_cut_off_cycles_beside_them(tmp_path: Path) -> None:
    extra = (
        row("cycle", 0, MS, 0, Outcome.TIMED_OUT),
        row("put", 0, MS, 0, Outcome.TIMED_OUT),
        row("cycle", 0, MS, 0, Outcome.SHED),
    )
    changes = {"errors": {"KeyError": 2}, "error_texts": {"KeyError": "'x'"}}
    cell = cell_of(tmp_path, lambda trial: Left(Load(extra=extra), changes))

    assert cell.errors == {"KeyError": 6, "timed out": 3, "never started": 3}
    assert cell.error_texts["KeyError"] == "'x'"
    assert pytest.approx(2 / 42) == cell.value("errors")


def test_the_curve_is_the_distribution_of_all_trials(tmp_path: Path) -> None:
    curves = cell_of(tmp_path, with_put_times(1, 2, 4)).curves

    assert set(curves) == {"put", "get_tuple", "cycle"}
    assert list(curves["put"].ns) == [1 * MS, 2 * MS, 4 * MS]
    assert curves["put"].share == pytest.approx((1 / 3, 2 / 3, 1.0))
