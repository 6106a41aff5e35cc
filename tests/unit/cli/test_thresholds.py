"""Thresholds decide the exit code of ``report``."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.cli import main
from bench.records.trial import Verification
from tests.unit.analysis.synthetic import Make, changed, healthy, make_run, scenario_text

LOST = Verification(4, 40, lost=3, corrupted=0, unexpected=0, problems=("gone",))


@pytest.mark.parametrize(
    ("require", "confidence", "make", "told", "expected"),
    [
        ("cycle.response.p50 < 4 ms", "interval", healthy(), "Thresholds: 1 of 1 met", (0, "")),
        (
            "cycle.response.p50 < 2 ms",
            "estimate",
            healthy(),
            "✗ BROKEN cycle.response.p50 < 2 ms",
            (1, "failure"),
        ),
        (
            "cycle.response.p99 < 2 s",
            "estimate",
            healthy(),
            "✗ NO DATA cycle.response.p99 < 2 s",
            (1, "failure"),
        ),
        (
            "cycle.response.p50 > 4 ms",
            "interval",
            changed(verification=LOST),
            "✗ INVALID cycle.response.p50 > 4 ms",
            (4, "error"),
        ),
    ],
)
def test_the_outcome_is_told_and_is_the_exit_code(
    require: str,
    confidence: str,
    make: Make,
    told: str,
    expected: tuple[int, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tables = f'[[thresholds]]\nrequire = ["{require}"]\nconfidence = "{confidence}"'
    results, reports = tmp_path / "results", tmp_path / "reports"
    run_id = make_run(results, make, scenario_text(tables=tables)).record.run_id

    assert main(["report", "--results", str(results), "--reports", str(reports)]) == expected[0]
    assert told in capsys.readouterr().out
    suite = ET.parse(reports / run_id / "junit.xml").getroot()  # noqa: S314 - our own
    assert ["".join(each.tag for each in case) for case in suite] == [expected[1]] * 2
    assert suite[0].get("name") == require


def test_where_report_and_records_lie_is_told_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "results", None, scenario_text(repetitions=1))
    monkeypatch.chdir(tmp_path)

    main(["report", "--reports", str(tmp_path / "reports")])

    told = capsys.readouterr().out
    run_id = run.record.run_id
    assert f"report  {tmp_path / 'reports' / run_id / 'report.html'} " in told
    assert f"records {tmp_path / 'results' / run_id}\n" in told


def test_one_trial_shows_no_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = '[[thresholds]]\nrequire = ["cycle.response.p50 < 4 ms"]\nconfidence = "interval"'
    results, reports = tmp_path / "results", tmp_path / "reports"
    make_run(results, None, scenario_text(tables=tables, repetitions=1))

    assert main(["report", "--results", str(results), "--reports", str(reports)]) == 3
    assert "? not shown cycle.response.p50 < 4 ms, the whole interval" in capsys.readouterr().out
