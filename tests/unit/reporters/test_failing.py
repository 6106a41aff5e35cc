"""Who fails too often has its row, with the share instead of numbers."""

from __future__ import annotations

from dataclasses import replace

from bench.analysis.result import Cell
from bench.report.cell_tables import glance_tables, group_tables
from bench.report.frame import cells_frame, estimates_frame
from bench.report.groups import groups_of
from bench.reporters.console import Console
from bench.scenario.metric import ERRORS
from tests.unit.reporters import synthetic

NAME = "redis-shallow-with-a-long-label-of-41-ch"
SAID = "26 % of its cycles failed (OperationalError: database is locked)"


def fails(cell: Cell) -> Cell:
    if cell.subject != NAME or not cell.estimates:
        return cell
    share = synthetic.estimate(ERRORS, 0.26)
    return replace(
        cell,
        estimates={**cell.estimates, ERRORS.name: share},
        errors={"OperationalError": 26},
        error_texts={"OperationalError": "database is locked"},
    )


FULL = synthetic.full_analysis()
FAILING = replace(FULL, cells=tuple(fails(cell) for cell in FULL.cells))


def test_the_screen_has_its_whole_name_and_the_share() -> None:
    text = Console().render(FAILING)["console.txt"].decode().replace("\u00a0", " ")
    rows = [line for line in text.splitlines() if line.startswith(NAME) and "failed" in line]

    assert rows
    assert all("26 % failed" in row for row in rows)
    assert max(map(len, text.splitlines())) <= 120


def test_the_tables_at_a_glance_have_the_share_and_the_reason() -> None:
    groups = groups_of(FAILING)
    entries = [
        entry
        for table in glance_tables(FAILING, groups)
        for row in table.rows
        if row.entries[0].text == NAME
        for entry in row.entries[2:]
        if entry.text
    ]

    assert entries
    assert {entry.text for entry in entries} == {"26 % failed"}
    assert {entry.note for entry in entries} == {f"{SAID}; not compared"}


def test_times_give_way_to_the_reason_and_exact_figures_stay() -> None:
    tables = {
        table.title: next(row for row in table.rows if row.entries[0].text.startswith(NAME))
        for group in groups_of(FAILING)
        if any(cell.subject == NAME and cell.estimates for cell in group.cells)
        for table in group_tables(group)
    }
    resources = tables["Throughput, errors, waits, loop lag, memory, bytes stored"]

    assert tables["Write a checkpoint (put)"].rest == f"{SAID}; not compared"
    assert "26 % failed" in [entry.text for entry in resources.entries]
    assert "26.0" in [entry.text for entry in resources.entries]


def test_it_comes_last_in_its_class_and_programs_are_told() -> None:
    frame = cells_frame(FAILING)
    places = [FAILING.cells[at] for at in frame[frame["primary"].isna()]["at"]]
    told = set(estimates_frame(FAILING).query("subject == @NAME")["failing_because"])

    assert NAME in {cell.subject for cell in places}
    assert SAID in told


def test_the_matrix_of_the_screen_shows_partly_and_why() -> None:
    entries = tuple(
        replace(entry, status="partly", reason="1 of 3 trials failed")
        if entry.subject == NAME and entry.status == "measured"
        else entry
        for entry in FULL.matrix
    )
    partly = replace(FULL, matrix=entries)
    consoles = [Console().render(each)["console.txt"].decode() for each in (FULL, partly)]

    assert ["1 of 3 trials failed" in text for text in consoles] == [False, True]
    assert "✓ partly" not in consoles[1]
