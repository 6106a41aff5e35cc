"""What is added to the registry of metrics is everywhere, with no other file touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.analysis.result import Analysis
from bench.reporters.csv_table import CsvTable
from bench.reporters.json_document import JsonDocument
from bench.reporters.markdown import Markdown
from bench.scenario.limits.limit import parse_limit
from bench.scenario.metric import (
    METRICS,
    STATISTICS,
    DeclaredMetric,
    Metric,
    Statistic,
    check_metrics,
    metric_names,
    series_of,
    unit_of,
)
from tests.unit.analysis.synthetic import MS, Left, Load, analysed, row, scenario_text
from tests.unit.reporters.telling import report_of

TRIMMED = Statistic("trimmed_mean", trimmed=0.1, needed=20)
NAME = "put.response.trimmed_mean"
CLIENTS, CYCLES = 4, 25
TABLES = f"""
[baseline]
subjects = ["a"]
[[thresholds]]
require = ["{NAME} <= 2.5 ms"]
"""


@pytest.fixture(scope="module", autouse=True)
def _with_trimmed_mean() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STATISTICS, TRIMMED.name, TRIMMED)
        yield


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """Of 104 puts of 2 ms (a) or 3 ms (b), the four that take a second are trimmed away."""
    outliers = tuple(row("put", n, 1000 * MS) for n in range(4))
    text = scenario_text("a b", repetitions=6, top=f'primary_metrics = ["{NAME}"]', tables=TABLES)
    puts = {"a": 2 * MS, "b": 3 * MS}
    return analysed(
        tmp_path_factory.mktemp("run"),
        lambda trial: Left(Load(CLIENTS, CYCLES, put=puts[trial.subject], extra=outliers)),
        text,
    )


def test_it_is_estimated_compared_and_limited(analysis: Analysis) -> None:
    values = {cell.subject: cell.value(NAME) for cell in analysis.cells}
    assert values == {"a": pytest.approx(2 * MS), "b": pytest.approx(3 * MS)}

    (compared,) = [c for c in analysis.comparisons if c.metric.name == NAME]
    assert (compared.candidate, compared.outcome) == ("b", "worse")
    assert [cell.drifts[series_of(NAME)].change for cell in analysis.cells] == [0.0, 0.0]
    assert [limit.outcome for limit in analysis.thresholds] == ["met", "broken"]
    assert NAME in analysis.answer.metrics


def test_reports_tell_it(analysis: Analysis) -> None:
    report = report_of(analysis)
    document = json.loads(JsonDocument().render(report)["analysis.json"])
    assert document["cells"][0]["estimates"][NAME]["metric"]["unit"] == "ns"
    assert f",{NAME},ns,lower," in CsvTable().render(report)["cells.csv"].decode()
    page = Markdown().render(report)["report.md"].decode()
    assert "trimmed_mean of the response time of put: from when it was due" in " ".join(
        page.replace("\\_", "_").split()
    )


def test_too_few_operations_are_pooled_over_trials(tmp_path: Path) -> None:
    outlier = (row("put", 0, 1000 * MS),)
    few = analysed(tmp_path, lambda trial: Left(Load(1, 9, extra=outlier)))

    estimate = few.cells[0].estimates[NAME]
    assert (estimate.value, estimate.method) == (2 * MS, "pooled over trials, no interval")


def test_a_quantile_of_three_digits_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STATISTICS, "p999", Statistic("p999", quantile=0.999))

    assert parse_limit("put.response.p999 < 1 s").metric == "put.response.p999"
    with pytest.raises(ValueError, match="expected a time"):
        parse_limit("put.response.p999 < 1 MB")
    assert unit_of("last_event.wait.p999") == "ns"
    assert "cycle.lag.p999" in metric_names()
    assert "put.lock_wait.p999" not in metric_names()
    check_metrics(["put.service.p999"], "f.toml")


def test_a_metric_of_its_own_is_one_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = Metric("reads", "per_s", "higher", "states read per second")
    declared = DeclaredMetric(reads, lambda trial: trial.rate_per_s("get_tuple"), "geometric")
    monkeypatch.setitem(METRICS, reads.name, declared)

    (cell,) = analysed(tmp_path, lambda trial: Left(Load(4, 10))).cells
    # Four clients that do put (2 ms) and get_tuple (1 ms) in turn.
    assert cell.value("reads") == pytest.approx(4 / 0.003, rel=1e-6)
    assert unit_of("reads") == "per_s"
    check_metrics(["reads"], "f.toml")
