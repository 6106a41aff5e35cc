"""Findings about data, trials and errors: what was not measured, and what is wrong."""

from __future__ import annotations

from collections import Counter

from bench.analysis.findings._evidence import Evidence, Judge, Kind
from bench.analysis.result import Finding
from bench.analysis.summary import SHED, TIMED_OUT, failure_text, is_measured
from bench.analysis.wording import counted, figure, listed
from bench.records.trial import TrialRecord
from bench.scenario.metric import ERRORS

_VERIFICATION_FAILED = Kind(
    "verification_failed",
    "invalid",
    "What a saver acknowledged was not found again, not as it was written, or not yet when it was "
    "read. How fast it did that is of no interest: the numbers of these cells are struck out.",
    "Look at the problems in the trials' records. Where values came back changed, see which types "
    "the saver changes (Checks). Where checkpoints or writes are missing or old, check the saver's "
    "version and the server's eviction, persistence and isolation settings.",
)
_NOT_VERIFIED = Kind(
    "not_verified",
    "warning",
    "Nobody read back what these trials wrote, so lost writes would not have been seen.",
    "Measure again; a trial is read back at its end unless it was cut off.",
)
_LISTING_WRONG = Kind(
    "listing_wrong",
    "warning",
    "What the saver lists of a namespace is not what it holds: a program that lists sees more, or "
    "another order, than was put there. What is stored is right, and so are the other operations.",
    "Do not rely on list of this saver; tell its authors.",
)
_GRAPH_NOT_DETERMINISTIC = Kind(
    "graph_not_deterministic",
    "note",
    "Two runs of the graph with the same inputs differ. Read back were ids, parents, namespaces "
    "and writes of every checkpoint, but of contents only the states that runs ended with.",
    "Take what is drawn at random out of the graph, and every checkpoint's content is compared.",
)
_CONTENTS_UNKNOWN = Kind(
    "contents_unknown",
    "note",
    "What a thread must hold is found by making its runs again, and that took too long. Read back "
    "were ids, parents, namespaces and writes; the contents of these threads were not compared.",
    "Measure the graph without what makes it wait, or with fewer runs_per_thread.",
)
_TRIAL_FAILED = Kind(
    "trial_failed",
    "warning",
    "A trial ended without a measurement. What remains may be the trials that went well.",
    "Read the failure's text; run the scenario again when its cause is removed.",
)
_INCOMPLETE_RUN = Kind(
    "incomplete_run",
    "warning",
    "Estimates rest on fewer trials than planned, and blocks may lack an arm.",
    "Run the same command with --resume.",
)
_DAMAGED_TRIALS = Kind(
    "damaged_trials",
    "warning",
    "The record of a trial, or its samples, are not whole. It counts as if it had not been "
    "measured.",
    "Bring the files back from a copy, or run the same command with --resume: what is damaged is "
    "measured again.",
)
_LEFT_BEHIND = Kind(
    "left_behind",
    "warning",
    "A schema or keys whose names begin with bench_ are still on your server. No number suffers.",
    "Remove them with bench clean --remove when the server answers again.",
)
_ERRORS_IN_WINDOW = Kind(
    "errors_in_window",
    "warning",
    "Failed operations have no time: a saver that fails the hard ones looks faster than it is. "
    "Where more than 1 % of its cycles fail, a cell is compared in no time and no rate.",
    "Remove the cause of the errors, or offer less load.",
)
_TIMED_OUT = Kind(
    "timed_out",
    "warning",
    "Cut-off operations count at the time when they were given up, which is too little: high "
    "quantiles of these cells are lower bounds and are not compared.",
    "Offer less load, or raise the arrival's timeout_s, or drain_s, in the scenario.",
)
_SETTINGS_DIFFER = Kind(
    "settings_differ",
    "warning",
    "Trials that are averaged as one cell were not run with the same settings or loop.",
    "Keep the server's settings unchanged during a run, and start a new one.",
)
_UNKNOWN_METRIC = Kind(
    "primary_metric_missing",
    "warning",
    "The question was to be answered by a metric that nothing in this run has.",
    "Correct primary_metrics in the scenario, or add the operation or probe that gives it.",
)


