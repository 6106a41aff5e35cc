"""What the report says in words, whatever was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bench import errors
from bench.analysis.cell import CellStatus
from bench.analysis.result import Analysis, Finding, Reason, Severity

EXIT_WORDS = {
    errors.EXIT_PASS: "passed",
    errors.EXIT_REGRESSION: "a regression, a broken threshold or a refuted claim",
    errors.EXIT_BAD_INPUT: "bad input",
    errors.EXIT_INCONCLUSIVE: "inconclusive: something that was asked for was not measured",
    errors.EXIT_INVALID: "the measurement, or a part of it, cannot be trusted",
    errors.EXIT_UNAVAILABLE: "a server or package that is needed was not there",
    errors.EXIT_INTERRUPTED: "interrupted",
}

SEVERITIES: tuple[Severity, ...] = ("invalid", "warning", "note")


def findings_in_order(analysis: Analysis) -> list[Finding]:
    """Return the findings, the gravest first."""
    return sorted(analysis.findings, key=lambda each: SEVERITIES.index(each.severity))


def effect_of(finding: Finding) -> str:
    """Return what ``finding`` means for the numbers, as a title."""
    effect, _, rest = finding.meaning.partition(": ")
    if not rest:
        effect = finding.meaning.partition(". ")[0]
    return effect.rstrip(".")


STATUS_SIGNS: dict[CellStatus, str] = {
    "measured": "✓",
    "partly": "partly",
    "unsupported": "unsupported",
    "failed": "failed",
    "missing": "missing",
}

# What the spans of a reading are, in a trial's picture; others stand under the reading's name.
SPANS: Mapping[str, str] = {"gc.pause_max": "garbage collection", "loop_lag.max": "event loop late"}
TRACES = (
    "Each trial leads to its operations over time: of each of equal parts of the window the "
    "fastest and the slowest operation, and of what failed, each at its own instant. Collections "
    "and late loops are the longest 40."
)

INVALID_SIGN = "✗ invalid"

CAUSES: dict[Reason | Literal[""], str] = {
    "blocks": "blocks are lacking: fewer than three, or than planned, show nothing",
    "noise": "it is within what the A/A arms differ by",
    "many comparisons": "its interval excludes 1, which chance gives among so many comparisons",
    "tail": "its interval excludes 1, that with the operations in trials resampled does not",
}

MAP = (
    "How many times slower or faster a saver is than what it is compared with; below it the 95 % "
    "interval as factors, or the range of fewer than three blocks. Solid or bold: proven. Hatched, "
    "with a question mark: an estimate that is not proven. ⚠: there the Python client was "
    "the limit, or few operations were timed. Each leads to its blocks and trials. A bound in the"
    " answer comes from the blocks of its own comparison alone and allows for how much "
    "the same saver measured twice differs; an interval here also uses how much other comparisons "
    "scatter. So their ends can differ."
)
DURABILITY = (
    "Durability: fsync, on disk before it is acknowledged; relaxed, what was acknowledged last may "
    "be lost; volatile, lost with the process."
)
CLOSED_LOAD = (
    "Clients that wait for each answer before they go on: with many of them a median time says the "
    "same as throughput, seen from the other side."
)
RATIOS = (
    "Candidate ÷ baseline inside blocks, with its 95 % interval, or the range of fewer than three "
    "blocks. A saver's name leads to the trials of its cell."
)
MAP_ON_SCREEN = "?: not proven; the report has the intervals."
NO_GAPS = "Every cell was measured in full, and no operation failed."
NO_FINDINGS = "No reason to distrust a number was found."
NO_ANSWER = "There is no answer: nothing was measured."
SCENARIO_FILE = "  # wherever the scenario's file lies; its text is below"
NO_NUMBER = "There is no number: nothing was measured."

OTHER_PROMISES = (
    "Where the two sides promise different things about what survives a crash, the ratio includes "
    "the price of the stronger promise; it is not a property of the savers alone. What is volatile "
    "on both sides is lost with its process."
)
EXPLAINED_STEADINESS = (
    "Of each primary time or rate, the second half of the window is divided by the first (medians, "
    "rates) in each trial. Where the trials of a cell together show a change of 10 % or more "
    "(Student's t of the logarithms, p < 0.01, from 2 trials on; how much trials scatter is "
    "estimated from all cells of the run), comparisons of that time or rate are unresolved; "
    "nothing is trimmed away. What was due before the window is shown apart as warm-up."
)
SEARCH = (
    "Picked on every other repetition, estimated on the rest; confirmed: most of these meet the "
    "objective too. ≥: the highest rate that was tried."
)
THRESHOLDS = (
    "What the scenario requires. The figure is the estimate over trials, or the ratio to the "
    "baseline inside blocks. Broken: the figure does not meet it. No data: there is no figure, "
    "which is a failure too. Not shown: the figure meets it, and its whole interval, where that is "
    "asked for, does not."
)
MATRIX = (
    "✓ it ran and was measured; partly: not in every trial. ✗ it ran, and the numbers of a cell of "
    "it are excluded. Unsupported means that the saver itself refuses to run there; this is a "
    "result. An emulated loop shows what can run; its speed is not that of the platform that it "
    "stands for."
)
CHECKS = (
    "Made once for each subject, before anything was timed. Conformance: LangGraph's own suite, "
    "with tests of what it leaves out. Crash: the saver's process was killed while it wrote, and "
    "another one looked for what had been acknowledged. The times of an operation that failed are "
    "excluded, and so is every number of a subject that lost acknowledged writes."
)
EXPLAINED_TIMES = (
    "Response time runs from when an operation was due until it finished: what a caller feels. It "
    "is wait (due until started: blocked or queued before the saver) plus service (started until "
    "finished: what the saver takes). Lock wait and pool wait are parts of the service time."
)
EXPLAINED_DURABILITY = (
    "Durability is what survives a crash: volatile, nothing survives the end of the server "
    "process; relaxed, flushed to stable storage some time after the acknowledgement; fsync, "
    "flushed before the acknowledgement. It was read back from the store, not taken from the "
    "scenario."
)
EXPLAINED_NOTATION = (
    "Brackets hold the interval. Do not use a number that is crossed out; the footnote says why. "
    "“Not estimable” means that there were too few operations for that statistic, ≥ that only a "
    "lower bound is known, and a dash that it was not measured for this subject."
)


EXPLANATIONS = (EXPLAINED_TIMES, EXPLAINED_STEADINESS, EXPLAINED_DURABILITY, EXPLAINED_NOTATION)


def no_findings(analysis: Analysis) -> str:
    """Return what to say where there is no finding."""
    measured = bool(analysis.faults) or any(cell.estimates for cell in analysis.cells)
    return NO_FINDINGS if measured else NO_NUMBER


_UNIT = (
    "The unit of replication is the trial, never the operation: each trial ran in a fresh process, "
    "gave one value of each metric, and value and interval are made from these values. Operations "
    "of one trial are not independent of each other, so an interval over operations would be far "
    "too narrow."
)
_BLOCKS = (
    "Trials ran in randomised complete blocks: each block holds every arm once, close together in "
    "time and in shuffled order. A ratio compares the two sides inside each block, so that what "
    "drifts on the machine hits both alike. Better or worse is said only if the whole interval "
    "lies on one side of 1, no planned block is lacking, the metric did not drift in the window, "
    "the p-value allows for all comparisons that are read together, and, where the run has an A/A "
    "arm, the ratio is larger than what that arm shows between two measurements of the same "
    "subject. A cell of whose cycles more than 1 % failed is compared in no time and no rate. "
    "Equivalent is said where two one-sided tests show that the ratio departs from 1 by less than "
    "the smallest effect of the scenario, even if it is shown to differ. Otherwise the comparison "
    "is suggestive or unresolved. No outlier is left out."
)
_MANY = (
    "P-values are adjusted by Holm among the comparisons of a family of the scenario in one "
    "primary metric: that holds the chance of any false alarm at 5 % there, not in all families "
    "together. Among all others they are adjusted by Benjamini and Hochberg. Suggestive is what "
    "would be a difference by itself, and is none after that. Up to 20 blocks the comparisons "
    "that are read together in one metric share what is known of their variances, where they "
    "resemble each other (empirical Bayes). The minimum detectable effect is the ratio that so "
    "many blocks of such spread would show in 80 of 100 runs, at the level that was applied to "
    "it, and before the A/A arms are allowed for. Ratios of tail quantiles are checked by a "
    "hierarchical bootstrap, which resamples the operations inside trials, too; where it answers "
    "differently, the comparison is unresolved."
)


def methods(analysis: Analysis) -> tuple[str, ...]:
    """Return how the numbers were made, a paragraph each."""
    estimates = [item for cell in analysis.cells for item in cell.estimates.values()]
    found = {item.confidence for item in estimates}
    found |= {item.effect.confidence for item in analysis.comparisons}
    shares = " and ".join(f"{100 * each:.4g} %" for each in sorted(found))
    level = f" Intervals are at a confidence of {shares}." if shares else ""
    return (
        _UNIT + level,
        _BLOCKS,
        _MANY,
        "Estimates: " + _listed(dict.fromkeys(e.method for e in estimates if e.value is not None)),
        "Ratios: " + _listed(dict.fromkeys(item.effect.method for item in analysis.comparisons)),
    )


def _listed(names: dict[str, None]) -> str:
    return "; ".join(name for name in names if name) + "." if names else "there are none."
