"""Findings about data, trials, errors and checks: what was not measured, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bench.analysis.checks import failed_in_words, lost_in_words
from bench.analysis.findings.registry import Symptom, finding, in_trials, value
from bench.analysis.result import Analysis
from bench.analysis.summary import SHED, TIMED_OUT, failure_text
from bench.analysis.wording import counted, listed
from bench.records.trial import TrialRecord, Verification
from bench.scenario.metric import ERRORS
from bench.scenario.quantity import number

_CUT_OFF = (TIMED_OUT, SHED)


def _ids(records: Sequence[TrialRecord]) -> list[str]:
    return [record.trial.id for record in records]


def _verifications(records: Sequence[TrialRecord]) -> list[Verification]:
    return [record.verification for record in records if record.verification is not None]


@finding(
    "invalid",
    advice="Look at the problems in the trials' records. Where values came back changed, see which "
    "types the saver changes (Checks). Where checkpoints or writes are missing or old, check the "
    "saver's version and the server's eviction, persistence and isolation settings.",
)
def verification_failed(analysis: Analysis) -> Symptom | None:
    """What a saver acknowledged was not found again, not as it was written, or not yet when it was
    read. How fast it did that is of no interest: the numbers of these cells are excluded.
    """
    cells, records = in_trials(
        analysis.cells, lambda r: r.verification is not None and not r.verification.passed
    )
    if not cells:
        return None
    message = f"{cells[0].name}: {cells[0].invalid_because}"
    if len(cells) > 1:
        message += f"; {counted(len(cells) - 1, 'more cell')} as well"
    return Symptom(message, cells, _ids(records))


@finding("warning", advice="Do not rely on list of this saver; tell its authors.")
def listing_wrong(analysis: Analysis) -> Symptom | None:
    """What the saver lists of a namespace is not what it holds: a program that lists sees more, or
    another order, than was put there. What is stored is right, and so are the other operations.
    """
    cells, records = in_trials(
        analysis.cells,
        lambda r: r.verification is not None and bool(r.verification.listing_problems),
    )
    if not cells:
        return None
    verifications = _verifications(records)
    foreign = sum(verification.out_of_namespace for verification in verifications)
    unordered = sum(verification.unordered for verification in verifications)
    counts = [f"{counted(foreign, 'checkpoint')} of other namespaces listed"] if foreign else []
    counts += [f"{counted(unordered, 'listing')} not newest first"] if unordered else []
    subjects = ", ".join(sorted({cell.subject for cell in cells}))
    first = verifications[0].listing_problems[0]
    return Symptom(f"{subjects}: {' and '.join(counts)}; first: {first}", cells, _ids(records))


@finding(
    "note",
    advice="Take what is drawn at random out of the graph, and every checkpoint's content is "
    "compared.",
)
def graph_not_deterministic(analysis: Analysis) -> Symptom | None:
    """Two runs of the graph with the same inputs differ. Read back were ids, parents, namespaces
    and writes of every checkpoint, but of contents only the states that runs ended with.
    """
    cells, _ = in_trials(
        analysis.cells, lambda r: r.verification is not None and not r.verification.deterministic
    )
    if not cells:
        return None
    workloads = ", ".join(sorted({cell.workload for cell in cells}))
    return Symptom(f"the same runs do not lead to the same states: {workloads}", cells)


@finding(
    "note",
    advice="Measure the graph without what makes it wait, or with fewer runs_per_thread.",
)
def contents_unknown(analysis: Analysis) -> Symptom | None:
    """What a thread must hold is found by making its runs again, and that took too long. Read back
    were ids, parents, namespaces and writes; the contents of these threads were not compared.
    """
    cells, records = in_trials(
        analysis.cells, lambda r: r.verification is not None and r.verification.contents_unknown > 0
    )
    if not cells:
        return None
    threads = sum(verification.contents_unknown for verification in _verifications(records))
    return Symptom(f"the contents of {counted(threads, 'thread')} were not compared", cells)


@finding(
    "warning",
    advice="Read the failure's text; run the scenario again when its cause is removed.",
)
def trial_failed(analysis: Analysis) -> Symptom | None:
    """A trial ended without a measurement. What remains may be the trials that went well."""
    cells, records = in_trials(
        analysis.cells, lambda r: r.status != "unsupported" and not r.is_measured
    )
    if not records:
        return None
    reasons = Counter(failure_text(record) for record in records).most_common()
    texts = listed((f"{text} ({count}×)" for text, count in reasons), 3)
    message = f"{len(records)} of {counted(analysis.planned, 'trial')} failed: {texts}"
    return Symptom(message, cells, _ids(records))


@finding("warning", advice="Run the same command with --resume.")
def incomplete_run(analysis: Analysis) -> Symptom | None:
    """Estimates rest on fewer trials than planned, and blocks may lack an arm."""
    cells = [cell for cell in analysis.cells if len(cell.records) < cell.blocks.planned]
    if not cells:
        return None
    recorded = analysis.planned - sum(cell.blocks.planned - len(cell.records) for cell in cells)
    planned = counted(analysis.planned, "planned trial")
    return Symptom(f"{recorded} of {planned} have a record", cells)


@finding(
    "warning",
    advice="Bring the files back from a copy, or run the same command with --resume: what is "
    "damaged is measured again.",
)
def damaged_trials(analysis: Analysis) -> Symptom | None:
    """The record of a trial, or its samples, are not whole. It counts as if it had not been
    measured.
    """
    damaged = analysis.damaged
    if not damaged:
        return None
    message = f"{counted(len(damaged), 'trial')} of the run cannot be read: "
    return Symptom(message + listed(damaged.values(), 3), (), [*damaged])


@finding(
    "warning",
    advice="Remove them with checkpoint-bench clean --remove when the server answers again.",
)
def left_behind(analysis: Analysis) -> Symptom | None:
    """A schema or keys whose names begin with bench_ are still on your server.
    No number suffers.
    """
    records = [record for record in analysis.records if record.left_behind]
    cells, _ = in_trials(analysis.cells, lambda r: bool(r.left_behind))
    checks = {check.subject: check for check in analysis.checks.values() if check.left_behind}
    texts = [record.left_behind for record in records]
    texts += [check.left_behind for check in checks.values()]
    if not texts:
        return None
    parts = [counted(len(records), "trial")] if records else []
    parts += [counted(len(checks), "check")] if checks else []
    message = f"after {listed(parts)} not all could be removed: {texts[0]}"
    return Symptom(message, cells, _ids(records))


@finding("warning", advice="Remove the cause of the errors, or offer less load.")
def errors_in_window(analysis: Analysis) -> Symptom | None:
    """Failed operations have no time: a saver that fails the hard ones looks faster than it is.
    Where more than 1 % of its cycles fail, a cell is compared in no time and no rate.
    """
    cells = [cell for cell in analysis.cells if set(cell.errors) - set(_CUT_OFF)]
    if not cells:
        return None
    counts: Counter[str] = Counter()
    texts: dict[str, str] = {}
    for cell in cells:
        counts.update({k: v for k, v in cell.errors.items() if k not in _CUT_OFF})
        texts = {**cell.error_texts, **texts}
    errors = (f"{name} {count}× ({texts.get(name, '')})" for name, count in counts.most_common())
    most = max(cells, key=lambda cell: value(cell, ERRORS.name))
    share = number(100.0 * value(most, ERRORS.name))
    message = (
        f"{listed(errors, 3)}; most in {most.name}, where {share} % of the cycles due in the "
        "window did not end well"
    )
    return Symptom(message, cells)


@finding(
    "warning",
    advice="Offer less load, or raise the arrival's timeout_s, or drain_s, in the scenario.",
)
def timed_out(analysis: Analysis) -> Symptom | None:
    """Cut-off operations count at the time when they were given up, which is too little: high
    quantiles of these cells are lower bounds and are not compared.
    """
    cells = [cell for cell in analysis.cells if set(_CUT_OFF) & set(cell.errors)]
    if not cells:
        return None
    cut_off, never = (sum(cell.errors.get(name, 0) for cell in cells) for name in _CUT_OFF)
    bounds = sorted({name for cell in cells for name in cell.blocks.lower_bounds})
    message = f"{counted(cut_off, 'cycle')} cut off, {never} never started"
    if bounds:
        message += f"; only lower bounds are known of {listed(bounds, 6)}"
    return Symptom(message, cells)


@finding("warning", advice="Measure again; a trial is read back at its end unless it was cut off.")
def not_verified(analysis: Analysis) -> Symptom | None:
    """Nobody read back what these trials wrote, so lost writes would not have been seen."""
    cells, records = in_trials(analysis.cells, lambda r: r.is_measured and r.verification is None)
    if not cells:
        return None
    message = f"{counted(len(records), 'measured trial')} had no reading back"
    return Symptom(message, cells, _ids(records))


@finding(
    "warning",
    advice="Keep the server's settings unchanged during a run, and start a new one.",
)
def settings_differ(analysis: Analysis) -> Symptom | None:
    """Trials that are averaged as one cell were not run with the same settings or loop."""
    differing = [
        (cell, names) for cell in analysis.measured if (names := _differences(cell.measured))
    ]
    if not differing:
        return None
    names = sorted({name for _, names in differing for name in names})
    message = f"between trials of the same cell these differ: {listed(names, 6)}"
    return Symptom(message, [cell for cell, _ in differing])


def _differences(records: tuple[TrialRecord, ...]) -> list[str]:
    described = [
        {
            **{f"setting {key}": value for key, value in record.settings.items()},
            "durability": str(record.durability),
            "server": record.server,
            "loop class": record.loop_class,
            "interpreter": record.interpreter,
        }
        for record in records
    ]
    names = {name for description in described for name in description}
    return [name for name in names if len({d.get(name) for d in described}) > 1]


@finding(
    "warning",
    advice="Correct primary_metrics in the scenario, or add the operation or probe that gives it.",
)
def primary_metric_missing(analysis: Analysis) -> Symptom | None:
    """The question was to be answered by a metric that nothing in this run has."""
    parts: list[str] = []
    for name in analysis.scenario.primary_metrics:
        cells = (cell.estimates for cell in analysis.measured)
        estimates = [estimates[name] for estimates in cells if name in estimates]
        if any(estimate.value is not None for estimate in estimates):
            continue
        if estimates:
            example = estimates[0].why_not
            parts.append(f"{name} is not estimable in any cell (for example: {example})")
        else:
            parts.append(f"{name} does not occur in any cell")
    return Symptom("; ".join(parts)) if parts and analysis.measured else None


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
