from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.result import Analysis
from bench.report.terminal import screen_text
from bench.reporters.console import LINES, WIDTH, screen_content
from tests.unit.reporters import synthetic
from tests.unit.reporters.telling import console, report_of

FULL = synthetic.full_analysis()


def lines_of(analysis: Analysis) -> list[str]:
    text = console(analysis)
    return text.replace("\u00a0", " ").splitlines()


def without(analysis: Analysis, *subjects: str) -> Analysis:
    cells = tuple(cell for cell in analysis.cells if cell.subject not in subjects)
    return replace(analysis, cells=cells)


def test_it_fits_on_one_screen() -> None:
    lines = lines_of(FULL)
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH


def test_it_fits_with_many_findings_and_long_answers() -> None:
    many = tuple(replace(FULL.findings[0], message=f"finding {at} {'x' * 300}") for at in range(40))
    long = replace(FULL, findings=many, answer=("word " * 60,) * 9)
    lines = lines_of(long)
    assert len(lines) <= LINES
    assert any("more findings: see the report" in line for line in lines)
    assert any("more: see the report" in line for line in lines)


def test_two_conditions_stand_side_by_side_where_there_is_room() -> None:
    lines = lines_of(without(FULL, "null", "redis-shallow-with-a-long-label-of-41-ch"))
    assert any("A put" in line and "B put" in line for line in lines)
    assert any("A = steps · 1k · one · selector; B = steps · 50k · many" in line for line in lines)


def test_on_a_narrow_screen_there_is_one() -> None:
    lines = screen_text(screen_content(report_of(FULL), 100), 100).splitlines()
    assert max(map(len, lines)) <= 100
    assert not any("B put" in line for line in lines)


def test_every_finding_has_a_line_the_worst_first() -> None:
    lines = lines_of(FULL)
    expected = [
        f"{finding.severity}: {finding.message}"
        for severity in ("invalid", "warning", "note")
        for finding in FULL.findings
        if finding.severity == severity
    ]
    assert expected == lines[-3:]


def test_the_matrix_says_what_cannot_run_and_why() -> None:
    lines = lines_of(FULL)
    row = next(line for line in lines if line.startswith("postgres ") and "unsupported" in line)
    assert row.split() == ["postgres", "✓", "✓", "unsupported", "[2]"]
    assert any(line.startswith("[2] InterfaceError: Psycopg cannot use <b>") for line in lines)


def test_a_subject_with_an_invalid_cell_has_no_tick_in_the_matrix() -> None:
    invalid = synthetic.with_invalid_entry(FULL, "memory")
    row = next(line for line in lines_of(invalid) if line.startswith("memory ") and "✗" in line)
    assert "✗ invalid [1]" in row
    assert "✓" not in row
    crowded = replace(invalid, answer=("word " * 60,) * 9)
    (line,) = [line for line in lines_of(crowded) if line.startswith("selector: ✗ invalid")]
    assert line == "selector: ✗ invalid memory (invalid at x: 1 lost)"


def test_numbers_and_ratios_come_from_the_analysis() -> None:
    row = next(line for line in lines_of(FULL) if line.startswith("sqlite-normal"))
    assert "relaxed" in row
    found = next(
        each.effect
        for each in FULL.comparisons
        if each.candidate == "sqlite-normal" and each.same_durability
    )
    assert f"{found.ratio:.2f} [{found.low:.2f},{found.high:.2f}] 1.2" in row
    across = next(line for line in lines_of(FULL) if line.startswith("memory"))
    assert across.endswith("≠")


def test_invalid_numbers_are_struck_out() -> None:
    cells = tuple(replace(cell, invalid_because="saturated") for cell in FULL.cells)
    row = next(line for line in lines_of(replace(FULL, cells=cells)) if line.startswith("memory"))
    assert row.count("~~") == 8


def test_markup_in_data_is_text() -> None:
    odd = replace(FULL, question="[bold]who[/bold] is [/nothing]?", answer=("[red]x",))
    lines = lines_of(odd)
    assert lines[1:3] == ["[bold]who[/bold] is [/nothing]?", "→ [red]x"]


@pytest.mark.parametrize("make", [synthetic.nothing_measured, synthetic.nothing_at_all])
def test_without_a_measurement_it_says_so(make: synthetic.Maker) -> None:
    lines = lines_of(make())
    assert "→ There is no answer: nothing was measured." in lines
    assert lines[-1] == "There is no number: nothing was measured."
