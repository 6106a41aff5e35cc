"""``analysis.json``: everything that any report shows, for programs."""

from __future__ import annotations

from collections.abc import Mapping

from bench.analysis.result import Analysis
from bench.contracts import Reporter
from bench.report.json_text import json_document, json_schema
from bench.report.report import Report

SCHEMA_VERSION = 4


def schema() -> bytes:
    """Return the JSON Schema of ``analysis.json``."""
    return json_schema(Analysis, SCHEMA_VERSION, "analysis.json of a run of checkpoint-bench")


class JsonDocument(Reporter):
    """Writes the analysis as one JSON object: its fields by their names, and ``schema_version``.

    Numbers are in the unit that their metric names; what is not estimable is ``null``.
    """

    def render(self, report: Report) -> Mapping[str, bytes]:
        """Return ``analysis.json``.

        Raises:
            InvalidMeasurementError: a number is NaN or infinite; the text says which.
        """
        return {"analysis.json": json_document(report.analysis, SCHEMA_VERSION)}
