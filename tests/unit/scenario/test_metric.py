"""Names of metrics: what is one, and what is said of what is none."""

from __future__ import annotations

import pytest

from bench.errors import InputError
from bench.scenario.metric import check_metrics, metric_names, time_metric


@pytest.mark.parametrize(
    "name",
    [
        "put.response.p50",
        "get_tuple.service.p99",
        "delete_thread.wait.p90",
        "cycle.response.p50",
        "put.lock_wait.mean",
        "list.pool_wait.p99",
        "saver.lock_wait.mean",
        "saver.service.mean",
        "throughput",
        "operation_rate",
        "errors",
        "cycle.lag.p99",
        "cycle.queueing.p50",
        "put.response.growth",
        "warmup.operations",
        "warmup.cycle.response.p50",
    ],
)
def test_a_metric(name: str) -> None:
    assert name in metric_names()


@pytest.mark.parametrize(
    "name",
    [
        "put.latency.p50",
        "put.response.most",
        "put.response",
        "aput.response.p50",
        "cycle.lock_wait.mean",
        "saver.response.p50",
        "last_event.response.p50",
        "worker.rss_peak",
        "put.lag.p99",
        "warmup.put.response.p99",
        "",
    ],
)
def test_no_metric(name: str) -> None:
    assert name not in metric_names()


def test_a_workloads_marks_and_a_probes_readings_can_be_added() -> None:
    assert "last_event.response.p50" in metric_names(marks=("last_event",))
    assert "disk.written" in metric_names(readings=("disk.written",))


def test_names_are_told_once() -> None:
    names = metric_names(marks=("last_event",))

    assert len(names) == len(set(names))


def test_the_nearest_name_and_the_place_are_told() -> None:
    with pytest.raises(InputError) as error:
        check_metrics(
            ["throughput", "put.respons.p50", "xyz"],
            "f.toml: primary_metrics",
            ("last_event",),
            ("disk.written",),
        )

    first, second = str(error.value).splitlines()
    assert first.startswith(
        "f.toml: primary_metrics: 'put.respons.p50' is no metric. "
        "Did you mean 'put.response.p50'? Expected <operation>.<time>.<statistic>"
    )
    assert "last_event" in first
    assert first.endswith("or a reading of the scenario's probes (disk.written).")
    assert second.startswith("f.toml: primary_metrics: 'xyz' is no metric. Expected")


def test_names_that_are_metrics_pass() -> None:
    check_metrics(["throughput", "put.response.p50"], "f.toml")


def test_a_part_of_the_service_time_is_described_as_one() -> None:
    metric = time_metric("saver", "lock_wait", "mean")

    assert metric.description == (
        "mean of the lock_wait time of any saver operation: "
        "waiting for the saver's own lock, a part of the service time"
    )
