"""All plots by name, and drawing them once for every reporter that shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from bench.analysis.result import Analysis
from bench.report.plot_ecdf import response_time_ecdf
from bench.report.plot_memory import peak_memory
from bench.report.plot_ratios import ratios_across_durability, ratios_equal_durability
from bench.report.plot_scaling import by_concurrency, by_state_size
from bench.report.plot_style import svg


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
    "ratios_equal_durability": Plot(
        "Ratios to the baseline at equal durability, with intervals", ratios_equal_durability
    ),
    "ratios_across_durability": Plot(
        "Ratios to the baseline across durability classes, with intervals",
        ratios_across_durability,
    ),
    "concurrency": Plot("Throughput and response time by concurrency", by_concurrency),
    "state_size": Plot("Response time and stored bytes by size of the state", by_state_size),
    "memory": Plot("Peak memory of client and server", peak_memory),
}


class _Drawn:
    """The drawings of the analysis that was asked for last: drawing costs seconds."""

    def __init__(self) -> None:
        self._analysis: Analysis | None = None
        self._drawings: dict[str, bytes] = {}

    def of(self, analysis: Analysis) -> Mapping[str, bytes]:
        if analysis is not self._analysis:
            self._drawings = {
                name: svg(figure, name)
                for name, plot in PLOTS.items()
                if (figure := plot.draw(analysis)) is not None
            }
            self._analysis = analysis
        return self._drawings


_LAST = _Drawn()


def drawings(analysis: Analysis) -> Mapping[str, bytes]:
    """Return the plots that have data, as SVG, by their name in :data:`PLOTS`."""
    return _LAST.of(analysis)


def file_name(name: str) -> str:
    """Return the name of a plot's file."""
    return f"plot_{name}.svg"
