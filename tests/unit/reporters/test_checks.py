"""The checks beside the savers: in their table, on the screen, at struck-out numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.analysis.analyse import analyse
from bench.analysis.result import Analysis
from bench.report.tables.outcomes import checks_table
from tests.unit.analysis.synthetic import Left, Load, check_record, make_run, scenario_text
from tests.unit.reporters.telling import console, csv_rows, markdown

LISTING = "its listing of a namespace contains checkpoints of sub-namespaces"


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """Three subjects: a right one, one that reads otherwise than it should, one that loses."""
    text = scenario_text("right wrong lossy")
    for label in ("wrong", "lossy"):
        text = text.replace(
            f"[subjects.{label}]", f"[subjects.{label}]\noptions = {{ {label} = 1 }}"
        )
    checks = [
        check_record("right"),
        check_record("wrong", "get_tuple", "list", reason=LISTING),
        check_record("lossy", lost=7),
    ]
    directory: Path = tmp_path_factory.mktemp("run")
    run = make_run(directory, lambda _: Left(Load(cycles=40)), text, checks=checks)
    return analyse(run)


def test_the_table_tells_both_checks_of_each_subject(analysis: Analysis) -> None:
    rows = {
        row.entries[0].text: [entry.text for entry in row.entries[1:]]
        for row in checks_table(analysis).rows
    }

    assert list(rows) == ["right", "wrong", "lossy"]
    conformance, crash = rows["right"]
    assert conformance == "passed: put, put_writes, get_tuple, list, delete_thread and prune"
    assert crash == "all 400 acknowledged writes were there after 2 kills"
    assert "failed: get_tuple and list" in rows["wrong"][0]
    assert LISTING in rows["wrong"][0]
    assert "7 of 400, the oldest 80 ms old" in rows["lossy"][1]


def test_the_screen_says_first_who_lost_what(analysis: Analysis) -> None:
    assert "lossy" in " ".join(console(analysis).partition("must not be used")[2].split())


def test_only_what_failed_is_struck_out(analysis: Analysis) -> None:
    rows = {(row["subject"], row["metric"]): row for row in csv_rows(analysis, "cells.csv")}
    because = {key: row["invalid_because"] for key, row in rows.items()}

    assert LISTING in because["wrong", "get_tuple.response.p50"]
    assert float(rows["wrong", "get_tuple.response.p50"]["value"]) == pytest.approx(1e6)
    assert because["wrong", "put.response.p50"] == ""
    assert "acknowledged writes were lost" in because["lossy", "put.response.p50"]
    assert {text for (subject, _), text in because.items() if subject == "right"} == {""}


def test_the_report_strikes_them_out_and_says_why(analysis: Analysis) -> None:
    report = markdown(analysis)

    assert "Checks of each saver before anything was timed" in report
    assert "must not be used: it fails the conformance tests of get\\_tuple" in report
    assert "~~1" in report
