"""All reasons to distrust a run's numbers, and the exit code that follows."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.findings import (
    arrivals,
    circumstances,
    generator,
    integrity,
    load,
    machine,
    precision,
    reach,
    resources,
    steadiness,
)
from bench.analysis.findings._evidence import Evidence, Judge, Kind
from bench.analysis.result import Cell, Finding
from bench.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_PASS

# In the order in which they are told within a severity.
_MODULES = (
    integrity,
    generator,
    load,
    arrivals,
    steadiness,
    resources,
    precision,
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


def exit_code(cells: Sequence[Cell], findings: Sequence[Finding]) -> int:
    """Return what the process ends with; "no data" is never a pass.

    4: a finding is invalid. 3: trials are missing or failed, or no cell has a primary
    metric. 0: else; that a saver is unsupported somewhere is a result.
    """
    if any(finding.severity == "invalid" for finding in findings):
        return EXIT_INVALID
    unanswered = any(finding.code in _LEAVES_THE_QUESTION_OPEN for finding in findings)
    unmeasured = any(cell.status in ("failed", "missing", "partly") for cell in cells)
    return EXIT_INCONCLUSIVE if unanswered or unmeasured else EXIT_PASS
