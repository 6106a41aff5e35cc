"""Reasons to distrust a number: how one is declared, and how all of them are looked for.

A finding is one function in a module of this folder, which is found by its name::

    @finding("warning", meaning="…", advice="…")
    def dirty_checkout(evidence: Evidence) -> Symptom | None: ...

    @cell_finding("note", meaning="…", advice="…")
    def gc_pauses(evidence: Evidence, cell: CellEvidence) -> Symptom | None: ...

The name of the function is the code of the finding, so it never changes.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from bench.analysis import findings
from bench.analysis.load_facts import OpenFacts
from bench.analysis.result import Comparison, Finding, Severity
from bench.analysis.summary import CellEvidence
from bench.records.check import CheckRecord
from bench.records.run import RunRecord
from bench.records.trial import Reading, TrialRecord
from bench.scenario.scenario import Scenario

# The order in which findings of the same severity stand in a report; other modules come last.
_FIRST = (
    "integrity",
    "checks",
    "generator",
    "load",
    "arrivals",
    "steadiness",
    "resources",
    "precision",
    "reach",
)
_GRAVEST_FIRST: tuple[Severity, ...] = ("invalid", "warning", "note")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that findings rest on. ``planned`` counts the trials of the plan in ``cells``.

    ``records`` has those that were broken on purpose as well, which are in no cell.

    ``damaged`` says by trial id why a trial could not be read, ``checks`` has by label what was
    checked of a subject.
    """

    run: RunRecord
    scenario: Scenario
    planned: int
    records: tuple[TrialRecord, ...]
    cells: tuple[CellEvidence, ...]
    comparisons: tuple[Comparison, ...]
    damaged: Mapping[str, str]
    checks: Mapping[str, CheckRecord]

    @property
    def measured(self) -> tuple[CellEvidence, ...]:
        """The cells with at least one measured trial."""
        return tuple(evidence for evidence in self.cells if evidence.measured)


@dataclass(frozen=True, slots=True)
class Symptom:
    """What is wrong where: ``message`` says it, in ``cells`` and ``trials`` (ids).

    Of a single cell the message leaves out its name, and the largest ``size`` is the worst.
    ``severity`` is there where it is not the usual one of the finding.
    """

    message: str
    cells: Sequence[CellEvidence] = ()
    trials: Sequence[str] = ()
    severity: Severity | None = None
    size: float = 0.0


Check = Callable[[Evidence], Symptom | None]
CellCheck = Callable[[Evidence, CellEvidence], Symptom | None]


@dataclass(frozen=True, slots=True)
class FindingKind:
    """What is looked for by ``check``, what it means for the numbers, and what to do."""

    code: str
    severity: Severity
    meaning: str
    advice: str
    check: Check

    def find(self, evidence: Evidence) -> Finding | None:
        """Return the finding, or nothing."""
        symptom = self.check(evidence)
        if symptom is None:
            return None
        return Finding(
            code=self.code,
            severity=symptom.severity or self.severity,
            message=symptom.message,
            meaning=self.meaning,
            advice=self.advice,
            cells=tuple(evidence.cell.name for evidence in symptom.cells),
            trials=tuple(symptom.trials),
        )


def finding(severity: Severity, *, meaning: str, advice: str) -> Callable[[Check], FindingKind]:
    """Declare the finding that the decorated function looks for in a whole run."""

    def declared(check: Check) -> FindingKind:
        return FindingKind(check.__name__, severity, meaning, advice, check)

    return declared


def cell_finding(
    severity: Severity, *, meaning: str, advice: str, worst: str = " (worst of {} cells)"
) -> Callable[[CellCheck], FindingKind]:
    """Declare the finding that the decorated function looks for in one measured cell.

    The message tells the worst cell and, in the words of ``worst``, how many there are.
    """

    def declared(check: CellCheck) -> FindingKind:
        def check_all(evidence: Evidence) -> Symptom | None:
            symptoms = [
                (cell, symptom)
                for cell in evidence.measured
                if (symptom := check(evidence, cell)) is not None
            ]
            if not symptoms:
                return None
            most, symptom = max(symptoms, key=lambda each: each[1].size)
            message = f"{most.cell.name}: {symptom.message}"
            severities = {symptom.severity or severity for _, symptom in symptoms}
            return Symptom(
                message + (worst.format(len(symptoms)) if len(symptoms) > 1 else ""),
                [cell for cell, _ in symptoms],
                [trial for _, symptom in symptoms for trial in symptom.trials],
                min(severities, key=_GRAVEST_FIRST.index),
            )

        return FindingKind(check.__name__, severity, meaning, advice, check_all)

    return declared


def finding_kinds() -> tuple[FindingKind, ...]:
    """Return every kind of finding of this folder, in the order of a report."""
    names = {module.name for module in pkgutil.iter_modules(findings.__path__)}
    ordered = [*_FIRST, *sorted(names - set(_FIRST))]
    modules = [import_module(f"{findings.__name__}.{name}") for name in ordered]
    values = (value for module in modules for value in vars(module).values())
    return tuple(dict.fromkeys(value for value in values if isinstance(value, FindingKind)))


def find(evidence: Evidence) -> tuple[Finding, ...]:
    """Return all that is found, the gravest first."""
    present = [each for kind in finding_kinds() if (each := kind.find(evidence)) is not None]
    return tuple(sorted(present, key=lambda each: _GRAVEST_FIRST.index(each.severity)))


def in_trials(
    cells: Iterable[CellEvidence], shows: Callable[[TrialRecord], bool]
) -> tuple[list[CellEvidence], list[TrialRecord]]:
    """Return the cells with trials that a condition holds for, and these trials."""
    by_cell = [(cell, [r for r in cell.records if shows(r)]) for cell in cells]
    return (
        [cell for cell, records in by_cell if records],
        [record for _, records in by_cell for record in records],
    )


def is_most(part: Sequence[object], cell: CellEvidence) -> bool:
    """Tell whether ``part`` of the measured trials of a cell, one item each, is most of them."""
    return 2 * len(part) > len(cell.measured)


def open_facts(cell: CellEvidence) -> list[OpenFacts]:
    """Return the facts of the cell's trials, where it has an open load."""
    return [facts.open_load for facts in cell.load.values() if facts.open_load is not None]


def value(cell: CellEvidence, metric: str) -> float:
    """Return the cell's estimate of ``metric``; 0 where there is none."""
    return cell.cell.value(metric) or 0.0


def reading(record: TrialRecord, name: str) -> Reading | None:
    """Return what a probe read in that trial, or ``None``."""
    return next((read for read in record.readings if read.name == name), None)


def reading_value(record: TrialRecord, name: str) -> float:
    """Return the value that a probe read in that trial; 0 where there is none."""
    read = reading(record, name)
    return read.value if read else 0.0
