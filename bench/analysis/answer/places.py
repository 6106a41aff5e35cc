"""Where a cell is, in the words of the field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from bench.analysis.cell import Cell

_PLACES = {"payload": "of", "arrival": "at", "workload": "in", "loop": "on", "subject": "for"}


def condition_text(cell: Cell, labels: Sequence[str]) -> str:
    """Name the condition of ``cell`` by some of its labels, e.g. ``50 kB · 32 clients``."""
    texts = _texts(cell)
    order = ("workload", "payload", "arrival", "loop")
    return " · ".join(texts[name] for name in order if name in labels)


def place_in_words(cell: Cell, labels: Sequence[str]) -> str:
    """Say where ``cell`` is by some of its labels, e.g. ``of 50 kB at 32 clients``."""
    texts = _texts(cell)
    if texts["payload"] == cell.payload:
        texts["payload"] = f"payload {cell.payload}"
    return " ".join(f"{word} {texts[name]}" for name, word in _PLACES.items() if name in labels)


def varying(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Name the labels of a place in which ``cells`` differ."""
    of_cells = list(cells)
    return tuple(n for n in _PLACES if len({getattr(cell, n) for cell in of_cells}) > 1)


def kinds(cells: Iterable[Cell], candidate: str, baseline: str) -> tuple[str, str]:
    """Name two subjects by their plug-ins where these differ, so that equal kinds come together.

    A subject that alone has its plug-in keeps its label.
    """
    plugins = {cell.subject: cell.plugin for cell in cells if not cell.aa_of}
    sides = (candidate, baseline)
    of_sides = [plugins.get(side, side) for side in sides]
    if of_sides[0] == of_sides[1]:
        return sides
    alone = Counter(plugins.values())
    first, second = (
        kind if alone[kind] > 1 else side for kind, side in zip(of_sides, sides, strict=True)
    )
    return first, second


def _texts(cell: Cell) -> dict[str, str]:
    return {
        "workload": cell.workload,
        "payload": cell.payload_text or cell.payload,
        "arrival": cell.arrival_text.removeprefix("closed, ") or cell.arrival,
        "loop": cell.loop,
        "subject": cell.subject,
    }
