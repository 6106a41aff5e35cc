"""Trials → cells: everything that the plan meant to measure, measured or not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from bench.analysis.cell import Blocks, Cell, CellStatus, Curve, Estimate, Struck
from bench.analysis.checks import checks_of, lost_in_words, struck
from bench.analysis.estimation import estimate_all, operations_in
from bench.analysis.result import MatrixEntry
from bench.analysis.trial_summary import TrialSummary, summarise_trial
from bench.records.check import CheckRecord
from bench.records.store import Run
from bench.records.trial import TrialRecord
from bench.scenario.arrival import Open
from bench.scenario.durability import Durability
from bench.scenario.metric import CYCLE, ERRORS, READ_OPERATION, WRITE_OPERATION
from bench.scenario.plan import Trial
from bench.scenario.quantity import quantity
from bench.stats.quantiles import Distribution
from bench.stats.steadiness import Drift, drifts_over

CURVES = (WRITE_OPERATION, READ_OPERATION, CYCLE)
MOST_POINTS = 200
NOT_PLANNED = "not planned"
# What verification counts as a fault, by the name of its field, in words that follow the count.
FAULTS = {
    "lost": "acknowledged checkpoints were lost",
    "corrupted": "checkpoints or writes came back changed",
    "stale": "reads were old",
    "lost_writes": "pending writes were lost",
    "broken_parents": "parent links were broken",
    "duplicated": "were doubled",
    "unexpected": "were never written",
    "misplaced": "belong to another thread",
}
TIMED_OUT = "timed out"
SHED = "never started"
_Value = TypeVar("_Value")
_OfTrial = Callable[[Run, TrialRecord], TrialSummary]


def summarise(
    run: Run, planned: Sequence[Trial], of_trial: _OfTrial = summarise_trial
) -> tuple[Cell, ...]:
    """Return every planned cell of ``run``, in the order of the scenario's sweeps.

    Samples are read trial by trial; beyond a cell nothing of them is kept. ``of_trial`` gives a
    summary that is known already.

    Raises:
        InputError: the samples of a trial cannot be read.
    """
    found = [*_cells(run, planned, of_trial)]
    drifts = _drifts([changes for _, changes in found])
    since_beginning = _drifts([cell.beginnings for cell, _ in found])
    return tuple(
        replace(cell, drifts=of_cell, since_beginning=since)
        for (cell, _), of_cell, since in zip(found, drifts, since_beginning, strict=True)
    )


def _drifts(cells: Sequence[Mapping[str, Sequence[float]]]) -> list[dict[str, Drift]]:
    """Say what drifted in each of the ``cells``: how much trials scatter, all tell together."""
    by_series: dict[str, dict[int, Sequence[float]]] = defaultdict(dict)
    for at, changes in enumerate(cells):
        for series, of_trials in changes.items():
            by_series[series][at] = of_trials
    drifts = {series: drifts_over(changes) for series, changes in by_series.items()}
    return [{series: drifts[series][at] for series in cell} for at, cell in enumerate(cells)]


def _cells(
    run: Run, planned: Sequence[Trial], of_trial: _OfTrial
) -> Iterator[tuple[Cell, Mapping[str, Sequence[float]]]]:
    """Yield each cell with what its trials changed by, series by series."""
    checks = checks_of(run)
    records: dict[tuple[str, ...], list[TrialRecord]] = defaultdict(list)
    for record in run.trials:
        records[record.trial.cell].append(record)
    trials: dict[tuple[str, ...], list[Trial]] = defaultdict(list)
    for trial in planned:
        trials[trial.cell].append(trial)
    for name, sweep in run.scenario.sweeps.items():
        for key in (
            (subject, workload, payload, arrival, loop)
            for workload in sweep.workload_labels
            for payload in sweep.payloads
            for arrival in run.scenario.arrivals_of(sweep)
            for loop in sweep.loops
            for subject in sweep.subjects
        ):
            of_cell = tuple(records[key])
            summaries = [of_trial(run, record) for record in of_cell if record.is_measured]
            cell = _cell(run, name, key, len(trials[key]), of_cell, summaries)
            yield _checked(cell, checks[key[0]]), _by_series([each.drifts for each in summaries])


def _cell(
    run: Run,
    sweep: str,
    key: tuple[str, str, str, str, str],
    planned: int,
    records: tuple[TrialRecord, ...],
    trials: Sequence[TrialSummary],
) -> Cell:
    subject, workload, payload, arrival_label, loop = key
    scenario = run.scenario
    status, reason = _status(planned, records)
    first = (*(record for record in records if record.is_measured), *records)[:1]
    arrival = scenario.arrival(arrival_label)
    errors, error_texts = _errors(records, trials)
    error_shares = _error_shares(records, trials)
    return Cell(
        sweep=sweep,
        subject=subject,
        plugin=scenario.resolve(subject).use,
        aa_of=scenario.subjects[subject].same_as,
        workload=workload,
        payload=payload,
        arrival=arrival_label,
        arrival_text=arrival.describe(),
        payload_text=_size(scenario.payloads[payload].options.get("state_bytes"), payload),
        concurrency=arrival.concurrency,
        loop=loop,
        loop_class=first[0].loop_class if first else "",
        loop_kind=first[0].loop_kind if first else "",
        durability=first[0].durability if first else Durability.UNKNOWN,
        settings=dict(first[0].settings) if first else {},
        server=first[0].server if first else "",
        status=status,
        reason=reason,
        invalid_because=_invalid_because(records),
        trial_ids=tuple(record.trial.id for record in records),
        operations={
            name: sum(trial.operations.get(name, 0) for trial in trials)
            for name in operations_in(trials)
        },
        errors=errors,
        error_texts=error_texts,
        estimates=estimate_all(trials, tuple(error_shares.values())),
        curves=_curves(trials),
        traces={trial.record.trial.id: trial.trace for trial in trials},
        blocks=Blocks(
            planned=planned,
            values={
                **_by_block((trial.record.trial.repetition, trial.values) for trial in trials),
                ERRORS.name: error_shares,
            },
            lower_bounds=frozenset(name for trial in trials for name in trial.lower_bounds),
            replicates=_by_block((t.record.trial.repetition, t.replicates) for t in trials),
            ended={r.trial.repetition: r.failure.stage for r in records if r.failure is not None},
            is_open=isinstance(arrival, Open),
            trials={record.trial.repetition: record.trial.id for record in records},
        ),
        records=records,
        load={trial.record.trial.id: trial.load for trial in trials},
        beginnings=_by_series([trial.beginnings for trial in trials]),
    )


def _by_series(of_trials: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    names = dict.fromkeys(name for values in of_trials for name in values)
    return {name: [values[name] for values in of_trials if name in values] for name in names}


def _size(state_bytes: object, label: str) -> str:
    """Name a payload by the size of its state where it has a fixed one."""
    return quantity(float(state_bytes), "bytes") if isinstance(state_bytes, int) else label


def _checked(cell: Cell, check: CheckRecord) -> Cell:
    lost = lost_in_words(check.crash) if cell.measured else ""
    reasons = struck(cell.estimates, cell.operations, check)
    return replace(
        cell,
        invalid_because="; ".join(filter(None, (cell.invalid_because, lost))),
        struck={name: Struck(cell.estimates[name], why) for name, why in reasons.items()},
        estimates={
            name: _unusable(estimate, reasons[name]) if name in reasons else estimate
            for name, estimate in cell.estimates.items()
        },
        curves={
            name: curve
            for name, curve in cell.curves.items()
            if f"{name}.response.p50" not in reasons
        },
        blocks=replace(
            cell.blocks,
            values={name: v for name, v in cell.blocks.values.items() if name not in reasons},
            replicates={n: v for n, v in cell.blocks.replicates.items() if n not in reasons},
        ),
    )


def _unusable(estimate: Estimate, because: str) -> Estimate:
    return replace(
        estimate,
        value=None,
        low=None,
        high=None,
        method="excluded",
        why_not=f"must not be used: {because}",
        trial_values=(),
    )


def _by_block(
    trials: Iterable[tuple[int, Mapping[str, _Value]]],
) -> Mapping[str, Mapping[int, _Value]]:
    values: dict[str, dict[int, _Value]] = defaultdict(dict)
    for block, of_trial in trials:
        for name, value in of_trial.items():
            values[name][block] = value
    return dict(values)


def _status(planned: int, records: Sequence[TrialRecord]) -> tuple[CellStatus, str]:
    measured = sum(record.is_measured for record in records)
    unsupported = [record for record in records if record.status == "unsupported"]
    failed = [r for r in records if r.status != "unsupported" and not r.is_measured]
    if measured and measured >= planned:
        return "measured", ""
    missing = max(0, planned - len(records))
    if measured:
        parts = [f"{measured} of {planned} trials measured"]
        parts += [f"{len(failed)} failed ({failure_text(failed[0])})"] if failed else []
        if unsupported:
            parts.append(f"{len(unsupported)} unsupported ({failure_text(unsupported[0])})")
        parts += [f"{missing} without a record"] if missing else []
        return "partly", ", ".join(parts)
    if failed:
        return "failed", failure_text(failed[0])
    if unsupported:
        return "unsupported", failure_text(unsupported[0])
    return "missing", "no trial of it has a record yet"


def failure_text(record: TrialRecord) -> str:
    """Say why ``record`` has no measurement: the exception's class and text."""
    if record.failure is None:
        return "no samples were left"
    return f"{record.failure.error_class}: {record.failure.message}"