def verification_failed(evidence: Evidence) -> Finding | None:
    """Find acknowledged data that were lost, changed, repeated or made up, and stale reads."""
    faulty = {
        record.trial.id: cell
        for cell in evidence.cells
        for record in cell.records
        if record.verification is not None and not record.verification.passed
    }
    if not faulty:
        return None
    bad = list({cell.cell.name: cell for cell in faulty.values()}.values())
    first = bad[0].cell
    message = f"{first.name}: {first.invalid_because}"
    if len(bad) > 1:
        message += f"; {counted(len(bad) - 1, 'more cell')} as well"
    return _VERIFICATION_FAILED.found(message, bad, tuple(faulty))


def not_verified(evidence: Evidence) -> Finding | None:
    """Find measured trials that were not read back."""
    unread = {
        record.trial.id: cell
        for cell in evidence.cells
        for record in cell.measured
        if record.verification is None
    }
    if not unread:
        return None
    names = {cell.cell.name for cell in unread.values()}
    cells = [cell for cell in evidence.cells if cell.cell.name in names]
    message = f"{counted(len(unread), 'measured trial')} had no reading back"
    return _NOT_VERIFIED.found(message, cells, tuple(unread))


def listing_wrong(evidence: Evidence) -> Finding | None:
    """Find savers whose listings are not what they hold."""
    faulty = {
        record.trial.id: (cell, record.verification)
        for cell in evidence.cells
        for record in cell.records
        if record.verification and record.verification.listing_problems
    }
    if not faulty:
        return None
    cells = list({id(cell): cell for cell, _ in faulty.values()}.values())
    subjects = sorted({cell.cell.subject for cell in cells})
    (_, first), *_ = faulty.values()
    foreign = sum(found.out_of_namespace for _, found in faulty.values())
    unordered = sum(found.unordered for _, found in faulty.values())
    said = [f"{counted(foreign, 'checkpoint')} of other namespaces listed"] if foreign else []
    said += [f"{counted(unordered, 'listing')} not newest first"] if unordered else []
    message = f"{', '.join(subjects)}: {' and '.join(said)}; first: {first.listing_problems[0]}"
    return _LISTING_WRONG.found(message, cells, tuple(faulty))


def graph_not_deterministic(evidence: Evidence) -> Finding | None:
    """Find graphs whose contents could not be compared, since they differ from run to run."""
    cells = [
        cell
        for cell in evidence.cells
        if any(r.verification and not r.verification.deterministic for r in cell.records)
    ]
    if not cells:
        return None
    workloads = sorted({cell.cell.workload for cell in cells})
    message = f"the same runs do not lead to the same states: {', '.join(workloads)}"
    return _GRAPH_NOT_DETERMINISTIC.found(message, cells)


def contents_unknown(evidence: Evidence) -> Finding | None:
    """Find threads whose contents could not be told in time."""
    counts = {
        cell.cell.name: sum(r.verification.contents_unknown for r in cell.records if r.verification)
        for cell in evidence.cells
    }
    cells = [cell for cell in evidence.cells if counts[cell.cell.name]]
    if not cells:
        return None
    threads = counted(sum(counts.values()), "thread")
    return _CONTENTS_UNKNOWN.found(f"the contents of {threads} were not compared", cells)


def trial_failed(evidence: Evidence) -> Finding | None:
    """Find trials that have a record but no measurement, and are not simply unsupported."""
    failed_by_cell = [
        (cell, [r for r in cell.records if r.status != "unsupported" and not is_measured(r)])
        for cell in evidence.cells
    ]
    failed = [record for _, records in failed_by_cell for record in records]
    if not failed:
        return None
    cells = [cell for cell, records in failed_by_cell if records]
    reasons = Counter(failure_text(record) for record in failed)
    said = [f"{text} ({count}×)" for text, count in reasons.most_common()]
    message = f"{len(failed)} of {counted(evidence.planned, 'trial')} failed: {listed(said, 3)}"
    return _TRIAL_FAILED.found(message, cells, [record.trial.id for record in failed])


def incomplete_run(evidence: Evidence) -> Finding | None:
    """Find planned trials without a record."""
    missing = sum(max(0, cell.cell.blocks.planned - len(cell.records)) for cell in evidence.cells)
    if not missing:
        return None
    cells = [cell for cell in evidence.cells if len(cell.records) < cell.cell.blocks.planned]
    recorded = evidence.planned - missing
    message = f"{recorded} of {counted(evidence.planned, 'planned trial')} have a record"
    return _INCOMPLETE_RUN.found(message, cells)


