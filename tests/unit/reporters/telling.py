"""What each reporter makes of an analysis; drawing the plots takes longer than all of that."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from bench.analysis.result import Analysis
from bench.contracts import Reporter
from bench.report.page import Picture
from bench.report.report import Report
from bench.reporters.console import Console
from bench.reporters.csv_table import CsvTable
from bench.reporters.html import Html
from bench.reporters.json_document import JsonDocument
from bench.reporters.markdown import Markdown

PICTURES = tuple(
    Picture(f"plot_{name}.svg", f"what {name} shows", b"<svg/>") for name in ("one", "other")
)


def report_of(analysis: Analysis) -> Report:
    """Make a report whose plots are drawn already."""
    report = Report(analysis)
    report.pictures = PICTURES
    return report


def console(analysis: Analysis) -> str:
    return _text(Console(), analysis, "console.txt").replace("\u00a0", " ")


def markdown(analysis: Analysis) -> str:
    return _text(Markdown(), analysis, "report.md")


def html(analysis: Analysis) -> str:
    return _text(Html(), analysis, "report.html")


def json_text(analysis: Analysis) -> str:
    return _text(JsonDocument(), analysis, "analysis.json")


def csv_rows(analysis: Analysis, name: str) -> list[Mapping[str, str]]:
    return list(csv.DictReader(io.StringIO(_text(CsvTable(), analysis, name))))


def _text(reporter: Reporter, analysis: Analysis, name: str) -> str:
    return reporter.render(report_of(analysis))[name].decode()
