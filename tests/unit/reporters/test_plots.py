from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from bench.analysis.result import Analysis
from bench.report.plots.drawing import PLOTS, Plot
from bench.report.plots.memory import peak_memory
from bench.report.plots.ratio_map import ratio_map
from bench.report.plots.scaling import by_concurrency, by_state_size
from bench.report.plots.style import subject_styles, svg
from bench.report.ratios import ratio_maps
from bench.report.report import Report
from bench.reporters.plots import Plots
from tests.unit.reporters import synthetic

FULL = synthetic.full_analysis()
Draw = Callable[[Analysis], Figure | None]


@cache
def drawn(draw: Draw) -> Figure:
    figure = draw(FULL)
    assert figure is not None
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return figure


def kept_drawing(plot: Plot, _: Analysis) -> Figure:
    return drawn(plot.draw)


def texts(figure: Figure) -> str:
    found: Any = figure.findobj(Text)
    return "\n".join(text.get_text() for text in found)


def only(sweep: str) -> Analysis:
    cells = tuple(cell for cell in FULL.cells if cell.sweep == sweep)
    return replace(FULL, cells=cells)


@pytest.mark.parametrize("name", PLOTS)
def test_there_is_a_title_and_nothing_is_cut_off(name: str) -> None:
    figure: Any = drawn(PLOTS[name].draw)
    assert figure.get_suptitle()
    drawn_in = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert drawn_in.x0 >= 0
    assert drawn_in.y0 >= 0
    assert drawn_in.x1 <= width
    assert drawn_in.y1 <= height


@pytest.mark.parametrize("name", PLOTS)
def test_labels_of_an_axis_do_not_touch(name: str) -> None:
    for axes in drawn(PLOTS[name].draw).axes:
        low, high = axes.get_xlim()
        shown = (each for each in axes.get_xticklabels() if low <= each.get_position()[0] <= high)
        boxes = sorted((each.get_window_extent() for each in shown), key=lambda box: box.x0)
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.parametrize("make", [synthetic.nothing_measured, synthetic.nothing_at_all])
def test_without_data_there_is_no_plot(name: str, make: synthetic.Maker) -> None:
    assert PLOTS[name].draw(make()) is None


def test_every_subject_has_a_look_of_its_own() -> None:
    styles = subject_styles(FULL)
    assert set(synthetic.SUBJECTS) == set(styles)
    assert len(set(styles.values())) == len(styles)


def test_a_single_concurrency_is_no_curve() -> None:
    assert by_concurrency(only("loops")) is None


def test_a_single_payload_is_no_curve() -> None:
    assert by_state_size(only("loops")) is None


def test_invalid_cells_are_left_out_with_a_note() -> None:
    figure = drawn(by_concurrency)
    assert "Left out, as invalid or failing: postgres-sync · selector · steps · 1k · many" in texts(
        figure
    )


def test_invalid_bars_are_hatched_with_a_note() -> None:
    figure = drawn(peak_memory)
    assert "Hatched, as invalid or failing: postgres-sync" in texts(figure)
    hatched = [patch for axes in figure.axes for patch in axes.patches if patch.get_hatch()]
    assert len(hatched) == 2


def test_the_bars_have_the_length_of_the_estimates() -> None:
    figure = drawn(peak_memory)
    lengths = {round(patch.get_width()) for axes in figure.axes for patch in axes.patches}  # type: ignore[attr-defined]  # bars are rectangles
    names = ("worker.uss_peak", "server.pss_peak")
    values = [cell.value(name) for cell in FULL.cells for name in names]
    assert {round(value) for value in values if value is not None} == lengths


def test_an_arm_of_noise_is_no_series() -> None:
    drawn_texts = texts(drawn(by_concurrency))
    assert "postgres-relaxed" in drawn_texts
    assert "postgres-again" not in drawn_texts


def test_files_are_drawings_and_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is drawn already need not be drawn again to be written.
    kept = {name: replace(plot, draw=partial(kept_drawing, plot)) for name, plot in PLOTS.items()}
    monkeypatch.setattr("bench.report.plots.drawing.PLOTS", kept)
    files = Plots().render(Report(FULL))
    assert {"plot_ratios.svg", *(f"plot_{name}.svg" for name in PLOTS)} == set(files)
    for content in files.values():
        assert ET.fromstring(content).tag.endswith("svg")  # noqa: S314 - our own text
        assert b"<text" in content
    again = peak_memory(FULL)
    assert again is not None
    assert files["plot_memory.svg"] == svg(again, "memory")


def test_only_coordinates_are_shortened() -> None:
    figure = Figure()
    text = 'at most 1.09 times (2.75, 3.14) \n id="a_1" d="1.25" translate(1.25)'
    figure.text(0.3, 0.7, text, alpha=0.0625)
    figure.add_artist(Line2D([0.111, 0.333], [0.3, 0.7]))
    content = svg(figure, "a")
    shown = [each.text for each in ET.fromstring(content).iter() if each.tag.endswith("text")]  # noqa: S314 - our own text
    path = content.decode().partition(' d="M 51.1')[2].partition('"')[0]
    assert shown == text.split("\n")
    assert b"opacity: 0.0625" in content
    assert path
    assert re.search(r"\.\d\d", path) is None


def test_a_run_without_data_has_no_files() -> None:
    assert Plots().render(Report(synthetic.nothing_at_all())) == {}


def test_the_map_has_each_ratio_of_the_first_screen_and_nothing_is_cut_off() -> None:
    figure: Any = drawn(ratio_map)
    shown = texts(figure)
    maps, _ = ratio_maps(FULL)
    entries = [entry for each in maps for row in each.rows for entry in row.entries]
    assert maps
    assert [entry.text for entry in entries if entry.text not in shown] == []
    assert [entry.detail for entry in entries if entry.detail not in shown] == []
    hatched = sum(patch.get_hatch() is not None for patch in figure.findobj(Rectangle))
    assert hatched == sum(entry.is_open and entry.shade is not None for entry in entries)
    assert figure.get_tightbbox().x1 <= figure.get_size_inches()[0]


def test_a_headline_that_is_too_wide_has_more_lines() -> None:
    headline = "No. Redis is at most 1.09 times as fast as postgres. " * 5
    analysis = replace(FULL, answer=replace(FULL.answer, headline=headline))
    figure: Any = ratio_map(analysis)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    shown = [text for text in figure.findobj(Text) if text.get_text().startswith("No.")]
    assert [" ".join(text.get_text().split()) for text in shown] == [headline.strip()]
    assert figure.get_tightbbox().x1 <= figure.get_size_inches()[0]
    assert figure.get_tightbbox().y1 <= figure.get_size_inches()[1]


def test_there_is_no_map_of_what_is_not_compared() -> None:
    assert ratio_map(replace(FULL, comparisons=())) is None
