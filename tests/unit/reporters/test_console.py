"""The answer on one screen of 80 columns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.result import Analysis
from bench.analysis.wording import Answer, Statement, factor_in_words
from bench.report.first_screen import about
from bench.reporters.console import WIDTH
from tests.unit.reporters import synthetic
from tests.unit.reporters.telling import console

FULL = synthetic.full_analysis()
LINES = 45


def lines_of(analysis: Analysis) -> list[str]:
    return console(analysis).splitlines()


def test_it_fits_on_one_screen() -> None:
    lines = lines_of(FULL)
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH


def test_question_answer_and_doubts_stand_there() -> None:
    text = " ".join(console(FULL).split())
    answer = FULL.answer

    assert text.index(FULL.question) < text.index(answer.headline) < text.index("coarse")
    assert f"Does it run? {answer.statements[1].text}" in text
    assert answer.statements[0].text not in text
    assert "⚠ 298 of 300 trials recorded · ✓ no acknowledged write was lost, of 7" in text
    assert "✗ 1 invalid · ⚠ 1 warning: " in text


def test_the_map_has_each_ratio_and_marks_what_is_not_shown() -> None:
    row = next(line for line in lines_of(FULL) if line.startswith("sqlite-normal"))
    of_writes = [
        each
        for each in FULL.comparisons
        if (each.candidate, each.metric.name) == ("sqlite-normal", "put.response.p50")
        and each.baseline == "postgres-relaxed"
    ]

    assert of_writes
    for each in of_writes:
        mark = "" if each.outcome != "unresolved" else "?"
        assert factor_in_words(each.metric, each.effect.ratio) + mark in row


def test_without_a_comparison_the_statements_and_a_table_are_told() -> None:
    bare = replace(FULL, comparisons=(), answer=replace(FULL.answer, headline=""))
    text = " ".join(console(bare).split())

    assert "redis against postgres: writes take 1.2 to 2.7 times as long?." in text
    assert any(line.startswith("sqlite-normal ") for line in lines_of(bare))
    assert max(map(len, lines_of(bare))) <= WIDTH


def test_markup_in_data_is_text() -> None:
    answer = Answer(headline="[red]x", statements=(Statement("[bold]y", "[/nothing]"),))
    odd = replace(FULL, question="[bold]who[/bold] is [/nothing]?", answer=answer)

    assert lines_of(odd)[:3] == [
        "[bold]who[/bold] is [/nothing]?",
        "[red]x",
        "• [bold]y: [/nothing]",
    ]


@pytest.mark.parametrize("make", [synthetic.nothing_measured, synthetic.nothing_at_all])
def test_without_a_measurement_it_says_so(make: synthetic.Maker) -> None:
    assert "There is no answer: nothing was measured." in lines_of(make())


def test_only_savers_that_were_measured_are_named_with_their_version() -> None:
    names = ("postgres", "sqlite", "conformance", "mongodb")
    packages = {f"langgraph-checkpoint-{name}": "1.0" for name in names}
    environment = replace(FULL.run.environment, packages=packages)
    cells = tuple(cell for cell in FULL.cells if cell.plugin != "sqlite")
    found = replace(FULL, cells=cells, run=replace(FULL.run, environment=environment))

    assert about(found).endswith(" · savers postgres 1.0")
