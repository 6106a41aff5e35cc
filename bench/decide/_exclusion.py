"""Why an option cannot be chosen.

What is *shown* to break a limit or a requirement, what was not measured or is invalid, and what
fails too often to be compared, is excluded. Where the data do not show that an option keeps a limit
(the interval lies across it, there is no interval, trials lack), it is *not shown* to: it stays in
the tables and is compared, but cannot be chosen, since a hard limit is a promise and nobody signs a
promise for lack of a counter-example.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from bench.analysis.answer.limits import outcome_by_interval
from bench.analysis.cell import Cell
from bench.analysis.result import MatrixEntry
from bench.decide._board import Board
from bench.decide.result import Figure, Objection, Place
from bench.scenario.durability import Durability
from bench.scenario.quantity import quantity_and_interval


def reasons(board: Board, subject: str) -> tuple[Objection, ...]:
    """Return every reason why ``subject`` cannot be chosen, the gravest sort first."""
    found = [
        *_of_cells(board, subject),
        *_of_durability(board, subject),
        *_of_loops(board, subject),
        *_of_limits(board, subject),
        *_of_drivers(board, subject),
    ]
    return tuple(sorted(found, key=lambda reason: reason.kind == "not shown"))


def durability_of(board: Board, subject: str) -> Durability:
    """Return the weakest class in the places that count; unknown if one of them is.

    Where it has no cell there, its other cells tell.
    """
    elsewhere = [cell for cell in board.analysis.cells if cell.subject == subject]
    classes = (cell.durability for cell in board.cells_of(subject) or elsewhere)
    return min(classes, key=attrgetter("strength"))


def loop_notes(board: Board, subject: str) -> tuple[str, ...]:
    """Say for which loops it is taken from another subject, or from an emulation, that it runs."""
    notes: list[str] = []
    for loop in board.asked.requirements.must_run_on:
        entry, stands_for = _on_loop(board, subject, loop)
        if entry is None or entry.status != "measured":
            continue
        if stands_for:
            notes.append(
                f"that {subject} runs on {loop} is taken from {stands_for}, the same plug-in with "
                "other options"
            )
        if entry.loop_kind == "emulated":
            notes.append(f"that {subject} runs on {loop} was seen on an emulated loop")
    return tuple(notes)


def text_of(figure: Figure) -> str:
    """Write a figure with its interval, e.g. ``12 ms [10 ms, 14 ms]``."""
    if figure.value is None:
        return "not measured"
    parts = quantity_and_interval(figure.value, figure.low, figure.high, figure.metric.unit)
    return " ".join(filter(None, parts))


def _of_cells(board: Board, subject: str) -> Iterator[Objection]:
    for place in board.places:
        cell = board.cells.get((subject, place))
        if cell is None:
            yield Objection("not measured", f"not planned at {place.name}")
            continue
        invalid = board.analysis.invalid_because(cell)
        if invalid:
            yield Objection("invalid", f"its numbers must not be used: {invalid}")
        elif cell.status == "unsupported":
            yield Objection("unsupported", f"unsupported at {place.name}: {cell.reason}")
        elif cell.status in ("failed", "missing"):
            yield Objection("not measured", f"{cell.status} at {place.name}: {cell.reason}")
        elif cell.status == "partly":
            # The trials that lack are the slow ones first.
            yield Objection("not shown", f"trials lack at {place.name}: {cell.reason}")
        if cell.failing_because and not invalid:
            yield Objection("failing", f"{cell.failing_because} at {place.name}")


def _of_durability(board: Board, subject: str) -> Iterator[Objection]:
    least = board.asked.requirements.least_durability
    if least is None or not board.cells_of(subject):
        return
    has = durability_of(board, subject)
    if has.strength < Durability(least).strength:
        known = "not known" if has == Durability.UNKNOWN else has
        yield Objection("durability", f"its durability is {known}, and {least} is required")


def _of_loops(board: Board, subject: str) -> Iterator[Objection]:
    for loop in board.asked.requirements.must_run_on:
        entry, stands_for = _on_loop(board, subject, loop)
        taken = f" (seen with {stands_for}, the same plug-in)" if stands_for else ""
        if entry is None:
            yield Objection("not measured", f"not measured on {loop}, which is required")
        elif entry.status == "unsupported":
            yield Objection("loop", f"does not run on {loop}{taken}: {entry.reason}")
        elif entry.status not in ("measured", "partly"):
            yield Objection("not measured", f"{entry.status} on {loop}, which is required")


def _on_loop(board: Board, subject: str, loop: str) -> tuple[MatrixEntry | None, str]:
    """Return what is known of ``subject`` on ``loop``, and of whom if not of itself."""
    plugins = {cell.subject: cell.plugin for cell in board.analysis.cells}
    known = [e for e in board.analysis.matrix if e.loop == loop and e.status != "missing"]
    for entry in known:
        if entry.subject == subject:
            return entry, ""
    alike = [entry for entry in known if plugins.get(entry.subject) == plugins.get(subject)]
    # One that refuses tells more than one that runs: it stays out.
    alike.sort(key=lambda e: ("unsupported", "measured", "partly", "failed").index(e.status))
    return (alike[0], alike[0].subject) if alike else (None, "")


def _of_limits(board: Board, subject: str) -> Iterator[Objection]:
    for kept in board.asked.limits:
        metric = kept.require.metric
        for place, cell in _usable(board, subject, metric):
            figure, bound = board.figure(cell, metric), kept.require.words
            if figure.value is None:
                text = f"{metric} at {place.name}, {bound}: {figure.why_not}"
                yield Objection("not shown", text)
                continue
            outcome, why = outcome_by_interval(
                kept.require.range,
                *(figure.low, figure.high, figure.why_not),
                cell.unsteady_because(metric),
            )
            said = f"{metric} is {text_of(figure)} at {place.name}"
            if outcome == "fails":
                yield Objection("limit", f"{said}; the limit is {bound}")
            elif outcome == "undecided":
                text = f"{said}, {bound}; {why}" if why else f"{said}, across the limit of {bound}"
                yield Objection("not shown", text)


def _of_drivers(board: Board, subject: str) -> Iterator[Objection]:
    for driver in board.asked.drivers:
        for place, cell in _usable(board, subject, driver.metric):
            known, planned = len(cell.by_block(driver.metric)), cell.blocks.planned
            if not known or (cell.status == "measured" and known < planned):
                figure = board.figure(cell, driver.metric)
                why = figure.why_not or "not every trial has a value of its own"
                text = f"{driver.metric} cannot be compared at {place.name}: {why}"
                yield Objection("not shown", text)


def _usable(board: Board, subject: str, metric: str) -> Iterator[tuple[Place, Cell]]:
    """Yield where ``metric`` may be judged: elsewhere a reason is told already."""
    for place in board.places:
        cell = board.cells.get((subject, place))
        if cell is None or not cell.ran:
            continue
        if not (board.analysis.invalid_because(cell) or cell.fails_for(metric)):
            yield place, cell
