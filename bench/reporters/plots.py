"""``plot_*.svg``: the plots as files, and the map of the ratios as one more."""

from __future__ import annotations

from collections.abc import Mapping

from bench.contracts import Reporter
from bench.report.plots.ratio_map import ratio_map
from bench.report.plots.style import svg
from bench.report.report import Report


class Plots(Reporter):
    """Writes each plot that has data; one without data has no file."""

    def render(self, report: Report) -> Mapping[str, bytes]:
        """Return the SVG files."""
        drawn = {picture.file_name: picture.svg for picture in report.pictures}
        figure = ratio_map(report.analysis)
        return drawn if figure is None else {**drawn, "plot_ratios.svg": svg(figure, "ratios")}
