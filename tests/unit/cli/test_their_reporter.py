"""A reporter from outside is found, and has all that the own ones are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli import main
from tests.unit.analysis.synthetic import Left, Load, make_run, scenario_text
from tests.unit.reporters.telling import PICTURES


def test_their_reporter_writes_beside_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = tmp_path / "site" / "their_reporter-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Name: their-reporter\nVersion: 1.0\n")
    point = "[bench.reporters]\nslowest = tests.their_reporter:Slowest\n"
    (metadata / "entry_points.txt").write_text(point)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr("bench.report.plots.drawing.pictures_of", lambda _: PICTURES)
    results, reports = tmp_path / "results", tmp_path / "reports"
    run = make_run(results, lambda _: Left(Load(cycles=40)), scenario_text("a_b c"))

    main(["report", "--results", str(results), "--reports", str(reports)])

    written = reports / run.record.run_id
    assert "| `a_b` | 2 ms |" in (written / "slowest.md").read_text(encoding="utf-8")
    assert "<code>a_b</code>" in (written / "slowest.html").read_text(encoding="utf-8")
    assert "a_b" in (written / "slowest.txt").read_text(encoding="utf-8")
    assert (written / "report.md").exists()
