"""Which cells of a run a judgement looks at, and what to say where they lack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from bench.analysis.result import Analysis, Cell
from bench.claims.claim import Bound, Count, FindingCheck, Judgement, RunsOn
from bench.claims.result import Condition
from bench.scenario.selection import SELECTORS, labels_of

_ALL = "all"


def over_cells(
    run: Analysis,
    judgement: Bound | RunsOn | FindingCheck | Count,
    judge: Callable[[Cell], Iterable[Condition]],
) -> Iterator[Condition]:
    """Yield what ``judge`` says of each cell that ``judgement`` looks at, and what lacks."""
    for subject in judgement.subjects:
        found = selected(run, judgement, subject)
        yield from lacking(judgement, subject, found)
        for cell in found:
            yield from judge(cell)


def selected(run: Analysis, judgement: Judgement, subject: str) -> list[Cell]:
    """Return the cells of ``subject`` that ``judgement`` looks at."""
    return [cell for cell in run.cells if cell.subject == subject and judgement.selects(cell)]


def beside(run: Analysis, cell: Cell, subject: str) -> Cell | None:
    """Return the cell of ``subject`` in the blocks of ``cell``."""
    place = (subject, cell.condition, cell.loop)
    return next((c for c in run.cells if (c.subject, c.condition, c.loop) == place), None)


def lacking(
    judgement: Judgement, subject: str, cells: Sequence[Cell], baseline: str = ""
) -> Iterator[Condition]:
    """Yield a condition for each label that ``judgement`` names and no cell of ``subject`` has."""
    axes = {axis: labels for axis, labels in judgement.labels.items() if axis != "subjects"}
    for axis, labels in axes.items():
        there = {label for cell in cells for label in labels_of(cell, axis)}
        for label in sorted(labels - there, key=getattr(judgement, axis).index):
            why = f"the run has no cell of {subject} with {SELECTORS[axis]} {label}"
            yield _absent(subject, baseline, {axis: label}, why)
    if not cells and not axes:
        yield _absent(subject, baseline, {}, f"the run has no cell of {subject}")


def _absent(subject: str, baseline: str, labels: Mapping[str, str], why: str) -> Condition:
    return Condition(
        outcome="not measured",
        subject=subject,
        baseline=baseline,
        metric="",
        workload=labels.get("workloads", _ALL),
        payload=labels.get("payloads", _ALL),
        arrival=labels.get("arrivals", _ALL),
        loop=labels.get("loops", _ALL),
        concurrency=0,
        durability="",
        why=why,
    )


def condition_of(
    run: Analysis, cells: Sequence[Cell], label: str, metric: str = "", per: str = ""
) -> Condition:
    """Return what is known of a condition before anything is judged.

    ``cells`` are the candidate and, for a comparison, the baseline; ``label`` names what is judged.
    The outcome is ``invalid`` where a cell is, ``not measured`` where one has too many failures for
    a figure of ``metric`` by ``per``, or not every trial was measured, else ``undecided``.
    """
    first, last = cells[0], cells[-1]
    classes = dict.fromkeys(str(cell.durability) for cell in cells)
    condition = Condition(
        outcome="undecided",
        subject=first.subject,
        baseline=last.subject if len(cells) > 1 else "",
        metric=label,
        workload=first.workload,
        payload=first.payload,
        arrival=first.arrival,
        concurrency=first.concurrency,
        loop=first.loop,
        durability=" ÷ ".join(classes),
        cells=tuple(cell.name for cell in cells),
        trials=tuple(trial for cell in cells for trial in cell.trial_ids),
        doubts=run.doubts(cells),
    )
    invalid = next(filter(None, map(run.invalid_because, cells)), "")
    if invalid:
        return replace(condition, outcome="invalid", why=invalid)
    for cell in cells:
        failing = next(filter(None, (cell.fails_for(name) for name in (metric, per) if name)), "")
        if failing:
            return replace(condition, outcome="not measured", why=f"{cell.name}: {failing}")
        if cell.status != "measured":
            why = f"{cell.name} is {cell.status}: {cell.reason}"
            return replace(condition, outcome="not measured", why=why)
    return condition
