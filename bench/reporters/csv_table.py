"""``cells.csv`` and ``comparisons.csv``, for spreadsheets and notebooks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bench.analysis.cell import Cell
from bench.analysis.result import SHOWN_OF_COMPARISON, Comparison
from bench.contracts import Reporter
from bench.report.report import Report

_CONDITION = ("sweep", "workload", "payload", "arrival")
_CELL = (*_CONDITION, "loop", "subject", "plugin", "aa_of", "durability", "loop_kind", "status")
_ESTIMATE = ("value", "low", "high", "confidence", "trials", "method", "why_not")
_CELL_COLUMNS = (
    *(*_CELL, "metric", "unit", "better", *_ESTIMATE),
    *("invalid_because", "failing_because"),
)
_RATIO_COLUMNS = (
    *(*_CONDITION, "metric", "better"),
    *(name for name in SHOWN_OF_COMPARISON if name not in ("metric", "condition", "ratios")),
)


class CsvTable(Reporter):
    """Writes one line for each cell × metric, and one for each comparison.

    Numbers are unrounded, in the unit of column ``unit``; what is compared is a ratio.

    A text that begins as a formula does has an apostrophe before it.
    A cell that was not measured has one line with an empty metric and the reason in ``why_not``.
    """

    def render(self, report: Report) -> Mapping[str, bytes]:
        """Return both files: UTF-8, comma, a header line, empty where there is no value."""
        analysis = report.analysis
        cells = (row for cell in analysis.cells for row in _estimates(cell))
        return {
            "cells.csv": _written(_CELL_COLUMNS, cells),
            "comparisons.csv": _written(_RATIO_COLUMNS, map(_ratio, analysis.comparisons)),
        }


def _estimates(cell: Cell) -> Iterator[dict[str, object]]:
    identity = {name: getattr(cell, name) for name in (*_CELL, "failing_because")}
    if not cell.estimates:
        why_not = cell.reason or cell.status
        yield identity | {"trials": 0, "why_not": why_not, "invalid_because": cell.invalid_because}
    for name in cell.estimates:
        estimate, because = cell.told(name)
        if estimate is not None:
            metric = estimate.metric
            yield {
                **identity,
                **{name: getattr(estimate, name) for name in _ESTIMATE},
                "metric": name,
                "unit": metric.unit,
                "better": metric.better,
                "invalid_because": because,
            }


def _ratio(comparison: Comparison) -> dict[str, object]:
    return {
        **{name: value for name, value in comparison.shown().items() if name in _RATIO_COLUMNS},
        **dict(zip(_CONDITION, comparison.condition, strict=True)),
        "metric": comparison.metric.name,
        "better": comparison.metric.better,
    }


def _written(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _inert(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _inert(value: object) -> object:
    """Mark as text what a spreadsheet would take for a formula: labels and errors are foreign."""
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if is_formula else value
