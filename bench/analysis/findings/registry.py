"""Reasons to distrust a number: how one is declared, and how all of them are looked for.

A finding is one function in a module of this folder, which is found by its name::

    @finding("warning", advice="…")
    def dirty_checkout(analysis: Analysis) -> Symptom | None:
        '''The program that measured is not the commit that the record names.'''

    @cell_finding("note", advice="…")
    def gc_pauses(analysis: Analysis, cell: Cell) -> Symptom | None: ...

The name of the function is the code of the finding, so it never changes. Its docstring says what it
means for the numbers, as reports do.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from importlib import import_module

from bench.analysis import findings
from bench.analysis.cell import Cell
from bench.analysis.result import Analysis, Finding, Severity
from bench.records.trial import TrialRecord

# The order in which findings of the same severity stand in a report; other modules come last.
_FIRST = ("integrity", "load", "steadiness", "resources", "precision", "circumstances")
_GRAVEST_FIRST: tuple[Severity, ...] = ("invalid", "warning", "note")


@dataclass(frozen=True, slots=True)
class Symptom:
    """What is wrong where: ``message`` says it, in ``cells`` and ``trials`` (ids).

    Of a single cell the message leaves out its name, and the largest ``size`` is the worst.
    ``severity`` is there where it is not the usual one of the finding.
    """

    message: str
    cells: Sequence[Cell] = ()
    trials: Sequence[str] = ()
    severity: Severity | None = None
    size: float = 0.0


Check = Callable[[Analysis], Symptom | None]
CellCheck = Callable[[Analysis, Cell], Symptom | None]


@dataclass(frozen=True, slots=True)
class FindingKind:
    """What is looked for by ``check``, what it means for the numbers, and what to do."""

    code: str
    severity: Severity
    meaning: str
    advice: str
    check: Check


def finding(severity: Severity, *, advice: str) -> Callable[[Check], FindingKind]:
    """Declare the finding that the decorated function looks for in a whole run."""

    def declared(check: Check) -> FindingKind:
        meaning = " ".join((check.__doc__ or "").split())
        return FindingKind(check.__name__, severity, meaning, advice, check)

    return declared


def cell_finding(
    severity: Severity, *, advice: str, worst: str = " (worst of {} cells)"
) -> Callable[[CellCheck], FindingKind]:
    """Declare the finding that the decorated function looks for in one measured cell.

    The message tells the worst cell and, in the words of ``worst``, how many there are.
    """

    def declared(check: CellCheck) -> FindingKind:
        @wraps(check)
        def check_all(analysis: Analysis) -> Symptom | None:
            symptoms = [
                (cell, symptom)
                for cell in analysis.measured
                if (symptom := check(analysis, cell)) is not None
            ]
            if not symptoms:
                return None
            most, symptom = max(symptoms, key=lambda each: each[1].size)
            message = f"{most.name}: {symptom.message}"
            severities = {symptom.severity or severity for _, symptom in symptoms}
            return Symptom(
                message + (worst.format(len(symptoms)) if len(symptoms) > 1 else ""),
                [cell for cell, _ in symptoms],
                [trial for _, symptom in symptoms for trial in symptom.trials],
                min(severities, key=_GRAVEST_FIRST.index),
            )

        return finding(severity, advice=advice)(check_all)

    return declared


def finding_kinds() -> tuple[FindingKind, ...]:
    """Return every kind of finding of this folder, in the order of a report."""
    names = {module.name for module in pkgutil.iter_modules(findings.__path__)}
    ordered = [*_FIRST, *sorted(names - set(_FIRST))]
    modules = [import_module(f"{findings.__name__}.{name}") for name in ordered]
    values = (value for module in modules for value in vars(module).values())
    return tuple(dict.fromkeys(value for value in values if isinstance(value, FindingKind)))


def find(analysis: Analysis) -> tuple[Finding, ...]:
    """Return all that is found, the gravest first."""
    present = [
        Finding(
            code=kind.code,
            severity=symptom.severity or kind.severity,
            message=symptom.message,
            meaning=kind.meaning,
            advice=kind.advice,
            cells=tuple(cell.name for cell in symptom.cells),
            trials=tuple(symptom.trials),
        )
        for kind in finding_kinds()
        if (symptom := kind.check(analysis)) is not None
    ]
    return tuple(sorted(present, key=lambda each: _GRAVEST_FIRST.index(each.severity)))


def in_trials(
    cells: Iterable[Cell], shows: Callable[[TrialRecord], bool]
) -> tuple[list[Cell], list[TrialRecord]]:
    """Return the cells with trials that a condition holds for, and these trials."""
    by_cell = [(cell, [r for r in cell.records if shows(r)]) for cell in cells]
    return (
        [cell for cell, records in by_cell if records],
        [record for _, records in by_cell for record in records],
    )


def is_most(part: Sequence[object], cell: Cell) -> bool:
    """Tell whether ``part`` of the measured trials of a cell, one item each, is most of them."""
    return 2 * len(part) > len(cell.measured)


def value(cell: Cell, metric: str) -> float:
    """Return the cell's estimate of ``metric``; 0 where there is none."""
    return cell.value(metric) or 0.0
