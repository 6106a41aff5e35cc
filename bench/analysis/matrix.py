"""Which subject runs on which loop, over all conditions."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.result import Cell, CellStatus, MatrixEntry

NOT_PLANNED = "not planned"
_RAN = ("measured", "partly")


def matrix(
    subjects: Sequence[str], loops: Sequence[str], cells: Sequence[Cell]
) -> tuple[MatrixEntry, ...]:
    """Return one entry for each of ``subjects`` × ``loops``, row by row."""
    # A cell that ran knows best, so it is looked at last.
    by_knowledge = sorted(cells, key=lambda cell: cell.status in _RAN)
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
    by_status = {cell.status: cell for cell in reversed(cells)}
    ran = [cell for cell in cells if cell.status in _RAN]
    if not ran:
        cell = by_status.get("unsupported") or by_status.get("failed") or cells[0]
        return MatrixEntry(subject, loop, kind, cell.status, cell.reason)
    invalid = next((cell for cell in ran if cell.invalid_because), None)
    failing = max(ran, key=lambda cell: cell.failing_share)
    partly = by_status.get("partly")
    rest = next((cell for cell in cells if cell.status in ("failed", "unsupported")), None)
    reason = ""
    if invalid is not None:
        reason = f"invalid at {_condition(invalid)}: {invalid.invalid_because}"
    elif failing.failing_because:
        reason = f"at {_condition(failing)}: {failing.failing_because}"
    elif partly is not None:
        reason = f"at {_condition(partly)}: {partly.reason}"
    elif rest is not None:
        reason = f"{rest.status} at {_condition(rest)}: {rest.reason}"
    status: CellStatus = "partly" if partly else "measured"
    return MatrixEntry(subject, loop, kind, status, reason, invalid is not None)


def _condition(cell: Cell) -> str:
    return f"{cell.workload} · {cell.payload} · {cell.arrival}"
