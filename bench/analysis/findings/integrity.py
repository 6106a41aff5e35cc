"""Findings about data, trials and errors: what was not measured, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bench.analysis.findings.registry import Evidence, Symptom, finding, in_trials, value
from bench.analysis.summary import SHED, TIMED_OUT, failure_text, is_measured
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
    meaning="What a saver acknowledged was not found again, not as it was written, or not yet when "
    "it was read. How fast it did that is of no interest: the numbers of these cells are "
    "excluded.",
    advice="Look at the problems in the trials' records. Where values came back changed, see which "
    "types the saver changes (Checks). Where checkpoints or writes are missing or old, check the "
    "saver's version and the server's eviction, persistence and isolation settings.",
)
def verification_failed(evidence: Evidence) -> Symptom | None:
    """Look for acknowledged data that were lost, changed, repeated or made up, and stale reads."""
    cells, records = in_trials(
        evidence.cells, lambda r: r.verification is not None and not r.verification.passed
    )
    if not cells:
        return None
    message = f"{cells[0].cell.name}: {cells[0].cell.invalid_because}"
    if len(cells) > 1:
        message += f"; {counted(len(cells) - 1, 'more cell')} as well"
    return Symptom(message, cells, _ids(records))


@finding(
    "warning",
    meaning="What the saver lists of a namespace is not what it holds: a program that lists sees "
    "more, or another order, than was put there. What is stored is right, and so are the other "
    "operations.",
    advice="Do not rely on list of this saver; tell its authors.",
)
def listing_wrong(evidence: Evidence) -> Symptom | None:
    """Look for savers whose listings are not what they hold."""
    cells, records = in_trials(
        evidence.cells,
        lambda r: r.verification is not None and bool(r.verification.listing_problems),
    )
    if not cells:
        return None
    verifications = _verifications(records)
    foreign = sum(verification.out_of_namespace for verification in verifications)
    unordered = sum(verification.unordered for verification in verifications)
    counts = [f"{counted(foreign, 'checkpoint')} of other namespaces listed"] if foreign else []
    counts += [f"{counted(unordered, 'listing')} not newest first"] if unordered else []
    subjects = ", ".join(sorted({cell.cell.subject for cell in cells}))
    first = verifications[0].listing_problems[0]
    return Symptom(f"{subjects}: {' and '.join(counts)}; first: {first}", cells, _ids(records))


@finding(
    "note",
    meaning="Two runs of the graph with the same inputs differ. Read back were ids, parents, "
    "namespaces and writes of every checkpoint, but of contents only the states that runs ended "
    "with.",
    advice="Take what is drawn at random out of the graph, and every checkpoint's content is "
    "compared.",
)
def graph_not_deterministic(evidence: Evidence) -> Symptom | None:
    """Look for graphs whose contents could not be compared, since they differ from run to run."""
    cells, _ = in_trials(
        evidence.cells, lambda r: r.verification is not None and not r.verification.deterministic
    )
    if not cells:
        return None
    workloads = ", ".join(sorted({cell.cell.workload for cell in cells}))
    return Symptom(f"the same runs do not lead to the same states: {workloads}", cells)


@finding(
    "note",
    meaning="What a thread must hold is found by making its runs again, and that took too long. "
    "Read back were ids, parents, namespaces and writes; the contents of these threads were not "
    "compared.",
    advice="Measure the graph without what makes it wait, or with fewer runs_per_thread.",
)
def contents_unknown(evidence: Evidence) -> Symptom | None:
    """Look for threads whose contents could not be told in time."""
    cells, records = in_trials(
        evidence.cells, lambda r: r.verification is not None and r.verification.contents_unknown > 0
    )
    if not cells:
        return None
    threads = sum(verification.contents_unknown for verification in _verifications(records))
    return Symptom(f"the contents of {counted(threads, 'thread')} were not compared", cells)


@finding(
    "warning",
    meaning="A trial ended without a measurement. What remains may be the trials that went well.",
    advice="Read the failure's text; run the scenario again when its cause is removed.",
)
def trial_failed(evidence: Evidence) -> Symptom | None:
    """Look for trials that have a record but no measurement, and are not simply unsupported."""
    cells, records = in_trials(
        evidence.cells, lambda r: r.status != "unsupported" and not is_measured(r)
    )
    if not records:
        return None
    reasons = Counter(failure_text(record) for record in records).most_common()
    texts = listed((f"{text} ({count}×)" for text, count in reasons), 3)
    message = f"{len(records)} of {counted(evidence.planned, 'trial')} failed: {texts}"
    return Symptom(message, cells, _ids(records))


@finding(
    "warning",
    meaning="Estimates rest on fewer trials than planned, and blocks may lack an arm.",
    advice="Run the same command with --resume.",
)
def incomplete_run(evidence: Evidence) -> Symptom | None:
    """Look for planned trials without a record."""
    cells = [cell for cell in evidence.cells if len(cell.records) < cell.cell.blocks.planned]
    if not cells:
        return None
    recorded = evidence.planned - sum(
        cell.cell.blocks.planned - len(cell.records) for cell in cells
    )
    planned = counted(evidence.planned, "planned trial")
    return Symptom(f"{recorded} of {planned} have a record", cells)


@finding(
    "warning",
    meaning="The record of a trial, or its samples, are not whole. It counts as if it had not been "
    "measured.",
    advice="Bring the files back from a copy, or run the same command with --resume: what is "
    "damaged is measured again.",
)
def damaged_trials(evidence: Evidence) -> Symptom | None:
    """Look for trials of which the record or the samples are not whole."""
    damaged = evidence.damaged
    if not damaged:
        return None
    message = f"{counted(len(damaged), 'trial')} of the run cannot be read: "
    return Symptom(message + listed(damaged.values(), 3), (), [*damaged])


@finding(
    "warning",
    meaning="A schema or keys whose names begin with bench_ are still on your server. No number "
    "suffers.",
    advice="Remove them with checkpoint-bench clean --remove when the server answers again.",
)
def left_behind(evidence: Evidence) -> Symptom | None:
    """Look for trials and checks after which something of ours stayed on a user's server."""
    records = [record for record in evidence.records if record.left_behind]
    cells, _ = in_trials(evidence.cells, lambda r: bool(r.left_behind))
    checks = {check.subject: check for check in evidence.checks.values() if check.left_behind}
    texts = [record.left_behind for record in records]
    texts += [check.left_behind for check in checks.values()]
    if not texts:
        return None
    parts = [counted(len(records), "trial")] if records else []
    parts += [counted(len(checks), "check")] if checks else []
    message = f"after {listed(parts)} not all could be removed: {texts[0]}"
    return Symptom(message, cells, _ids(records))


