"""Cells that belong side by side: one condition on one loop, and the comparisons among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bench.analysis.result import Analysis, Cell, Comparison
from bench.report.frame import cells_frame

_PARTS = ("sweep", "workload", "payload", "arrival", "loop")


@dataclass(frozen=True, slots=True)
class Group:
    """The cells of one condition on one loop, in the order in which they are shown.

    ``label`` has only the parts in which the groups of this run differ; ``title`` has all of them.
    """

    condition: tuple[str, str, str, str]
    loop: str
    label: str
    title: str
    cells: tuple[Cell, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """Sweep, workload, payload, arrival and loop."""
        return (*self.condition, self.loop)

    @property
    def measured(self) -> tuple[Cell, ...]:
        """The cells that have estimates."""
        return tuple(cell for cell in self.cells if cell.estimates)


def key_of(cell: Cell) -> tuple[str, ...]:
    """Return the :attr:`Group.key` of the group that ``cell`` belongs to."""
    return (*cell.condition, cell.loop)


def groups_of(analysis: Analysis) -> tuple[Group, ...]:
    """Group the cells of ``analysis`` by condition and loop, in the order to show them."""
    frame = cells_frame(analysis)
    found = [
        tuple(analysis.cells[at] for at in rows["at"])
        for _, rows in frame.groupby(["condition", "loop"], sort=False)
    ]
    keys = [key_of(cells[0]) for cells in found]
    kinds = {cell.loop: cell.loop_kind for cell in analysis.cells if cell.loop_kind}
    return tuple(
        Group(
            condition=cells[0].condition,
            loop=cells[0].loop,
            label=_label(key, keys, kinds),
            title=_title(key, keys, kinds),
            cells=cells,
        )
        for key, cells in zip(keys, found, strict=True)
    )


def loop_text(loop: str, kind: str) -> str:
    """Return the loop's name, marked where it is not the platform's own."""
    return f"{loop} (emulated)" if kind == "emulated" else loop


def subject_text(cell: Cell) -> str:
    """Return the subject's label, marked where it is the second arm of an A/A pair."""
    return f"{cell.subject} (A/A of {cell.aa_of})" if cell.aa_of else cell.subject


def failing_text(cell: Cell) -> str:
    """Return what stands in place of a number of a cell that fails too often to be compared."""
    return f"{100.0 * cell.failing_share:.3g} % failed"


def _label(key: tuple[str, ...], keys: list[tuple[str, ...]], kinds: dict[str, str]) -> str:
    shown = [at for at in range(1, len(_PARTS)) if len({other[at] for other in keys}) > 1]
    parts = [_part(key, at, kinds) for at in shown or [len(_PARTS) - 2]]
    short = tuple(key[at] for at in shown)
    alike = Counter(tuple(other[at] for at in shown) for other in keys)
    if alike[short] > 1:
        parts.insert(0, key[0])
    return " · ".join(parts)


def _title(key: tuple[str, ...], keys: list[tuple[str, ...]], kinds: dict[str, str]) -> str:
    alike = Counter(other[1:] for other in keys)
    first = 0 if alike[key[1:]] > 1 else 1
    return " · ".join(_part(key, at, kinds) for at in range(first, len(_PARTS)))


def _part(key: tuple[str, ...], at: int, kinds: dict[str, str]) -> str:
    return loop_text(key[at], kinds.get(key[at], "")) if _PARTS[at] == "loop" else key[at]


# ----------------------------------------------------------------------------------- comparisons


class Pairs:
    """Finds the two cells behind a comparison, and the comparisons in which a cell stands."""

    def __init__(self, analysis: Analysis) -> None:
        self._cells = {(cell.subject, *key_of(cell)): cell for cell in analysis.cells}
        self._baselines: set[tuple[str, ...]] = set()
        self._by_candidate: dict[tuple[str, ...], list[Comparison]] = {}
        for comparison in analysis.comparisons:
            baseline, candidate = _ends(comparison)
            self._baselines.add(baseline)
            self._by_candidate.setdefault(candidate, []).append(comparison)

    def cells(self, comparison: Comparison) -> tuple[Cell | None, Cell | None]:
        """Return the baseline's and the candidate's cell."""
        baseline, candidate = _ends(comparison)
        return (self._cells.get(baseline), self._cells.get(candidate))

    def invalid(self, comparison: Comparison) -> str:
        """Return why the ratio must not be used, or nothing."""
        ends = [cell for cell in self.cells(comparison) if cell]
        return "; ".join(
            f"{cell.subject} on {cell.loop}: {cell.invalid_because}"
            for cell in ends
            if cell.invalid_because
        )

    def of(self, cell: Cell, metric: str) -> Comparison | None:
        """Return the comparison that has ``cell`` as its candidate, of equal durability if any."""
        found = self._by_candidate.get((cell.subject, *key_of(cell)), [])
        return min(
            (comparison for comparison in found if comparison.metric.name == metric),
            key=lambda comparison: not comparison.same_durability,
            default=None,
        )

    def is_baseline(self, cell: Cell) -> bool:
        """Whether others are compared with ``cell``."""
        return (cell.subject, *key_of(cell)) in self._baselines


def _ends(comparison: Comparison) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return subject, condition and loop of the baseline's and of the candidate's cell."""
    sides = (comparison.baseline, comparison.candidate)
    baseline, candidate = (
        (comparison.subject, *comparison.condition, side)
        if comparison.axis == "loop"
        else (side, *comparison.condition, comparison.loop)
        for side in sides
    )
    return (baseline, candidate)


def comparison_group(comparison: Comparison, groups: Iterable[Group]) -> str:
    """Return the heading under which ``comparison`` is listed: its condition, and loop if fixed."""
    if comparison.axis == "loop":
        found = [group for group in groups if group.condition == comparison.condition]
        return " · ".join(comparison.condition[1:]) if found else " · ".join(comparison.condition)
    key = (*comparison.condition, comparison.loop)
    return next((group.title for group in groups if group.key == key), " · ".join(key))
