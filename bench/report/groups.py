"""Cells that belong side by side: one condition on one loop."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from bench.analysis.cell import Cell
from bench.analysis.result import Analysis
from bench.scenario.durability import Durability
from bench.scenario.quantity import number

_PARTS = ("sweep", "workload", "payload", "arrival", "loop")
_LOOP = _PARTS.index("loop")

Condition = tuple[str, str, str, str]
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The cells of one condition on one loop, in the order in which they are shown.

    ``label`` has only the parts in which the groups of this run differ; ``title`` has all of them.
    """

    label: str
    title: str
    cells: tuple[Cell, ...]

    @property
    def condition(self) -> Condition:
        """Sweep, workload, payload and arrival."""
        return self.cells[0].condition

    @property
    def loop(self) -> str:
        """The event loop."""
        return self.cells[0].loop

    @property
    def key(self) -> Key:
        """Condition and loop."""
        return (*self.condition, self.loop)

    @property
    def measured(self) -> tuple[Cell, ...]:
        """The cells that have estimates."""
        return tuple(cell for cell in self.cells if cell.estimates)


def groups_of(analysis: Analysis) -> tuple[Group, ...]:
    """Group the cells of ``analysis`` by condition and loop, in the order to show them.

    Conditions come as the analysis has them, loops as the scenario; within a group cells come by
    durability class and the first primary metric, those without a usable value last.
    """
    conditions = list(dict.fromkeys(cell.condition for cell in analysis.cells))
    loops = list(dict.fromkeys((*analysis.loops, *(cell.loop for cell in analysis.cells))))
    classes = list(Durability)
    first = analysis.primary_metrics[0] if analysis.primary_metrics else ""

    def rank(cell: Cell) -> tuple[float, ...]:
        value = None if cell.unusable_because(first) else cell.value(first)
        return (
            conditions.index(cell.condition),
            loops.index(cell.loop),
            classes.index(cell.durability),
            math.inf if value is None else value,
        )

    by_key: dict[Key, list[Cell]] = {}
    for cell in sorted(analysis.cells, key=rank):
        by_key.setdefault((*cell.condition, cell.loop), []).append(cell)
    kinds = {cell.loop: cell.loop_kind for cell in analysis.cells if cell.loop_kind}
    return tuple(
        Group(_label(key, list(by_key), kinds), _title(key, list(by_key), kinds), tuple(cells))
        for key, cells in by_key.items()
    )


def loop_text(loop: str, kind: str) -> str:
    """Return the loop's name, marked where it is not the platform's own."""
    return f"{loop} (emulated)" if kind == "emulated" else loop


def subject_text(cell: Cell) -> str:
    """Return the subject's label, marked where it is the second arm of an A/A pair."""
    return f"{cell.subject} (A/A of {cell.aa_of})" if cell.aa_of else cell.subject


def failing_text(cell: Cell) -> str:
    """Return what stands in place of a number of a cell that fails too often to be compared."""
    return f"{number(100.0 * cell.failing_share)} % failed"


def _label(key: Key, keys: list[Key], kinds: dict[str, str]) -> str:
    shown = [at for at in range(1, len(_PARTS)) if len({other[at] for other in keys}) > 1]
    parts = [_part(key, at, kinds) for at in shown or [_LOOP - 1]]
    alike = Counter(tuple(other[at] for at in shown) for other in keys)
    if alike[tuple(key[at] for at in shown)] > 1:
        parts.insert(0, key[0])
    return " · ".join(parts)


def _title(key: Key, keys: list[Key], kinds: dict[str, str]) -> str:
    alike = Counter(other[1:] for other in keys)
    first = 0 if alike[key[1:]] > 1 else 1
    return " · ".join(_part(key, at, kinds) for at in range(first, len(_PARTS)))


def _part(key: Key, at: int, kinds: dict[str, str]) -> str:
    return loop_text(key[at], kinds.get(key[at], "")) if at == _LOOP else key[at]
