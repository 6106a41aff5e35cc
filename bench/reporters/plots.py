"""``plot_*.svg``: the plots as files, as ``report.md`` shows them."""

from __future__ import annotations

from collections.abc import Mapping

from bench.analysis.result import Analysis
from bench.contracts import Reporter
from bench.report.plots import drawings, file_name


class Plots(Reporter):
    """Writes each plot that has data; one without data has no file."""

    def render(self, analysis: Analysis) -> Mapping[str, bytes]:
        """Return the SVG files."""
        return {file_name(name): content for name, content in drawings(analysis).items()}