@finding(
    "warning",
    meaning="Failed operations have no time: a saver that fails the hard ones looks faster than it "
    "is. Where more than 1 % of its cycles fail, a cell is compared in no time and no rate.",
    advice="Remove the cause of the errors, or offer less load.",
)
def errors_in_window(evidence: Evidence) -> Symptom | None:
    """Look for operations that raised, in the window or beside it."""
    cells = [cell for cell in evidence.cells if set(cell.cell.errors) - set(_CUT_OFF)]
    if not cells:
        return None
    counts: Counter[str] = Counter()
    texts: dict[str, str] = {}
    for cell in cells:
        counts.update({k: v for k, v in cell.cell.errors.items() if k not in _CUT_OFF})
        texts = {**cell.cell.error_texts, **texts}
    errors = (f"{name} {count}× ({texts.get(name, '')})" for name, count in counts.most_common())
    most = max(cells, key=lambda cell: value(cell, ERRORS.name))
    share = number(100.0 * value(most, ERRORS.name))
    message = (
        f"{listed(errors, 3)}; most in {most.cell.name}, where {share} % of the cycles due in the "
        "window did not end well"
    )
    return Symptom(message, cells)


@finding(
    "warning",
    meaning="Cut-off operations count at the time when they were given up, which is too little: "
    "high quantiles of these cells are lower bounds and are not compared.",
    advice="Offer less load, or raise the arrival's timeout_s, or drain_s, in the scenario.",
)
def timed_out(evidence: Evidence) -> Symptom | None:
    """Look for operations that were cut off at the end of the drain, or never started."""
    cells = [cell for cell in evidence.cells if set(_CUT_OFF) & set(cell.cell.errors)]
    if not cells:
        return None
    cut_off, never = (sum(cell.cell.errors.get(name, 0) for cell in cells) for name in _CUT_OFF)
    bounds = sorted({name for cell in cells for name in cell.cell.blocks.lower_bounds})
    message = f"{counted(cut_off, 'cycle')} cut off, {never} never started"
    if bounds:
        message += f"; only lower bounds are known of {listed(bounds, 6)}"
    return Symptom(message, cells)


@finding(
    "warning",
    meaning="Nobody read back what these trials wrote, so lost writes would not have been seen.",
    advice="Measure again; a trial is read back at its end unless it was cut off.",
)
def not_verified(evidence: Evidence) -> Symptom | None:
    """Look for measured trials that were not read back."""
    cells, records = in_trials(evidence.cells, lambda r: is_measured(r) and r.verification is None)
    if not cells:
        return None
    message = f"{counted(len(records), 'measured trial')} had no reading back"
    return Symptom(message, cells, _ids(records))


@finding(
    "warning",
    meaning="Trials that are averaged as one cell were not run with the same settings or loop.",
    advice="Keep the server's settings unchanged during a run, and start a new one.",
)
def settings_differ(evidence: Evidence) -> Symptom | None:
    """Look for cells whose trials did not run alike."""
    differing = [
        (cell, names) for cell in evidence.measured if (names := _differences(cell.measured))
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
    meaning="The question was to be answered by a metric that nothing in this run has.",
    advice="Correct primary_metrics in the scenario, or add the operation or probe that gives it.",
)
def primary_metric_missing(evidence: Evidence) -> Symptom | None:
    """Look for primary metrics that have no value in any measured cell."""
    parts: list[str] = []
    for name in evidence.scenario.primary_metrics:
        cells = [cell.cell for cell in evidence.measured]
        estimates = [cell.estimates[name] for cell in cells if name in cell.estimates]
        if any(estimate.value is not None for estimate in estimates):
            continue
        if estimates:
            example = estimates[0].why_not
            parts.append(f"{name} is not estimable in any cell (for example: {example})")
        else:
            parts.append(f"{name} does not occur in any cell")
    return Symptom("; ".join(parts)) if parts and evidence.measured else None
