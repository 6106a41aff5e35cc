"""Who fails too often has its row, with the share instead of numbers."""

from __future__ import annotations

from dataclasses import replace

from bench.analysis.cell import Cell
from bench.report.groups import groups_of
from bench.report.tables.cells import glance_tables, group_tables
from bench.scenario.metric import ERRORS
from tests.unit.reporters import synthetic
from tests.unit.reporters.telling import csv_rows

NAME = "redis-shallow-with-a-long-label-of-41-ch"
SAID = "26.0 % of its cycles failed (OperationalError: database is locked)"


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
    assert {entry.text for entry in entries} == {"26.0 % failed"}
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
    assert "26.0 % failed" in [entry.text for entry in resources.entries]
    assert "26.0" in [entry.text for entry in resources.entries]


def test_it_comes_last_in_its_class_and_programs_are_told() -> None:
    rows = csv_rows(FAILING, "cells.csv")
    group = groups_of(FAILING)[0]
    durability = next(cell.durability for cell in group.cells if cell.subject == NAME)
    of_class = [cell.subject for cell in group.cells if cell.durability == durability]

    assert of_class[-1] == NAME
    assert SAID in {row["failing_because"] for row in rows if row["subject"] == NAME}
