"""What a judgement finds in a run: a condition for each cell, or pair of cells, it selects."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bench.analysis.answer.limits import (
    BEFORE_THE_SAVER,
    NO_INTERVAL,
    compared_by,
    figure_of,
    outcome_by_interval,
    outcome_in,
    outside_p,
    ratio_outside_p,
)
from bench.analysis.cell import Cell, by_place
from bench.analysis.comparison import metric_label
from bench.analysis.findings.registry import finding_kinds
from bench.analysis.result import Analysis
from bench.analysis.wording import FEWEST_FOR_INTERVAL
from bench.claims.broken import broken_conditions
from bench.claims.claim import (
    Bound,
    Count,
    FaultCheck,
    FindingCheck,
    Judgement,
    Ratio,
    RunsOn,
    Scaling,
)
from bench.claims.result import ConditionOutcome, JudgedCondition, condition_of
from bench.errors import InputError, suggestion
from bench.printable import cut
from bench.scenario.limits.limit import Limit
from bench.scenario.metric import ERRORS
from bench.scenario.scenario import CANDIDATE
from bench.scenario.selection import SELECTORS, labels_of
from bench.stats.effects import detectable_factor
from bench.stats.intervals import arithmetic

_LONGEST_TEXT = 120


def conditions(analysis: Analysis, judgement: Judgement) -> Iterator[JudgedCondition]:
    """Judge each cell that ``judgement`` selects, by each of its limits, and tell what lacks.

    Raises:
        InputError: a limit is in a unit that is not the metric's, or no finding has that code.
    """
    if isinstance(judgement, FaultCheck):
        yield from broken_conditions(analysis, judgement)
        return
    if isinstance(judgement, Ratio):
        sides = [(pair.candidate, pair.baseline) for pair in judgement.pairs]
    else:
        sides = [(subject, "") for subject in judgement.subjects]
    for subject, baseline in sides:
        cells = [
            cell for cell in analysis.cells if cell.subject == subject and judgement.selects(cell)
        ]
        yield from _lacking(judgement, subject, baseline, cells)
        match judgement:
            case Scaling():
                yield from _scalings(analysis, judgement, cells)
            case RunsOn():
                yield from (_status(analysis, judgement, cell) for cell in cells)
            case FindingCheck():
                yield from _findings(analysis, judgement, cells)
            case Ratio() | Bound() | Count():
                for cell in cells:
                    for limit in judgement.require:
                        yield _judged(analysis, judgement, limit, cell, baseline)


def _judged(
    analysis: Analysis, judgement: Ratio | Bound | Count, limit: Limit, cell: Cell, baseline: str
) -> JudgedCondition:
    match judgement:
        case Ratio():
            return _ratio(analysis, judgement, limit, cell, baseline)
        case Count():
            return _count(analysis, limit, cell)
        case Bound(above=str(above)):
            return _difference(analysis, limit, cell, above)
        case Bound():
            return _bound(analysis, limit, cell)


# --------------------------------------------------------------------- before anything is judged


def _lacking(
    judgement: Judgement, subject: str, baseline: str, cells: Sequence[Cell]
) -> Iterator[JudgedCondition]:
    """Yield a condition for each label that ``judgement`` names and no cell of ``subject`` has."""
    axes = {axis: labels for axis, labels in judgement.labels.items() if axis != "subjects"}
    for axis, labels in axes.items():
        there = {label for cell in cells for label in labels_of(cell, axis)}
        for label in sorted(labels - there, key=getattr(judgement, axis).index):
            why = f"the run has no cell of {subject} with {SELECTORS[axis]} {label}"
            of_axis: dict[str, Any] = {} if axis == "sweeps" else {SELECTORS[axis]: label}
            yield JudgedCondition("not measured", subject, baseline, why=why, **of_axis)
    if not cells and not axes:
        why = f"the run has no cell of {subject}"
        yield JudgedCondition("not measured", subject, baseline, why=why)


def _begun(
    analysis: Analysis, cells: Sequence[Cell], label: str, metric: str = "", per: str = ""
) -> JudgedCondition:
    """Return what is known of a condition before anything is judged.

    ``cells`` are the candidate and, for a comparison, the baseline; ``label`` names what is judged.
    The outcome is ``invalid`` where a cell is, ``not measured`` where one has too many failures for
    a figure of ``metric`` by ``per``, or not every trial was measured, else ``undecided``.
    """
    classes = dict.fromkeys(str(cell.durability) for cell in cells)
    condition = condition_of(
        cells[0],
        outcome="undecided",
        baseline=cells[1].subject if len(cells) > 1 else "",
        metric=label,
        durability=" ÷ ".join(classes),
        cells=tuple(cell.name for cell in cells),
        trials=tuple(trial for cell in cells for trial in cell.trial_ids),
        doubts=analysis.doubts(cells),
    )
    if invalid := next(filter(None, map(analysis.invalid_because, cells)), ""):
        return condition.but("invalid", invalid)
    for cell in cells:
        failing = next(filter(None, (cell.fails_for(name) for name in (metric, per) if name)), "")
        if failing:
            return condition.but("not measured", f"{cell.name}: {failing}")
        if cell.status != "measured":
            return condition.but("not measured", f"{cell.name} is {cell.status}: {cell.reason}")
    return condition


def _begun_beside(
    analysis: Analysis, cell: Cell, other: str, label: str, metric: str, per: str = ""
) -> tuple[JudgedCondition, Cell]:
    """Return the same of ``cell`` and that of ``other`` in its blocks, and the latter.

    Where there is none it is ``cell`` itself, and the condition is not measured.
    """
    beside = by_place(analysis.cells).get((other, *cell.place))
    if beside is None:
        condition = replace(_begun(analysis, [cell], label), baseline=other)
        return condition.but(
            "not measured", f"the run has no cell of {other} beside {cell.name}"
        ), cell
    return _begun(analysis, [cell, beside], label, metric, per), beside


# ---------------------------------------------------------------------------------------- ratios


def _ratio(
    analysis: Analysis, judgement: Ratio, limit: Limit, candidate: Cell, other: str
) -> JudgedCondition:
    label = metric_label(limit.metric, limit.per)
    condition, baseline = _begun_beside(analysis, candidate, other, label, limit.metric, limit.per)
    if condition.outcome != "undecided":
        return condition
    if judgement.equal_durability and not candidate.promises_as(baseline):
        classes = f"{candidate.durability} and {baseline.durability}"
        return condition.but("not measured", f"the durability is not known to be equal: {classes}")
    sides = (candidate, baseline) if limit.of == CANDIDATE else (baseline, candidate)
    judged = _compared(analysis, condition, limit, sides)
    if judgement.can_refute:
        return judged
    if judged.outcome == "fails":
        judged = judged.but("undecided", "outside, which here shows nothing")
    return replace(judged, outside_p=None)


def _scalings(
    analysis: Analysis, judgement: Scaling, cells: Sequence[Cell]
) -> Iterator[JudgedCondition]:
    """Judge a metric under one arrival divided by that under another.

    Trials are paired by repetition: the blocks of a repetition are run one after the other.
    """
    over, under = judgement.limit.of, judgement.limit.times
    ends: dict[tuple[str, ...], Cell] = {
        (c.arrival, c.workload, c.payload, c.loop): c for c in cells
    }
    pairs = [
        (cell, ends[under, *rest])
        for (arrival, *rest), cell in ends.items()
        if arrival == over and (under, *rest) in ends
    ]
    if cells and not pairs:
        why = f"the run has no cells of {cells[0].subject} that differ only in their arrival, "
        yield _begun(analysis, cells[:1], "").but("not measured", f"{why}{under} and {over}")
    for pair in pairs:
        for limit in judgement.require:
            condition = _begun(analysis, pair, limit.metric, limit.metric)
            condition = replace(condition, baseline=f"itself at {under}")
            if condition.outcome == "undecided":
                condition = _compared(analysis, condition, limit, pair)
                paired_by = f"{condition.method}; paired by repetition"
                condition = replace(condition, method=paired_by)
            yield condition


def _compared(
    analysis: Analysis, condition: JudgedCondition, limit: Limit, sides: tuple[Cell, Cell]
) -> JudgedCondition:
    compared, outcome, why = compared_by(analysis, limit, *sides)
    if compared is None:
        planned = min(cell.blocks.planned for cell in sides)
        return replace(condition, blocks_planned=planned, why=why)
    effect = compared.effect
    return replace(
        condition,
        outcome=outcome,
        why=why,
        value=effect.ratio,
        low=effect.low,
        high=effect.high,
        noise_factor=compared.noise_factor,
        detectable_factor=effect.detectable_factor,
        blocks=effect.blocks,
        blocks_planned=compared.blocks_planned,
        method=effect.method,
        outside_p=ratio_outside_p(compared, limit.range),
    )


# ---------------------------------------------------------------------------------------- bounds


def _bound(analysis: Analysis, limit: Limit, cell: Cell) -> JudgedCondition:
    metric = limit.metric
    condition = _begun(analysis, [cell], metric)
    if condition.outcome == "invalid":
        return condition
    found = figure_of(cell, limit)
    estimate = found.estimate
    if estimate is None:
        return condition.but("not measured", f"{cell.name}: {found.why}")
    if misfit := limit.misfit(estimate.metric.unit, metric):
        raise InputError(misfit)
    return replace(
        condition,
        outcome=found.outcome,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        unit=estimate.metric.unit,
        blocks=len(estimate.trial_values),
        blocks_planned=cell.blocks.planned,
        method=estimate.method,
        detectable_factor=detectable_factor(estimate.trial_values),
        why=found.why or (_errors_of(cell) if metric == ERRORS.name else ""),
        outside_p=found.outside_p,
    )


def _difference(analysis: Analysis, limit: Limit, cell: Cell, above: str) -> JudgedCondition:
    """Judge what a metric is above another subject's, inside blocks."""
    metric = limit.metric
    label = f"{metric} above that of {above}"
    condition, beside = _begun_beside(analysis, cell, above, label, metric)
    condition = replace(condition, baseline="", durability=str(cell.durability))
    if condition.outcome != "undecided":
        return condition
    over, floor = cell.by_block(metric), beside.by_block(metric)
    differences = [value - floor[block] for block, value in over.items() if block in floor]
    if not differences:
        return condition.but("not measured", f"no block has a value of {metric} for both sides")
    # Of a difference, 0 is no bound.
    mean = arithmetic(differences, -math.inf)
    judged = replace(
        condition,
        value=mean.value,
        low=mean.low,
        high=mean.high,
        unit=cell.estimates[metric].metric.unit,
        blocks=len(differences),
        blocks_planned=min(cell.blocks.planned, beside.blocks.planned),
        method="mean of the differences inside blocks, Student t interval",
        outside_p=outside_p(differences, limit.range),
    )
    if misfit := limit.misfit(judged.unit, metric):
        raise InputError(misfit)
    if judged.blocks < judged.blocks_planned:
        why = f"{judged.blocks} of {judged.blocks_planned} blocks have both sides"
        return replace(judged, why=why)
    if judged.blocks < FEWEST_FOR_INTERVAL:
        return replace(judged, why=NO_INTERVAL)
    unsteady = cell.unsteady_because(metric) or beside.unsteady_because(metric)
    return judged.but(*outcome_by_interval(limit.range, mean.low, mean.high, "", unsteady))


