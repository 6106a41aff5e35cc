"""How one metric compares, in words: the parts that sentences of the answer are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.result import Cell, Comparison, Finding, MatrixEntry
from bench.analysis.wording import (
    factor_in_words,
    figure,
    interval_in_words,
    listed,
    place_in_words,
)
from bench.spec.durability import Durability

_RATIOS_NAMED = 3


@dataclass(frozen=True, slots=True)
class Told:
    """What the answer is made from.

    ``primary`` are the names of the primary metrics, ``baselines`` the labels of the subjects that
    the others are compared with.
    """

    primary: Sequence[str]
    baselines: Sequence[str]
    cells: Sequence[Cell]
    comparisons: Sequence[Comparison]
    matrix: Sequence[MatrixEntry]
    findings: Sequence[Finding]

    @property
    def varying(self) -> tuple[str, ...]:
        """The labels of a condition that are not the same in the whole run."""
        names = ("arrival", "payload", "workload", "loop")
        return tuple(n for n in names if len({getattr(cell, n) for cell in self.cells}) > 1)

    def cell(self, comparison: Comparison) -> Cell:
        """Return the candidate's cell."""
        wanted = (comparison.condition, comparison.loop, comparison.subject)
        return next(c for c in self.cells if (c.condition, c.loop, c.subject) == wanted)

    def durability(self, subject: str) -> Durability:
        """Return the durability class of ``subject``."""
        of_subject = [cell for cell in self.cells if cell.subject == subject]
        measured = [cell for cell in of_subject if cell.status in ("measured", "partly")]
        return next((cell.durability for cell in (*measured, *of_subject)), Durability.UNKNOWN)


def clause(told: Told, group: Sequence[Comparison]) -> str:
    """Say how one metric compares in all its conditions, e.g. ``1.8 times slower (…)``."""
    resolved = [c for c in group if c.outcome != "unresolved"]
    parts = [
        _resolved(told, side, group)
        for side in (
            [c for c in resolved if c.ratio > 1.0],
            [c for c in resolved if c.ratio < 1.0],
        )
        if side
    ]
    open_ = [c for c in group if c.outcome == "unresolved"]
    without = [c for c in open_ if c.low is None]
    within = [c for c in open_ if c.low is not None]
    if within:
        where = _share(told, within, group)
        parts.append(f"no difference could be shown{where} (ratio {interval_in_words(within)})")
    if without:
        ratios = listed(dict.fromkeys(figure(c.ratio) for c in without), _RATIOS_NAMED)
        where = _share(told, without, group)
        parts.append(f"no difference could be shown{where} (ratio {ratios}, a single block)")
    return ", ".join(parts)


def _resolved(told: Told, side: Sequence[Comparison], group: Sequence[Comparison]) -> str:
    factor = factor_in_words(side[0].metric, [c.ratio for c in side])
    interval = "95 % interval" if len(side) == 1 else "95 % intervals within"
    return f"{factor}{_share(told, side, group)} ({interval} {interval_in_words(side)})"


def _share(told: Told, part: Sequence[Comparison], group: Sequence[Comparison]) -> str:
    """Say in how many of the conditions of ``group``, and in which where few words do."""
    if len(group) == 1:
        return ""
    if len(part) == len(group):
        return f" in all {len(group)}" if len(group) > 2 else " in both"
    cells = [told.cell(c) for c in group]
    inside = [told.cell(c) for c in part]
    varying = [n for n in told.varying if len({getattr(cell, n) for cell in cells}) > 1]
    for name in varying:
        values = {getattr(cell, name) for cell in inside}
        # One label tells the part from the rest: "at 32 clients".
        if len(values) == 1 and len(inside) == sum(getattr(c, name) in values for c in cells):
            return f" at {place_in_words(inside[0], [name])}"
    if len(part) == 1:
        return f" at {place_in_words(inside[0], varying)}"
    return f" in {len(part)} of {len(group)}"
