"""What was broken on purpose: what each saver kept, and how long nobody was served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.analysis.faults.cells import FaultCell
from bench.report.table import Badge, Column, Entry, Table, table
from bench.scenario.quantity import ABSENT, DURATIONS, choose_scale, count, quantity, scaled

CAPTION = (
    "Acknowledged writes were looked for by another process afterwards. Writes without an "
    "acknowledgement may be there or not. Times of these trials are compared with no others."
)
_BADGES: dict[str, Badge] = {
    "kept": "measured",
    "stale": "partly",
    "lost": "partly",
    "corrupt": "failed",
    "not opened": "absent",
    "unknown": "absent",
}


def fault_tables(cells: Sequence[FaultCell]) -> tuple[Table, ...]:
    """Return what was kept, and the outages where callers outlived them."""
    columns = (
        *("subject", "durability", "fault", "verdict"),
        Column("faults", tip="how often the fault acted"),
        Column("acknowledged", tip="writes: checkpoints, and calls of put_writes"),
        *(Column("kept"), Column("lost")),
        Column("age", tip="how long before the fault the oldest lost one was acknowledged"),
        Column("out of order", tip="checkpoints that are gone though a later one is there"),
        Column("not acknowledged, but there", tip="checkpoints; this is allowed"),
        "reason",
    )
    kept = table("What was kept", columns, map(_kept_row, cells), CAPTION)
    served = [cell for cell in cells if cell.outage_ns is not None or cell.never_served]
    return (kept, _outage_table(served)) if served else (kept,)


def _kept_row(cell: FaultCell) -> tuple[Entry | str, ...]:
    verdict = "unsupported" if cell.is_unsupported else cell.verdict
    badge: Badge = "unsupported" if cell.is_unsupported else _BADGES[cell.verdict]
    place = f"{cell.workload}, {cell.payload}, {cell.arrival}, {cell.loop}"
    head = (
        Entry(cell.subject, badge="subject"),
        cell.durability.value,
        Entry(cell.fault, place),
        Entry(verdict, badge=badge),
    )
    if not cell.trials_read:
        strikes = count(cell.strikes) if cell.strikes else ABSENT
        return (*head, strikes, *[ABSENT] * 6, cell.reason)
    age = quantity(cell.oldest_lost_ns, "ns") if cell.lost else ABSENT
    numbers = (cell.strikes, cell.acknowledged, cell.acknowledged - cell.lost, cell.lost)
    more = (count(cell.out_of_order), count(cell.unacknowledged_stored))
    return (*head, *map(count, numbers), age, *more, cell.reason)


def _outage_table(cells: Sequence[FaultCell]) -> Table:
    scale = choose_scale((cell.outage_ns for cell in cells), DURATIONS)
    columns = (
        *("subject", "fault"),
        Column("served", tip="cycles of the windows that succeeded"),
        Column(
            "median", "outage", scale.name, "the longest time that some waited and none succeeded"
        ),
        Column("longest", "outage", scale.name),
        Column("longest response", unit=scale.name, tip="of a cycle, whether it succeeded or not"),
        Column("first success", unit=scale.name, tip="after the server was back; median"),
        Column("never served again", tip="faults after which nothing succeeded"),
        "failures",
        Column("marked", tip="what the workload marks in cycles, with how often"),
    )
    rows = [
        (
            Entry(cell.subject, badge="subject"),
            cell.fault,
            f"{count(cell.served)} of {count(cell.due)}" if cell.due else ABSENT,
            scaled(cell.outage_ns, scale),
            scaled(cell.longest_outage_ns, scale),
            scaled(cell.longest_response_ns, scale),
            scaled(cell.recovery_ns, scale),
            count(cell.never_served),
            _counts(cell.errors),
            _counts(cell.marks),
        )
        for cell in cells
    ]
    return table("What callers felt", columns, rows)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count(times)}" for name, times in counts.items()) or "none"
