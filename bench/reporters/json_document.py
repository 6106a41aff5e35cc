"""``analysis.json``: everything that any report shows, for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from numbers import Integral, Real

from bench.analysis.cell import Cell
from bench.analysis.result import Comparison
from bench.contracts import Reporter
from bench.errors import InvalidMeasurementError
from bench.report.json_text import json_bytes
from bench.report.report import Report

SCHEMA_VERSION = 3


class JsonDocument(Reporter):
    """Writes the analysis as one JSON object: its fields by their names, and ``schema_version``.

    A cell has its ``name`` besides its fields, since findings refer to it, and why its figures are
    not compared (``failing_because``). Numbers are in the unit
    that their metric names; a value that is not estimable is ``null``.
    """

    def render(self, report: Report) -> Mapping[str, bytes]:
        """Return ``analysis.json``.

        Raises:
            InvalidMeasurementError: a number is NaN or infinite; the text says which.
        """
        content = _object(report.analysis, "analysis")
        return {"analysis.json": json_bytes({"schema_version": SCHEMA_VERSION, **content})}


def _object(value: object, path: str) -> dict[str, object]:
    if isinstance(value, Comparison):
        return {name: _plain(part, f"{path}.{name}") for name, part in value.shown().items()}
    assert is_dataclass(value)  # noqa: S101 - narrows the type; callers have just asked
    named = {
        each.name: _plain(getattr(value, each.name), f"{path}.{each.name}")
        for each in fields(value)
        if each.metadata.get("shown", True)
    }
    if not isinstance(value, Cell):
        return named
    return {"name": value.name, "failing_because": value.failing_because, **named}


def _plain(value: object, path: str) -> object:  # noqa: PLR0911 - one return for each kind
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return _finite(float(value), path)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{path}[{key!r}]") for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item, f"{path}[{at}]") for at, item in enumerate(value)]
    return _object(value, path)


def _finite(value: float, path: str) -> float:
    if not math.isfinite(value):
        raise InvalidMeasurementError(
            f"{path} is {value}: a value that cannot be estimated must be absent, with its reason"
        )
    return value
