"""Findings about what was checked of each subject before anything was timed."""

from __future__ import annotations

from bench.analysis.checks import failed_in_words, lost_in_words
from bench.analysis.findings._evidence import Evidence, Judge, Kind
from bench.analysis.result import Finding
from bench.analysis.wording import listed

_LOST_IN_CRASH = Kind(
    "lost_in_crash",
    "invalid",
    "The saver says that a write is done before it is where a killed process cannot take it along. "
    "It is compared with savers that do that work: its numbers are struck out.",
    "Make the saver acknowledge a write when it is stored, or say in the subject's options that it "
    "is volatile (reopens = false).",
)
_CONFORMANCE_FAILED = Kind(
    "conformance_failed",
    "warning",
    "The saver does not do what LangGraph asks of it, so how fast it does that is of no interest: "
    "the times of these operations are struck out and not compared. A note where none was timed.",
    "python -m bench conformance SUBJECT tells every failed test and its reason.",
)
_NOT_CHECKED = Kind(
    "not_checked",
    "note",
    "Nobody has looked whether the saver does what LangGraph asks of it, or keeps what it "
    "acknowledged when its process is killed.",
    "Remove the reason that is told, and measure again.",
)


def lost_in_crash(evidence: Evidence) -> Finding | None:
    """Find subjects that lost acknowledged writes when their process was killed."""
    lost = {
        label: text
        for label, check in evidence.checks.items()
        if (text := lost_in_words(check.crash))
    }
    cells = [cell for cell in evidence.cells if cell.cell.subject in lost]
    if not cells:
        return None
    said = [f"{label}: {text}" for label, text in lost.items()]
    return _LOST_IN_CRASH.found(listed(said, 3), cells)


def conformance_failed(evidence: Evidence) -> Finding | None:
    """Find subjects that fail tests of a capability, timed or not."""
    cells = [cell for cell in evidence.measured if cell.cell.struck]
    struck = {cell.cell.subject for cell in cells}
    said = [
        f"{label}: {failed_in_words(each)}"
        for label, check in sorted(evidence.checks.items(), key=lambda item: item[0] not in struck)
        for each in check.conformance.failed
    ]
    if not said:
        return None
    return _CONFORMANCE_FAILED.found(listed(said, 3), cells, severity=None if cells else "note")


def not_checked(evidence: Evidence) -> Finding | None:
    """Find subjects of which nothing, or a part, was checked, and say why."""
    reasons: dict[str, list[str]] = {}
    for label, check in evidence.checks.items():
        for name, each in (("conformance", check.conformance), ("crash", check.crash)):
            if each.not_checked:
                reasons.setdefault(f"{name}: {each.not_checked}", []).append(label)
    if not reasons:
        return None
    said = [f"{text} ({listed(labels, 3)})" for text, labels in reasons.items()]
    return _NOT_CHECKED.found(listed(said, 3))


JUDGES: tuple[Judge, ...] = (lost_in_crash, conformance_failed, not_checked)
