from __future__ import annotations

import json
from dataclasses import asdict, fields, replace

import pytest
from jsonschema import Draft202012Validator

from bench.analysis.cell import Cell
from bench.analysis.result import Analysis
from bench.errors import InvalidMeasurementError
from bench.reporters.json_document import SCHEMA_VERSION, schema
from tests.unit.reporters import synthetic
from tests.unit.reporters.telling import csv_rows, json_text

FULL = synthetic.full_analysis()


def test_the_json_has_all_that_is_shown_of_the_analysis_and_none_of_the_evidence() -> None:
    document = json.loads(json_text(FULL))
    parts = {each.name for each in fields(Analysis)} - {"scenario", "records", "damaged"}
    evidence = {"blocks", "records", "load", "beginnings", "since_beginning"}
    of_cell = {each.name for each in fields(Cell)} - evidence | {"name", "failing_because"}

    assert document.keys() == parts | {"schema_version"}
    assert document["schema_version"] == SCHEMA_VERSION
    assert [cell["name"] for cell in document["cells"]] == [cell.name for cell in FULL.cells]
    assert {tuple(sorted(cell)) for cell in document["cells"]} == {tuple(sorted(of_cell))}
    for told, comparison in zip(document["comparisons"], FULL.comparisons, strict=True):
        shown = comparison.shown()
        assert list(told) == list(shown)
        assert told["ratio"] == comparison.effect.ratio
        assert told["metric"] == asdict(comparison.metric)
        assert told["condition"] == list(comparison.condition)


def test_the_schema_asks_for_each_field_and_its_type() -> None:
    validator = Draft202012Validator(json.loads(schema()))
    document = json.loads(json_text(FULL))
    assert [error.message for error in validator.iter_errors(document)] == []
    document["cells"][0]["status"] = "fine"
    document["comparisons"][0]["condition"] = ["one"]
    del document["exit_code"]

    assert [error.json_path for error in validator.iter_errors(document)] == [
        "$.cells[0].status",
        "$.comparisons[0].condition",
        "$",
    ]


def test_a_finding_refers_to_a_cell_by_a_name_that_is_there() -> None:
    document = json.loads(json_text(FULL))
    names = {cell["name"] for cell in document["cells"]}
    referred = {name for finding in document["findings"] for name in finding["cells"]}
    assert referred
    assert referred <= names


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_a_number_is_refused_with_its_place(value: float) -> None:
    cell = FULL.cells[0]
    broken = replace(cell.estimates["throughput"], value=value)
    cells = (replace(cell, estimates={"throughput": broken}), *FULL.cells[1:])
    place = r"analysis\.cells\[0\]\.estimates\['throughput'\]\.value is (nan|inf)"
    with pytest.raises(InvalidMeasurementError, match=place):
        json_text(replace(FULL, cells=cells))


def test_the_table_has_every_estimate_unrounded() -> None:
    rows = csv_rows(FULL, "cells.csv")
    by_key = {(row["subject"], row["payload"], row["arrival"], row["loop"], row["metric"]): row for row in rows}  # fmt: skip  # noqa: E501 - one expression
    for cell in FULL.cells:
        for name, estimate in cell.estimates.items():
            row = by_key[cell.subject, cell.payload, cell.arrival, cell.loop, name]
            found = [float(row[end]) if row[end] else None for end in ("value", "low", "high")]
            assert [estimate.value, estimate.low, estimate.high] == found
            assert (estimate.metric.unit, str(estimate.trials)) == (row["unit"], row["trials"])
            assert (estimate.method, estimate.why_not) == (row["method"], row["why_not"])


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t"])
def test_no_text_is_a_formula_to_a_spreadsheet(sign: str) -> None:
    text = f"{sign}HYPERLINK(1)"
    first, *rest = FULL.cells
    lacking = replace(first, subject=text, estimates={}, reason=text)
    row = csv_rows(replace(FULL, cells=(lacking, *rest)), "cells.csv")[0]

    assert (row["subject"], row["why_not"]) == (f"'{text}", f"'{text}")


def test_a_cell_that_was_not_measured_has_a_line_with_its_reason() -> None:
    found = [row for row in csv_rows(FULL, "cells.csv") if not row["metric"]]
    expected = {("failed", "OperationalError: disk I/O error")}
    expected.add(("unsupported", f"InterfaceError: {synthetic.NASTY}"))
    assert expected == {(row["status"], row["why_not"]) for row in found}
