"""Records → analysis: the one entry point of this package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.answer.statements import answer
from bench.analysis.capacity import capacities
from bench.analysis.cell import Cell
from bench.analysis.checks import checks_of
from bench.analysis.comparison import comparisons, false_alarms
from bench.analysis.faults.cells import FaultCell, fault_cells
from bench.analysis.findings.registry import find
from bench.analysis.result import Analysis, Finding, ThresholdResult
from bench.analysis.summary import matrix, summarise
from bench.analysis.thresholds import judge_thresholds
from bench.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_PASS, EXIT_REGRESSION
from bench.records.store import Run
from bench.records.trial import Reading
from bench.scenario.plan import expand
from bench.scenario.scenario import Scenario, Use

_LEAVES_THE_QUESTION_OPEN = ("incomplete_run", "primary_metric_missing")


def analyse(run: Run) -> Analysis:
    """Say what the records of ``run`` mean. Reads samples trial by trial; writes nothing.

    Raises:
        InputError: the samples of a trial cannot be read.
    """
    every = expand(run.scenario).expected({record.trial.block for record in run.trials})
    broken = fault_cells(run.scenario, run.trials, every)
    records = run.trials
    # What was broken on purpose is compared with nothing.
    run = _undisturbed(run)
    scenario = run.scenario
    cells = summarise(run, [trial for trial in every if not trial.fault])
    used = {cell.subject for cell in cells}
    subjects = tuple(label for label in scenario.subjects if label in used)
    loops = tuple(dict.fromkeys(loop for s in scenario.sweeps.values() for loop in s.loops))
    compared = comparisons(scenario, cells)
    checked = used | {cell.subject for cell in broken}
    readings: dict[str, Reading] = {}
    for reading in (reading for record in run.trials for reading in record.readings):
        readings.setdefault(reading.name, reading)
    analysis = Analysis(
        run=run.record,
        scenario=scenario,
        question=scenario.question,
        subjects=subjects,
        loops=loops,
        subject_texts={label: _subject_text(scenario, label) for label in subjects},
        payload_texts={label: _use_text(use) for label, use in scenario.payloads.items()},
        workload_texts=_workload_texts(scenario),
        arrival_texts=_arrival_texts(scenario),
        trials_recorded=len(run.trials) + sum(cell.trials for cell in broken),
        trials_planned=len(every),
        primary_metrics=scenario.primary_metrics,
        baseline_text=_baseline_text(scenario),
        matrix=matrix(subjects, loops, cells),
        cells=cells,
        comparisons=compared,
        readings=readings,
        smallest_effect=scenario.smallest_effect,
        capacities=capacities(scenario, cells),
        false_alarms=false_alarms(compared, scenario.primary_metrics),
        checks={label: check for label, check in checks_of(run).items() if label in checked},
        faults=broken,
        records=records,
        damaged=run.damaged,
    )
    analysis = replace(analysis, findings=find(analysis))
    thresholds = judge_thresholds(analysis)
    return replace(
        analysis,
        thresholds=thresholds,
        answer=answer(analysis),
        exit_code=max(exit_code(cells, analysis.findings, thresholds), _of_faults(broken)),
    )


def _undisturbed(run: Run) -> Run:
    """Leave out the trials and sweeps that are broken on purpose."""
    sweeps = {name: sweep for name, sweep in run.scenario.sweeps.items() if not sweep.faults}
    return replace(
        run,
        scenario=run.scenario.model_copy(update={"sweeps": sweeps}),
        trials=tuple(record for record in run.trials if not record.trial.fault),
    )


def _of_faults(broken: Sequence[FaultCell]) -> int:
    """Return 1 where a promise was broken, 3 where it is not known what was kept, else 0."""
    if any(cell.breaks_promise for cell in broken):
        return EXIT_REGRESSION
    return EXIT_INCONCLUSIVE if any(cell.is_open for cell in broken) else EXIT_PASS


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
    with_figures = {cell.subject for cell in cells if cell.ran and not cell.failing_because}
    return {cell.subject for cell in cells} - with_figures


def _subject_text(scenario: Scenario, label: str) -> str:
    text = _use_text(scenario.resolve(label))
    same_as = scenario.subjects[label].same_as
    return f"{text}, measured again as an A/A arm of {same_as}" if same_as else text


def _arrival_texts(scenario: Scenario) -> dict[str, str]:
    measured = (
        label for sweep in scenario.sweeps.values() for label in scenario.arrivals_of(sweep)
    )
    texts = {label: scenario.arrival(label).describe() for label in measured}
    return {**{label: use.describe() for label, use in scenario.arrivals.items()}, **texts}


def _workload_texts(scenario: Scenario) -> dict[str, str]:
    labels = [label for sweep in scenario.sweeps.values() for label in sweep.workload_labels]
    texts = {}
    for label in (*scenario.workloads, *labels):
        texts[label] = _use_text(scenario.workload(label))
        if preload := scenario.preload(label):
            texts[label] += (
                f", on a store of {preload.threads} threads of "
                f"{preload.checkpoints_per_thread} checkpoints ({preload.payload})"
            )
    return texts


def _use_text(use: Use) -> str:
    options = ", ".join(
        f"{key} = {str(value).lower() if isinstance(value, bool) else value}"
        for key, value in use.options.items()
    )
    return f"{use.use} ({options})" if options else use.use


def _baseline_text(scenario: Scenario) -> str:
    baseline = scenario.baseline
    if scenario.families:
        pairs = (pair for family in scenario.families.values() for pair in family.pairs)
        return f"{' and '.join(dict.fromkeys(base for base, _ in pairs))}, loop by loop"
    if baseline.loop:
        return f"the {baseline.loop} loop, subject by subject"
    if not baseline.subjects:
        return ""
    classes = "" if baseline.across_durability else " of the same durability class"
    return f"{' and '.join(baseline.subjects)}{classes}, loop by loop"
