"""``console.txt``: the answer on one screen."""

from __future__ import annotations

from collections.abc import Mapping

from bench.contracts import Reporter
from bench.report.first_screen import screen_blocks
from bench.report.report import Report
from bench.report.terminal import screen_text

WIDTH = 80
WHOLE = "The whole report: report.html, in the same folder."


class Console(Reporter):
    """Sets the answer, what is not proven and the map of ratios on about one screen."""

    def render(self, report: Report) -> Mapping[str, bytes]:
        """Return ``console.txt``: plain text of at most :data:`WIDTH` columns."""
        text = screen_text(screen_blocks(report.analysis, report.groups), WIDTH)
        return {"console.txt": f"{text}\n{WHOLE}\n".encode()}
