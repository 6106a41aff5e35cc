"""What a judgement finds of trials that were broken on purpose: a condition for each cell."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bench.analysis.answer.limits import outcome_in
from bench.analysis.faults.cells import FaultCell
from bench.analysis.result import Analysis
from bench.claims.claim import FAULT_UNITS, FaultCheck
from bench.claims.result import JudgedCondition, condition_of
from bench.scenario.limits.limit import Limit
from bench.scenario.quantity import count, number
from bench.scenario.selection import SELECTORS

# Of fewer faults without a loss, more than 15 % could lose something, at 95 %: the rule of three.
FEWEST_STRIKES = 20


def broken_conditions(analysis: Analysis, judgement: FaultCheck) -> Iterator[JudgedCondition]:
    """Judge each cell that ``judgement`` selects, by each of its limits, and tell what lacks."""
    for subject in judgement.subjects:
        of_subject = [
            cell
            for cell in analysis.faults
            if cell.subject == subject and cell.fault in judgement.faults
            if judgement.selects(cell)
        ]
        strikes = sum(cell.strikes for cell in of_subject)
        for fault in judgement.faults:
            cells = [cell for cell in of_subject if cell.fault == fault]
            if not cells:
                labels: dict[str, Any] = {
                    SELECTORS[axis]: ", ".join(sorted(wanted))
                    for axis, wanted in judgement.labels.items()
                    if axis not in ("subjects", "sweeps")
                }
                why = f"the run has no trials of {subject} with the fault {fault}"
                labels |= {"subject": subject, "fault": fault, "why": why}
                yield JudgedCondition("not measured", **labels)
            for cell in cells:
                for limit in judgement.require:
                    yield _judged(judgement, limit, cell, strikes)


def _judged(
    judgement: FaultCheck, limit: Limit, cell: FaultCell, strikes_of_subject: int
) -> JudgedCondition:
    metric = f"{limit.metric} per {limit.per}" if limit.per else limit.metric
    strikes, written = count(cell.strikes), count(cell.acknowledged)
    condition = condition_of(
        cell,
        outcome="not measured",
        metric=metric,
        fault=cell.fault,
        unit="ratio" if limit.per else FAULT_UNITS[limit.metric],
        blocks=cell.trials,
        blocks_planned=cell.trials_planned,
        method=f"all trials together: {strikes} faults, {written} acknowledged writes",
        cells=(f"{cell.subject} with {cell.fault}",),
        trials=cell.trial_ids,
    )
    if why := _lacks(judgement, limit, cell):
        return condition.but("not measured", why)
    value = _value(limit, cell)
    if value is None:
        return condition.but("not measured", "an older version recorded it, without this figure")
    outcome = outcome_in(limit.range, value, value)
    if limit.metric == "lost" and cell.verdict == "corrupt":
        return condition.but("fails", f"corrupt: {cell.reason}")
    if math.isinf(value):
        why = f"after {cell.never_served} of {strikes} faults nobody was served again"
        return condition.but(outcome, why)
    condition = replace(condition, outcome=outcome, value=value, low=value, high=value)
    if limit.metric != "lost" or cell.lost or judgement.control:
        return condition
    few = strikes_of_subject < FEWEST_STRIKES and outcome == "holds"
    # None in n (Clopper and Pearson 1934): what is as likely as 1 in 20 to lose nothing.
    share = number(100.0 * (1.0 - 0.05 ** (1.0 / strikes_of_subject)))
    of = f"{count(strikes_of_subject)} of the {FEWEST_STRIKES} faults that are needed"
    return replace(
        condition,
        outcome="undecided" if few else outcome,
        method=f"{condition.method}; if none of {count(strikes_of_subject)} faults of this subject "
        f"lost anything, {share} % or less of all do (95 %)",
        why=of if few else "",
    )


def _lacks(judgement: FaultCheck, limit: Limit, cell: FaultCell) -> str:
    if cell.trials < cell.trials_planned:
        return f"{cell.trials} of {cell.trials_planned} trials are recorded"
    if (
        cell.is_unsupported
        or not cell.strikes
        or (limit.metric == "lost" and cell.verdict in ("unknown", "not opened"))
    ):
        return cell.reason or "it was not broken"
    if limit.metric != "lost" and not cell.due:
        return cell.reason or "no cycle became due"
    texts = (*cell.error_texts.values(), cell.reason)
    pieces = judgement.because
    if pieces and not any(piece in text for piece in pieces for text in texts):
        return f"its failures have another reason: {'; '.join(filter(None, texts)) or 'none'}"
    return ""


def _value(limit: Limit, cell: FaultCell) -> float | None:
    if limit.per:
        return cell.done.get(limit.metric, 0) / max(1, cell.done.get(limit.per, 0))
    if limit.metric == "lost":
        return cell.lost
    if limit.metric == "served":
        return cell.served / cell.due
    if limit.metric == "response":
        return cell.longest_response_ns
    return math.inf if cell.never_served else cell.longest_outage_ns
