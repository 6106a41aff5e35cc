"""The committed figures are those of the committed recording; page and plots have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import InputError
from bench.scenario.scenario_file import load_scenario
from characteristics.__main__ import FIGURES, PAGE, PLOTS, RECORDED, RECORDING
from characteristics.figures import (
    ALONE,
    BY_BLOCKS,
    DEFAULT,
    SCENARIO,
    Figures,
    cells,
    coverage,
    default_design,
    found,
    noise,
    write_figures,
)
from characteristics.page import reaches, with_figures
from characteristics.plots import plots
from characteristics.recorded import Recorded, read_recorded


@pytest.fixture(scope="module")
def figures() -> Figures:
    return Figures.model_validate_json(FIGURES.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return read_recorded(RECORDED)


def test_every_cell_is_there_and_of_the_gate_as_it_is(figures: Figures, recorded: Recorded) -> None:
    wanted = [cell.model_dump() for cell in cells(default_design(), recorded)]

    assert [each.cell.model_dump() for each in figures.found] == wanted


@pytest.mark.parametrize(
    ("kind", "saver", "effect"), [(ALONE, "sqlite", 0.05), (BY_BLOCKS, "memory", 0.10)]
)
def test_a_cell_drawn_again_is_the_same(
    kind: str, saver: str, effect: float, figures: Figures, recorded: Recorded
) -> None:
    committed = figures.of(kind, saver, effect)

    assert found(recorded, default_design(), committed.cell) == committed


@pytest.mark.slow
def test_equal_arms_drawn_again_are_the_same(figures: Figures, recorded: Recorded) -> None:
    committed = figures.of(DEFAULT)

    assert found(recorded, default_design(), committed.cell) == committed


def test_noise_and_coverage_are_the_same(figures: Figures, recorded: Recorded) -> None:
    assert figures.noise == tuple(noise(recorded))
    assert coverage("normal", 6) == next(
        each for each in figures.coverage if (each.distribution, each.blocks) == ("normal", 6)
    )


def test_the_gate_reaches_what_is_asked_of_it(figures: Figures) -> None:
    assert [words for words, _, _, is_met in reaches(figures) if not is_met] == []


def test_the_page_has_the_figures(figures: Figures, recorded: Recorded) -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert with_figures(text, figures, recorded, default_design()) == text


def test_a_page_without_markers_is_refused(figures: Figures, recorded: Recorded) -> None:
    with pytest.raises(InputError, match="lacks"):
        with_figures("no markers", figures, recorded, default_design())


def test_every_plot_is_there_and_shown(figures: Figures) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, content in plots(figures):
        assert content.startswith(b"<?xml")
        assert (PLOTS / name).is_file()
        assert f"plots/{name}" in text


def test_figures_are_read_as_they_were_written(figures: Figures, tmp_path: Path) -> None:
    write_figures(tmp_path / "figures.json", figures)

    assert (tmp_path / "figures.json").read_bytes() == FIGURES.read_bytes()


def test_the_committed_trials_are_as_long_as_those_of_the_gate(recorded: Recorded) -> None:
    assert recorded.window_s == load_scenario(SCENARIO).duration_s


def test_what_is_recorded_is_what_the_gate_measures() -> None:
    """Same condition, window and savers; only the arms differ."""
    recording, gate = load_scenario(RECORDING), load_scenario(SCENARIO)
    same = (
        *("warmup_s", "warmup_cycles", "duration_s", "drain_s", "verify_s", "probes"),
        *("workloads", "payloads", "arrivals"),
    )

    assert {key: getattr(recording, key) for key in same} == {
        key: getattr(gate, key) for key in same
    }
    assert {label: recording.subjects[label] for label in gate.subjects} == dict(gate.subjects)