def _invalid_because(records: Sequence[TrialRecord]) -> str:
    faulty = [r.verification for r in records if r.verification and not r.verification.passed]
    if not faulty:
        return ""
    counts = ((sum(getattr(v, name) for v in faulty), text) for name, text in FAULTS.items())
    said = [f"{count} {text}" for count, text in counts if count] or ["reading back failed"]
    problem = next((problem for v in faulty for problem in v.problems), "")
    trials = f"in {len(faulty)} of {len(records)} trials"
    return f"{', '.join(said)} {trials}" + (f"; first: {problem}" if problem else "")


def _errors(
    records: Sequence[TrialRecord], trials: Sequence[TrialSummary]
) -> tuple[dict[str, int], dict[str, str]]:
    counts: Counter[str] = Counter()
    texts: dict[str, str] = {}
    for record in records:
        counts.update(record.errors)
        texts = {**record.error_texts, **texts}
    timed_out = sum(trial.load.timed_out for trial in trials)
    shed = sum(trial.load.shed for trial in trials)
    if timed_out:
        counts[TIMED_OUT] = timed_out
        texts[TIMED_OUT] = "cut off by its time limit, or when the time to drain was over"
    if shed:
        counts[SHED] = shed
        texts[SHED] = "due, but not started before the time to drain was over"
    return dict(counts), texts


