"""How one metric compares, in words: the parts that sentences of the answer are made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.analysis.result import Cell, Comparison, Finding, MatrixEntry
from bench.analysis.wording import (
    counted,
    factor_in_words,
    figure,
    interval_in_words,
    place_in_words,
    ratios_in_words,
)
from bench.scenario.durability import Durability


@dataclass(frozen=True, slots=True)
class Told:
    """What the answer is made from.

    ``primary`` are the names of the primary metrics, ``baselines`` the labels of the subjects that
    the others are compared with, ``sweeps`` the names of the sweeps that answer the question; the
    others are looked up in the tables.
    """

    sweeps: Sequence[str]
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
    """Say how one metric compares in all its conditions, e.g. ``1.8 to 2.1 times slower in both``.

    Of one or two conditions the interval is told, and why no difference could be shown; of more
    the tables have each.
    """
    resolved = [c for c in group if c.outcome in ("better", "worse")]
    parts = [
        _resolved(told, side, group)
        for side in (
            [c for c in resolved if c.effect.ratio > 1.0],
            [c for c in resolved if c.effect.ratio < 1.0],
        )
        if side
    ]
    if equivalent := [c for c in group if c.outcome == "equivalent"]:
        parts.append(_equivalent(told, equivalent, group))
    unresolved = [c for c in group if c.outcome == "unresolved"]
    apart: dict[str, Callable[[Sequence[Comparison]], str]] = {
        "blocks": _blocks_left,
        "unsteady": _unsteady if _is_short(group) else _unsteady_in_short,
    }
    parts += [
        f"no difference could be shown{_share(told, part, group)}{reason(part)}"
        for part, reason in (
            *(([c for c in unresolved if c.cause == cause], of) for cause, of in apart.items()),
            (
                [c for c in unresolved if c.cause not in apart],
                _ratio if _is_short(group) else _detectable,
            ),
        )
        if part
    ]
    return ", ".join(parts)


def _is_short(group: Sequence[Comparison]) -> bool:
    return len(group) <= 2


def _equivalent(told: Told, part: Sequence[Comparison], group: Sequence[Comparison]) -> str:
    ratio = f" (ratio {_interval(part[0])})" if len(part) == 1 and _is_short(group) else ""
    share = figure(100.0 * part[0].smallest_effect)
    return f"equal to within {share} %{_share(told, part, group)}{ratio}"


def _blocks_left(lacking: Sequence[Comparison]) -> str:
    fewest = min(lacking, key=lambda c: c.effect.blocks / c.blocks_planned)
    return f" (only {fewest.effect.blocks} of {counted(fewest.blocks_planned, 'block')} estimable)"


def _unsteady(moving: Sequence[Comparison]) -> str:
    first = "" if len(moving) > 1 else f": {moving[0].unsteady}"
    return f" (not steady during the window{first})"


def _unsteady_in_short(_: Sequence[Comparison]) -> str:
    return " (not steady during the window)"


def _ratio(unresolved: Sequence[Comparison]) -> str:
    if len(unresolved) > 1:
        return _detectable(unresolved)
    (only,) = unresolved
    if only.effect.low is None or only.effect.high is None:
        return f" (ratio {figure(only.effect.ratio)}, a single block)"
    detectable = f"; {words}" if (words := _factor(unresolved)) else ""
    return f" (ratio {_interval(only)}{_although(only)}{detectable})"


def _detectable(unresolved: Sequence[Comparison]) -> str:
    """Tell the factor of those that have nothing else against them than a wide interval."""
    wide = [c for c in unresolved if c.cause == "interval"]
    return f" ({words})" if (words := _factor(wide)) else ""


def _factor(unresolved: Sequence[Comparison]) -> str:
    factors = sorted(
        c.effect.detectable_factor for c in unresolved if c.effect.detectable_factor is not None
    )
    if not factors:
        return ""
    return "detectable: a factor of " + " to ".join(
        dict.fromkeys(map(figure, (factors[0], factors[-1])))
    )


def _although(only: Comparison) -> str:
    """Say why the ratio is none although its interval excludes 1."""
    match only.cause:
        case "noise":
            return ", within the noise"
        case "many comparisons":
            return f", which chance gives among {only.family_size} comparisons"
        case "tail":
            return ", not when the operations in trials are resampled"
        case _:
            return ""


def _interval(comparison: Comparison) -> str:
    return ratios_in_words(comparison.effect.low or 0.0, comparison.effect.high or math.inf)


def _resolved(told: Told, side: Sequence[Comparison], group: Sequence[Comparison]) -> str:
    factor = factor_in_words(side[0].metric, [c.effect.ratio for c in side])
    is_told = len(side) == 1 and _is_short(group)
    interval = f" (95 % interval {interval_in_words(side)})" if is_told else ""
    return f"{factor}{_share(told, side, group)}{interval}"


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
