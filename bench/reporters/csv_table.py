"""``cells.csv`` and ``comparisons.csv``, for spreadsheets and notebooks."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from bench.analysis.result import Analysis
from bench.contracts import Reporter
from bench.report.frame import estimates_frame, ratios_frame


class CsvTable(Reporter):
    """Writes one line for each cell × metric, and one for each comparison.

    Numbers are unrounded, in the unit of column ``unit``; what is compared is a ratio.

    A text that begins as a formula does has an apostrophe before it.
    A cell that was not measured has one line with an empty metric and the reason in ``why_not``.
    """

    def render(self, analysis: Analysis) -> Mapping[str, bytes]:
        """Return both files: UTF-8, comma, a header line, empty where there is no value."""
        return {
            "cells.csv": _written(estimates_frame(analysis)),
            "comparisons.csv": _written(ratios_frame(analysis)),
        }


def _written(frame: pd.DataFrame) -> bytes:
    return frame.map(_inert).to_csv(index=False, lineterminator="\n").encode()


def _inert(value: object) -> object:
    """Mark as text what a spreadsheet would take for a formula: labels and errors are foreign."""
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if is_formula else value
