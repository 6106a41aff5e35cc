"""All plots by name, and drawing those of one analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from bench.analysis.result import Analysis
from bench.report.page import Picture
from bench.report.plots.ecdf import response_time_ecdf
from bench.report.plots.memory import peak_memory
from bench.report.plots.scaling import by_concurrency, by_state_size
from bench.report.plots.style import svg


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: what it is about, in words for those who cannot see it, and how to draw it."""

    about: str
    draw: Callable[[Analysis], Figure | None]


PLOTS: Mapping[str, Plot] = {
    "response_time": Plot(
        "Distribution of the response time of writes and reads, by saver and condition",
        response_time_ecdf,
    ),
    "concurrency": Plot("Throughput and response time by concurrency", by_concurrency),
    "state_size": Plot("Response time and stored bytes by size of the state", by_state_size),
    "memory": Plot("Peak memory of client and server", peak_memory),
}


def pictures_of(analysis: Analysis) -> tuple[Picture, ...]:
    """Draw the plots that have data."""
    return tuple(
        Picture(f"plot_{name}.svg", plot.about, svg(figure, name))
        for name, plot in PLOTS.items()
        if (figure := plot.draw(analysis)) is not None
    )
