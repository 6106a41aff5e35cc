"""Judgements by what happened: whether a subject runs, findings, counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench.analysis.findings.registry import finding_kinds
from bench.analysis.result import Analysis, Cell
from bench.claims._figures import outcome_in
from bench.claims._selection import condition_of, over_cells
from bench.claims.claim import Count, FindingCheck, RunsOn
from bench.claims.result import Condition, ConditionOutcome
from bench.errors import InputError, suggestion
from bench.scenario.limit import Limit

_EMULATED = "emulated"
# The stages of a trial that end before its saver is asked for anything.
_BEFORE_THE_SAVER = frozenset({"server", "loop", "runner"})


def runs(run: Analysis, judgement: RunsOn) -> Iterator[Condition]:
    """Judge whether each subject was measured, was refused, or failed, on each of the loops."""
    return over_cells(run, judgement, lambda cell: [_ran(run, judgement, cell)])


def _ran(run: Analysis, judgement: RunsOn, cell: Cell) -> Condition:
    condition = condition_of(run, [cell], "status")
    # Here that a cell has no measurement is the very thing that is asked for.
    if condition.outcome == "invalid":
        return condition
    text = f"{cell.status}: {cell.reason.strip()}" if cell.reason else cell.status
    if _loop_kind(run, cell) == _EMULATED:
        text += " (the loop is emulated here)"
    if not _counts(judgement, cell):
        return replace(condition, outcome="not measured", why=text)
    outcome: ConditionOutcome = "holds" if cell.status == judgement.expected else "fails"
    if cell.failing_because:
        text += f", but {cell.failing_because}"
        outcome = "undecided" if outcome == "holds" else outcome
    return replace(condition, outcome=outcome, why=text, method="status of all trials")


def _counts(judgement: RunsOn, cell: Cell) -> bool:
    """Tell whether the status of ``cell`` says something about the saver.

    That a server or a loop is not to be had here as it was asked for says nothing about it.
    """
    if cell.status == "measured":
        return True
    if cell.status not in ("unsupported", "failed"):
        return False
    if cell.blocks.failed_stages & _BEFORE_THE_SAVER:
        return False
    if not judgement.because:
        return cell.status == "unsupported"
    return any(piece in cell.reason for piece in judgement.because)


def _loop_kind(run: Analysis, cell: Cell) -> str:
    """Return the kind of the cell's loop, which a trial that it refused may not know."""
    kinds = (entry.loop_kind for entry in run.matrix if entry.loop == cell.loop)
    return cell.loop_kind or next(filter(None, kinds), "")


def findings(run: Analysis, judgement: FindingCheck) -> Iterator[Condition]:
    """Judge whether the finding names each selected cell, or none of them.

    A finding that names no cell is about the whole run.

    Raises:
        InputError: no finding has that code.
    """
    codes = [kind.code for kind in finding_kinds()]
    if judgement.code not in codes:
        hint = suggestion(judgement.code, codes)
        raise InputError(f"a claim asks for the finding {judgement.code!r}.{hint}")
    found = [each for each in run.findings if each.code == judgement.code]
    named = {name for finding in found for name in finding.cells}
    is_everywhere = any(not finding.cells for finding in found)

    def judge(cell: Cell) -> Iterator[Condition]:
        condition = condition_of(run, [cell], judgement.code)
        if condition.outcome != "undecided":
            yield condition
        elif cell.status != "measured":
            yield replace(condition, why=cell.reason)
        elif judgement.needs and cell.value(judgement.needs) is None:
            why = f"there is no {judgement.needs} here, on which {judgement.code} rests"
            yield replace(condition, outcome="not measured", why=why)
        else:
            present = is_everywhere or cell.name in named
            yield replace(
                condition,
                outcome="holds" if present == judgement.present else "fails",
                why=f"the finding {judgement.code} is {'present' if present else 'absent'}",
                method="finding of the analysis",
            )

    return over_cells(run, judgement, judge)


def counts(run: Analysis, judgement: Count) -> Iterator[Condition]:
    """Judge how often an operation occurred for each of another, in all trials of a cell."""
    return over_cells(run, judgement, lambda cell: [_counted(run, judgement.limit, cell)])


def _counted(run: Analysis, limit: Limit, cell: Cell) -> Condition:
    asked = (limit.metric, limit.per)
    condition = condition_of(run, [cell], " / ".join(asked), *asked)
    if condition.outcome != "undecided":
        return condition
    times, each = (cell.operations.get(name, 0) for name in asked)
    for name in asked:
        if not cell.operations.get(name):
            return replace(condition, outcome="not measured", why=f"no {name} was counted")
    value = times / each
    method = f"{times} {asked[0]} for {each} {asked[1]}, due in the windows"
    return replace(
        condition,
        outcome=outcome_in(limit.range, value, value),
        value=value,
        low=value,
        high=value,
        method=method,
    )
