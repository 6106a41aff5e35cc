"""``report.md``: the whole report as GitHub-flavoured Markdown, with the plots beside it."""

from __future__ import annotations

from collections.abc import Mapping

from bench.contracts import Reporter
from bench.report.markdown import markdown
from bench.report.report import Report


class Markdown(Reporter):
    """Sets the report in Markdown; its images are the files that the ``plots`` reporter writes."""

    def render(self, report: Report) -> Mapping[str, bytes]:
        """Return ``report.md``."""
        return {"report.md": markdown(report.page).encode()}
