"""Runs of scenarios with thresholds, and what is judged in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.analysis.result import Analysis, ThresholdResult
from tests.unit.analysis.synthetic import MS, Left, Load, Make, analysed, scenario_text


def threshold(*require: str, **keys: str) -> str:
    quoted = ", ".join(f'"{each}"' for each in require)
    lines = [f"{key} = {value}" for key, value in keys.items()]
    return "\n".join(["[[thresholds]]", f"require = [{quoted}]", *lines]) + "\n"


def limited(
    directory: Path, tables: str, make: Make | None = None, subjects: str = "a", **text: Any
) -> Analysis:
    return analysed(directory, make, scenario_text(subjects, tables=tables, **text))


def outcomes(analysis: Analysis) -> list[tuple[str, str]]:
    subjects = {cell.name: cell.subject for cell in analysis.cells}
    return [(subjects[result.cell], result.outcome) for result in analysis.thresholds]


def only(analysis: Analysis) -> ThresholdResult:
    (found,) = analysis.thresholds
    return found


def put_ms(*milliseconds: float) -> Make:
    """How long put takes in the repetitions, in turn; get_tuple takes 1 ms."""
    return lambda trial: Left(
        Load(put=round(milliseconds[trial.repetition % len(milliseconds)] * MS))
    )
