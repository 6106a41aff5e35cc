"""Which cells of a run a judgement looks at, and what to say where they lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bench.analysis.result import Analysis, Cell
from bench.claims.claim import Judgement
from bench.claims.result import Condition

_ALL = "all"


def selected(run: Analysis, judgement: Judgement, subject: str) -> list[Cell]:
    """Return the cells of ``subject`` that ``judgement`` looks at."""
    return [cell for cell in run.cells if cell.subject == subject and judgement.selects(cell)]


def lacking(
    judgement: Judgement, subject: str, cells: Sequence[Cell], baseline: str = ""
) -> Iterator[Condition]:
    """Yield a condition for each label that ``judgement`` names and no cell of ``subject`` has."""
    for axis, labels in _axes(judgement).items():
        for label in labels:
            if any(getattr(cell, axis) == label for cell in cells):
                continue
            where = {name: label if name == axis else _ALL for name in _axes(judgement)}
            why = f"the run has no cell of {subject} with {axis} {label}"
            yield _absent(subject, baseline, where, why)
    if not cells and not any(_axes(judgement).values()):
        where = dict.fromkeys(_axes(judgement), _ALL)
        yield _absent(subject, baseline, where, f"the run has no cell of {subject}")


def _absent(subject: str, baseline: str, where: Mapping[str, str], why: str) -> Condition:
    return Condition(
        outcome="not measured",
        subject=subject,
        baseline=baseline,
        metric="",
        workload=where["workload"],
        payload=where["payload"],
        arrival=where["arrival"],
        loop=where["loop"],
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


def _axes(judgement: Judgement) -> dict[str, tuple[str, ...]]:
    return {
        "workload": judgement.workloads or (),
        "payload": judgement.payloads or (),
        "arrival": judgement.arrivals or (),
        "loop": judgement.loops or (),
    }