def _error_shares(
    records: Sequence[TrialRecord], trials: Sequence[TrialSummary]
) -> dict[int, float]:
    """Return block → the share of the cycles that failed: all where none succeeded."""
    measured = {trial.record.trial.id: trial.values for trial in trials}
    shares: dict[int, float] = {}
    for record in records:
        values = measured.get(record.trial.id, {})
        if record.has_no_success:
            shares[record.trial.repetition] = 1.0
        elif ERRORS.name in values:
            shares[record.trial.repetition] = values[ERRORS.name]
    return shares


def _curves(trials: Sequence[TrialSummary]) -> dict[str, Curve]:
    curves: dict[str, Curve] = {}
    for operation in CURVES:
        parts = (trial.distributions.get((operation, "response")) for trial in trials)
        pooled = Distribution.pooled(part for part in parts if part is not None)
        if len(pooled):
            curves[operation] = curve(pooled)
    return curves


def curve(distribution: Distribution) -> Curve:
    """Return at most :data:`MOST_POINTS` points of the distribution function; times in ns.

    Half of the points are evenly spaced in probability, half have evenly spaced logarithms of
    1 − p, so that the tail keeps its shape. The first and the last value are always among them.
    The curve ends below 1 where operations were cut off: beyond that it is not known.
    """
    count = len(distribution)
    if not count:
        return Curve((), ())
    half = MOST_POINTS // 2
    beyond = np.concatenate([np.linspace(1.0, 0.0, half), np.geomspace(1.0, 1.0 / count, half)])
    ranks = np.clip(np.ceil((1.0 - beyond) * count), 1, count).astype(np.int64)
    chosen = np.unique(distribution.values[np.unique(ranks) - 1])
    if distribution.censored.size:
        chosen = chosen[chosen < distribution.censored[0]]
    share = np.searchsorted(distribution.values, chosen, "right") / count
    return Curve(tuple(chosen.astype(float).tolist()), tuple(share.tolist()))


def matrix(
    subjects: Sequence[str], loops: Sequence[str], cells: Sequence[Cell]
) -> tuple[MatrixEntry, ...]:
    """Return one entry for each of ``subjects`` × ``loops``, row by row."""
    # A cell that ran knows best, so it is looked at last.
    by_knowledge = sorted(cells, key=lambda cell: cell.ran)
    kinds = {cell.loop: cell.loop_kind for cell in by_knowledge if cell.loop_kind}
    return tuple(
        _entry(
            subject,
            loop,
            kinds.get(loop, ""),
            [cell for cell in cells if (cell.subject, cell.loop) == (subject, loop)],
        )
        for subject in subjects
        for loop in loops
    )


def _entry(subject: str, loop: str, kind: str, cells: Sequence[Cell]) -> MatrixEntry:
    if not cells:
        return MatrixEntry(subject, loop, kind, "missing", NOT_PLANNED)
    by_status = {cell.status: cell for cell in reversed(cells)}
    ran = [cell for cell in cells if cell.ran]
    if not ran:
        cell = by_status.get("unsupported") or by_status.get("failed") or cells[0]
        return MatrixEntry(subject, loop, kind, cell.status, cell.reason)
    invalid = next((cell for cell in ran if cell.invalid_because), None)
    failing = max(ran, key=lambda cell: cell.failing_share)
    partly = by_status.get("partly")
    rest = next((cell for cell in cells if cell.status in ("failed", "unsupported")), None)
    reason = ""
    if invalid is not None:
        reason = f"invalid at {_condition(invalid)}: {invalid.invalid_because}"
    elif failing.failing_because:
        reason = f"at {_condition(failing)}: {failing.failing_because}"
    elif partly is not None:
        reason = f"at {_condition(partly)}: {partly.reason}"
    elif rest is not None:
        reason = f"{rest.status} at {_condition(rest)}: {rest.reason}"
    status: CellStatus = "partly" if partly else "measured"
    return MatrixEntry(subject, loop, kind, status, reason, invalid is not None)


def _condition(cell: Cell) -> str:
    return f"{cell.workload} · {cell.payload} · {cell.arrival}"