def _errors_of(cell: Cell) -> str:
    """Name the errors behind a share of errors, each with how often it occurred and first text."""
    return "; ".join(
        f"{count} × {name}: {cut(cell.error_texts.get(name, ''), _LONGEST_TEXT)}"
        for name, count in cell.errors.items()
    )


# ----------------------------------------------------------------------------------------- facts


def _count(analysis: Analysis, limit: Limit, cell: Cell) -> JudgedCondition:
    """Judge how often an operation occurred for each of another, in all trials of a cell."""
    asked = (limit.metric, limit.per)
    condition = _begun(analysis, [cell], " / ".join(asked), *asked)
    if condition.outcome != "undecided":
        return condition
    # A mark of the workload that was never made counts 0; what it does not know has no count.
    counts = [cell.operations.get(name) for name in asked]
    if counts[0] is None or not counts[1]:
        missing = asked[counts[0] is not None]
        return condition.but("not measured", f"no {missing} was counted")
    value = counts[0] / counts[1]
    return replace(
        condition,
        outcome=outcome_in(limit.range, value, value),
        value=value,
        low=value,
        high=value,
        method=f"{counts[0]} {asked[0]} for {counts[1]} {asked[1]}, due in the windows",
    )


def _status(analysis: Analysis, judgement: RunsOn, cell: Cell) -> JudgedCondition:
    condition = _begun(analysis, [cell], "status")
    # Here that a cell has no measurement is the very thing that is asked for.
    if condition.outcome == "invalid":
        return condition
    text = f"{cell.status}: {cell.reason.strip()}" if cell.reason else cell.status
    # A trial that the loop refused may not know its kind.
    kinds = (entry.loop_kind for entry in analysis.matrix if entry.loop == cell.loop)
    if (cell.loop_kind or next(filter(None, kinds), "")) == "emulated":
        text += " (the loop is emulated here)"
    if not _says_something(judgement, cell):
        return condition.but("not measured", text)
    outcome: ConditionOutcome = "holds" if cell.status == judgement.expected else "fails"
    if cell.failing_because:
        text += f", but {cell.failing_because}"
        outcome = "undecided" if outcome == "holds" else outcome
    return replace(condition, outcome=outcome, why=text, method="status of all trials")


