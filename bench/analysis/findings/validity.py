"""All reasons to distrust a run's numbers, and the exit code that follows."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.findings import (
    arrivals,
    checks,
    circumstances,
    generator,
    integrity,
    load,
    machine,
    more_blocks,
    precision,
    reach,
    resources,
    steadiness,
)
from bench.analysis.findings._evidence import Evidence, Judge, Kind
from bench.analysis.result import Cell, Finding, ThresholdResult
from bench.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_PASS, EXIT_REGRESSION

# In the order in which they are told within a severity.
_MODULES = (
    integrity,
    checks,
    generator,
    load,
    arrivals,
    steadiness,
    resources,
    precision,
    more_blocks,
    reach,
    machine,
    circumstances,
)
JUDGES: tuple[Judge, ...] = tuple(judged for module in _MODULES for judged in module.JUDGES)
# Every kind of finding, for the documentation.
KINDS: tuple[Kind, ...] = tuple(
    value for module in _MODULES for value in vars(module).values() if isinstance(value, Kind)
)
_ORDER = ("invalid", "warning", "note")
_LEAVES_THE_QUESTION_OPEN = ("incomplete_run", "primary_metric_missing")


def judge(evidence: Evidence) -> tuple[Finding, ...]:
    """Return what every judge finds, the gravest first."""
    found = [finding for judged in JUDGES if (finding := judged(evidence)) is not None]
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.severity)))


def exit_code(
    cells: Sequence[Cell],
    findings: Sequence[Finding],
    thresholds: Sequence[ThresholdResult] = (),
) -> int:
    """Return what the process ends with; "no data" is never a pass.

    4: a finding is invalid. 1: a threshold is broken, or has no data. 3: trials are missing or
    failed, a subject measured nothing that could be compared, no cell has a primary metric, or that
    a threshold is met is not shown. 0: else; that a saver is unsupported somewhere is a result.
    """
    outcomes = {threshold.outcome for threshold in thresholds}
    if "invalid" in outcomes or any(finding.severity == "invalid" for finding in findings):
        return EXIT_INVALID
    if outcomes & {"broken", "no data"}:
        return EXIT_REGRESSION
    unanswered = any(finding.code in _LEAVES_THE_QUESTION_OPEN for finding in findings)
    unmeasured = any(cell.status in ("failed", "missing", "partly") for cell in cells)
    unmeasured = unmeasured or bool(_subjects_without_figures(cells))
    open_question = unanswered or unmeasured or "not shown" in outcomes
    return EXIT_INCONCLUSIVE if open_question else EXIT_PASS


def _subjects_without_figures(cells: Sequence[Cell]) -> set[str]:
    """Name the subjects of which every cell is unsupported, without a measurement, or failing."""
    with_figures = {
        cell.subject
        for cell in cells
        if cell.status in ("measured", "partly") and not cell.failing_because
    }
    return {cell.subject for cell in cells} - with_figures
