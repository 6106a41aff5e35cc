"""Which subject runs on which loop, over all conditions."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.result import Cell, CellStatus, MatrixEntry

NOT_PLANNED = "not planned"


def matrix(
    subjects: Sequence[str], loops: Sequence[str], cells: Sequence[Cell]
) -> tuple[MatrixEntry, ...]:
    """Return one entry for each of ``subjects`` × ``loops``, row by row."""
    # A cell that ran knows best, so it is looked at last.
    by_knowledge = sorted(cells, key=_ran)
    kinds = {cell.loop: cell.loop_kind for cell in by_knowledge if cell.loop_kind}
    return tuple(
        _entry(
            subject,
            loop,
            kinds.get(loop, ""),
            [cell for cell in cells if (cell.subject, cell.loop) == (subject, loop)],
        )
        for subject in subjects
        for loop in loops
    )


def _entry(subject: str, loop: str, kind: str, cells: Sequence[Cell]) -> MatrixEntry:
    if not cells:
        return MatrixEntry(subject, loop, kind, "missing", NOT_PLANNED)
    ran = [cell for cell in cells if _ran(cell)]
    if ran:
        invalid = next((cell for cell in ran if cell.invalid_because), None)
        failing = max(ran, key=lambda cell: cell.failing_share)
        partly = next((cell for cell in ran if cell.status == "partly"), None)
        rest = next((cell for cell in cells if cell.status in ("failed", "unsupported")), None)
        if invalid is not None:
            reason = f"invalid at {_condition(invalid)}: {invalid.invalid_because}"
        elif failing.failing_because:
            reason = f"at {_condition(failing)}: {failing.failing_because}"
        elif partly is not None:
            reason = f"at {_condition(partly)}: {partly.reason}"
        elif rest is not None:
            reason = f"{rest.status} at {_condition(rest)}: {rest.reason}"
        else:
            reason = ""
        status: CellStatus = "partly" if partly else "measured"
        return MatrixEntry(subject, loop, kind, status, reason, invalid is not None)
    for status in ("unsupported", "failed"):
        found = next((cell for cell in cells if cell.status == status), None)
        if found is not None:
            return MatrixEntry(subject, loop, kind, found.status, found.reason)
    return MatrixEntry(subject, loop, kind, "missing", cells[0].reason)


def _ran(cell: Cell) -> bool:
    return cell.status in ("measured", "partly")


def _condition(cell: Cell) -> str:
    return f"{cell.workload} · {cell.payload} · {cell.arrival}"
