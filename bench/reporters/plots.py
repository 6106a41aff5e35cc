"""``plot_*.svg``: the plots as files, as ``report.md`` shows them."""

from __future__ import annotations

from collections.abc import Mapping

from bench.contracts import Reporter
from bench.report.report import Report


class Plots(Reporter):
    """Writes each plot that has data; one without data has no file."""

    def render(self, report: Report) -> Mapping[str, bytes]:
        """Return the SVG files."""
        return {picture.file_name: picture.svg for picture in report.pictures}
