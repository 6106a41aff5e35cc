"""``report.html``: the whole report in one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from bench.contracts import Reporter
from bench.report.html import html
from bench.report.report import Report


class Html(Reporter):
    """Sets the report in HTML: style, script and plots inside, nothing loaded."""

    def render(self, report: Report) -> Mapping[str, bytes]:
        """Return ``report.html``."""
        return {"report.html": html(report.page).encode()}
