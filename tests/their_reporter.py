"""A reporter of somebody else, made of what ``bench.report`` offers."""

from __future__ import annotations

from collections.abc import Mapping

from bench.contracts import Reporter
from bench.report.html import html
from bench.report.markdown import markdown
from bench.report.page import Page, Text
from bench.report.report import Report
from bench.report.table import Column, table
from bench.report.terminal import screen_text
from bench.report.text import code
from bench.scenario.quantity import ABSENT, quantity


class Slowest(Reporter):
    """Tells of each condition which subject writes slowest, in three forms."""

    def render(self, report: Report) -> Mapping[str, bytes]:
        """Return ``slowest.md``, ``slowest.html`` and ``slowest.txt``."""
        rows = []
        for group in report.groups:
            values = {cell.subject: cell.value("put.response.p50") or 0.0 for cell in group.cells}
            slowest = max(values, key=values.__getitem__)
            value = quantity(values[slowest], "ns") if values[slowest] else ABSENT
            rows.append((group.title, code(slowest), value))
        columns = ("condition", "subject", Column("put"))
        blocks = (Text(report.analysis.question, "lead"), table("", columns, rows))
        page = Page("Who writes slowest", blocks)
        return {
            "slowest.md": markdown(page).encode(),
            "slowest.html": html(page).encode(),
            "slowest.txt": screen_text(page.blocks, 80).encode(),
        }