def damaged_trials(evidence: Evidence) -> Finding | None:
    """Find trials of which the record or the samples are not whole."""
    damaged = evidence.damaged
    if not damaged:
        return None
    message = f"{counted(len(damaged), 'trial')} of the run cannot be read: "
    return _DAMAGED_TRIALS.found(message + listed(list(damaged.values()), 3), (), tuple(damaged))


def left_behind(evidence: Evidence) -> Finding | None:
    """Find trials and checks after which something of ours stayed on a user's server."""
    cells = [cell for cell in evidence.cells if any(r.left_behind for r in cell.records)]
    told = [record for cell in cells for record in cell.records if record.left_behind]
    checks = {check.subject: check for check in evidence.checks.values() if check.left_behind}
    texts = [record.left_behind for record in told]
    texts += [check.left_behind for check in checks.values()]
    if not texts:
        return None
    named = [counted(len(told), "trial")] if told else []
    named += [counted(len(checks), "check")] if checks else []
    message = f"after {listed(named)} not all could be removed: {texts[0]}"
    return _LEFT_BEHIND.found(message, cells, [record.trial.id for record in told])


def errors_in_window(evidence: Evidence) -> Finding | None:
    """Find operations that raised, in the window or beside it."""
    cut_off = (TIMED_OUT, SHED)
    failing = [cell for cell in evidence.cells if set(cell.cell.errors) - set(cut_off)]
    if not failing:
        return None
    counts: Counter[str] = Counter()
    texts: dict[str, str] = {}
    for cell in failing:
        counts.update({k: v for k, v in cell.cell.errors.items() if k not in cut_off})
        texts = {**cell.cell.error_texts, **texts}
    said = [f"{name} {count}× ({texts.get(name, '')})" for name, count in counts.most_common()]
    most = max(failing, key=lambda cell: evidence.value(cell, ERRORS.name))
    share = 100.0 * evidence.value(most, ERRORS.name)
    message = (
        f"{listed(said, 3)}; most in {most.cell.name}, where {figure(share)} % of the cycles due "
        "in the window did not end well"
    )
    return _ERRORS_IN_WINDOW.found(message, failing)


def timed_out(evidence: Evidence) -> Finding | None:
    """Find operations that were cut off at the end of the drain, or never started."""
    late = [cell for cell in evidence.cells if {TIMED_OUT, SHED} & set(cell.cell.errors)]
    if not late:
        return None
    cut_off = sum(cell.cell.errors.get(TIMED_OUT, 0) for cell in late)
    never = sum(cell.cell.errors.get(SHED, 0) for cell in late)
    bounds = sorted({name for cell in late for name in cell.cell.blocks.lower_bounds})
    message = f"{counted(cut_off, 'cycle')} cut off, {never} never started"
    if bounds:
        message += f"; only lower bounds are known of {listed(bounds, 6)}"
    return _TIMED_OUT.found(message, late)


def settings_differ(evidence: Evidence) -> Finding | None:
    """Find cells whose trials did not run alike."""
    differing = [(cell, _differences(cell.measured)) for cell in evidence.measured]
    differing = [(cell, names) for cell, names in differing if names]
    if not differing:
        return None
    names = sorted({name for _, names in differing for name in names})
    message = f"between trials of the same cell these differ: {listed(names, 6)}"
    return _SETTINGS_DIFFER.found(message, [cell for cell, _ in differing])


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


def primary_metric_missing(evidence: Evidence) -> Finding | None:
    """Find primary metrics that have no value in any measured cell."""
    if not evidence.measured:
        return None
    missing = [
        name
        for name in evidence.scenario.primary_metrics
        if all(cell.cell.value(name) is None for cell in evidence.measured)
    ]
    if not missing:
        return None
    present = {name for cell in evidence.measured for name in cell.cell.estimates}
    said: list[str] = []
    for name in missing:
        if name in present:
            estimates = (cell.cell.estimates.get(name) for cell in evidence.measured)
            why_not = next(estimate.why_not for estimate in estimates if estimate is not None)
            said.append(f"{name} is not estimable in any cell (for example: {why_not})")
        else:
            said.append(f"{name} does not occur in any cell")
    return _UNKNOWN_METRIC.found("; ".join(said))


JUDGES: tuple[Judge, ...] = (
    verification_failed,
    listing_wrong,
    graph_not_deterministic,
    contents_unknown,
    trial_failed,
    incomplete_run,
    damaged_trials,
    left_behind,
    errors_in_window,
    timed_out,
    not_verified,
    settings_differ,
    primary_metric_missing,
)
