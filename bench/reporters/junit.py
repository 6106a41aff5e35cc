"""``junit.xml``: the thresholds of a run, and what it ended with, as tests of a CI system."""

from __future__ import annotations

from collections.abc import Mapping

from bench.analysis.result import ThresholdOutcome
from bench.contracts import Reporter
from bench.errors import EXIT_PASS, EXIT_REGRESSION
from bench.report.junit import Case, Result, junit
from bench.report.report import Report
from bench.report.words import EXIT_WORDS

_RESULTS: Mapping[ThresholdOutcome, Result] = {
    "met": "pass",
    "broken": "failure",
    "no data": "failure",
    "not shown": "error",
    "invalid": "error",
}


class JUnit(Reporter):
    """Writes one case for each requirement and cell, and a last one for the whole run.

    A threshold that is broken or has no data is a failure, one that is not shown an error.
    """

    def render(self, report: Report) -> Mapping[str, bytes]:
        """Return ``junit.xml``."""
        analysis = report.analysis
        cases = [
            Case(
                each.cell,
                f"{each.requirement} {each.baseline}".rstrip(),
                _RESULTS[each.outcome],
                each.outcome,
                each.reason,
            )
            for each in analysis.thresholds
        ]
        code, words = analysis.exit_code, EXIT_WORDS[analysis.exit_code]
        result: Result = "failure" if code == EXIT_REGRESSION else "error"
        whole = Case("run", "outcome", "pass" if code == EXIT_PASS else result, words, words)
        return {"junit.xml": junit(f"checkpoint-bench {analysis.run.run_id}", (*cases, whole))}
