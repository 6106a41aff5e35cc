"""Findings about what was checked of each subject before anything was timed."""

from __future__ import annotations

from bench.analysis.checks import failed_in_words, lost_in_words
from bench.analysis.findings.registry import Symptom, finding
from bench.analysis.result import Analysis
from bench.analysis.wording import listed


@finding(
    "invalid",
    advice="Make the saver acknowledge a write when it is stored, or say in the subject's options "
    "that it is volatile (reopens = false).",
)
def lost_in_crash(analysis: Analysis) -> Symptom | None:
    """The saver says that a write is done before it is where a killed process cannot take it along.
    It is compared with savers that do that work: its numbers are excluded.
    """
    lost = {
        label: text
        for label, check in analysis.checks.items()
        if (text := lost_in_words(check.crash))
    }
    cells = [cell for cell in analysis.cells if cell.subject in lost]
    if not lost:
        return None
    texts = listed((f"{label}: {text}" for label, text in lost.items()), 3)
    return Symptom(texts, cells, severity=None if cells else "warning")


@finding(
    "warning",
    advice="checkpoint-bench conformance SUBJECT tells every failed test and its reason.",
)
def conformance_failed(analysis: Analysis) -> Symptom | None:
    """The saver does not do what LangGraph asks of it, so how fast it does that is of no interest:
    the times of these operations are excluded and not compared. A note where none was timed.
    """
    cells = [cell for cell in analysis.measured if cell.struck]
    struck = {cell.subject for cell in cells}
    failures = [
        f"{label}: {failed_in_words(capability)}"
        for label, check in sorted(analysis.checks.items(), key=lambda item: item[0] not in struck)
        for capability in check.conformance.failed
    ]
    if not failures:
        return None
    return Symptom(listed(failures, 3), cells, severity=None if cells else "note")


@finding("note", advice="Remove the reason that is told, and measure again.")
def not_checked(analysis: Analysis) -> Symptom | None:
    """Nobody has looked whether the saver does what LangGraph asks of it, or keeps what it
    acknowledged when its process is killed.
    """
    labels: dict[str, list[str]] = {}
    for label, check in analysis.checks.items():
        for name, part in (("conformance", check.conformance), ("crash", check.crash)):
            if part.not_checked:
                labels.setdefault(f"{name}: {part.not_checked}", []).append(label)
    if not labels:
        return None
    return Symptom(listed((f"{text} ({listed(of, 3)})" for text, of in labels.items()), 3))