def _says_something(judgement: RunsOn, cell: Cell) -> bool:
    """Tell whether the status of ``cell`` says something about the saver.

    That a server or a loop is not to be had here as it was asked for says nothing about it.
    """
    if cell.status == "measured":
        return True
    is_of_saver = BEFORE_THE_SAVER.isdisjoint(cell.blocks.ended.values())
    if cell.status not in ("unsupported", "failed") or not is_of_saver:
        return False
    if not judgement.because:
        return cell.status == "unsupported"
    return any(piece in cell.reason for piece in judgement.because)


def _findings(
    analysis: Analysis, judgement: FindingCheck, cells: Sequence[Cell]
) -> Iterator[JudgedCondition]:
    """Judge whether the finding names each cell, or none; without cells it is about the run."""
    code, needed = judgement.code, judgement.needs
    codes = [kind.code for kind in finding_kinds()]
    if code not in codes:
        raise InputError(f"there is no finding {code!r}.{suggestion(code, codes)}")
    found = [finding.cells for finding in analysis.findings if finding.code == code]
    for cell in cells:
        condition = _begun(analysis, [cell], code)
        if condition.outcome != "undecided":
            yield condition
        elif needed and cell.value(needed) is None:
            yield condition.but("not measured", f"there is no {needed} here, on which {code} rests")
        else:
            present = any(not names or cell.name in names for names in found)
            yield replace(
                condition,
                outcome="holds" if present == judgement.present else "fails",
                why=f"the finding {code} is {'present' if present else 'absent'}",
                method="finding of the analysis",
            )
