from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import PurePosixPath

import pytest

from bench.contracts import Reporter
from bench.discovery import load, names
from bench.report.report import Report
from tests.unit.reporters import synthetic

NAMES = names("reporter")
DRIVERS = ("psycopg", "psycopg_pool", "redis", "aiosqlite", "langgraph", "langchain_core")


def reporter(name: str) -> Reporter:
    return load("reporter", name)()


@cache
def report_of(make: synthetic.Maker) -> Report:
    """Return a report whose plots are drawn once for all reporters."""
    return Report(make())


def test_every_form_of_the_issue_is_found() -> None:
    expected = {"console", "markdown", "html", "json_document", "csv_table", "plots"}
    assert expected <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "make", [synthetic.full_analysis, synthetic.nothing_measured, synthetic.nothing_at_all]
)
def test_a_reporter_tells_any_analysis_in_files_of_its_own(
    name: str, make: synthetic.Maker
) -> None:
    for file_name, content in reporter(name).render(report_of(make)).items():
        assert isinstance(content, bytes)
        assert content
        assert [file_name] == list(PurePosixPath(file_name).parts)
        content.decode("utf-8")


def test_no_two_reporters_write_the_same_file() -> None:
    analysis = synthetic.nothing_measured()
    written = [file_name for name in NAMES for file_name in reporter(name).render(Report(analysis))]
    assert sorted(set(written)) == sorted(written)


@pytest.mark.parametrize("name", NAMES)
def test_a_reporter_neither_reads_nor_changes_anything_else(name: str) -> None:
    analysis = synthetic.nothing_measured()
    first = dict(reporter(name).render(Report(analysis)))
    assert first == dict(reporter(name).render(Report(analysis)))
    assert analysis == synthetic.nothing_measured()


def test_telling_a_result_imports_no_driver_and_no_plotting_window() -> None:
    modules = ", ".join(f"bench.reporters.{name}" for name in NAMES)
    forbidden = (*DRIVERS, "matplotlib.pyplot")
    code = f"import sys, {modules}; print([name for name in {forbidden!r} if name in sys.modules])"
    done = subprocess.run(  # noqa: S603 - our own interpreter with our own text
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"
