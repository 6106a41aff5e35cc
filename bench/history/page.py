"""Two runs side by side, and the runs of a scenario in a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bench.analysis.result import Analysis
from bench.analysis.wording import listed
from bench.history.change import Change, Changes, Place, Point
from bench.report.page import Block, Text
from bench.report.table import Column, Entry, Row, table
from bench.scenario.quantity import ABSENT, interval, number, quantity

UNPAIRED = (
    "The two runs were not interleaved: a ratio holds everything that differed between the two "
    "times, also neighbours and temperature, not the saver alone. To compare two versions of a "
    "saver, measure them block by block in one run: checkpoint-bench gate."
)
ACROSS_MACHINES = (
    "They ran on different machines: no ratio here says anything about a saver. Ratios within each "
    "run can be compared, times cannot."
)
_MARKS: Mapping[str, str] = {"better": "▲", "worse": "▼", "": "?"}
_MOST_DIFFERENCES = 6


def comparison_blocks(found: Changes, *, one_machine: bool) -> Iterator[Block]:
    """Say what two runs have in common, what differs, and how each cell has changed."""
    proven = [change for change in found.changes if change.outcome]
    yield Text(
        f"{len(proven)} of {len(found.changes)} figures have changed by more than the noise, from "
        f"{found.before} to {found.after}.",
        "lead",
    )
    yield Text(UNPAIRED if one_machine else ACROSS_MACHINES, "" if one_machine else "warning")
    if found.environment:
        told = (f"{name} {' → '.join(values)}" for name, values in found.environment.items())
        yield Text(f"Different between them: {listed(told, _MOST_DIFFERENCES)}.")
    if found.otherwise:
        told = (" · ".join(place) for place in found.otherwise)
        yield Text(f"Measured in another way, so left out: {listed(told, _MOST_DIFFERENCES)}.")
    if not found.changes:
        yield Text("They have no cell in common that both have measured.", "warning")
        return
    shown = _varying([change.place for change in found.changes])
    rows = [
        Row(
            (
                Entry(_named(change.place, shown)),
                Entry(quantity(change.before, change.metric.unit)),
                Entry(quantity(change.after, change.metric.unit)),
                _ratio(change),
            ),
            section=change.metric.name,
        )
        for change in found.changes
    ]
    columns = ("cell", Column("before"), Column("after"), Column("after ÷ before"))
    yield table("", columns, rows)
    yield Text("▲ better, ▼ worse, ? no change is proven; in brackets the 95 % interval.")


def history_blocks(
    runs: Sequence[Analysis], metric: str, points: Sequence[Point]
) -> Iterator[Block]:
    """Show the ``points`` of one metric of ``runs``, oldest first: a row for each cell."""
    by_cell: dict[Place, dict[str, Point]] = {}
    for point in points:
        by_cell.setdefault(point.place, {})[point.run_id] = point
    shown = _varying([*by_cell])
    rows = [
        (_named(place, shown), *(_value(of_cell.get(run.run.run_id)) for run in runs))
        for place, of_cell in by_cell.items()
    ]
    heads = (Column(run.run.started_at[:10], unit=run.run.started_at[11:16]) for run in runs)
    yield Text(f"{metric} of {runs[-1].run.scenario_name} on {runs[-1].run.environment.machine}")
    yield table("", ("cell", *heads), rows)
    yield Text("▲ better, ▼ worse than the run before by more than the noise.")


def _value(point: Point | None) -> str:
    if point is None:
        return ABSENT
    mark = _MARKS[point.outcome] if point.outcome else ""
    return f"{quantity(point.value, point.metric.unit)} {mark}".rstrip()


def _varying(places: Sequence[Place]) -> tuple[int, ...]:
    """Return which parts of the places differ; the subject is always told."""
    return tuple(at for at in range(5) if at == 0 or len({place[at] for place in places}) > 1)


def _named(place: Place, shown: Sequence[int]) -> str:
    return " · ".join(place[at] for at in shown)


def _ratio(change: Change) -> Entry:
    ratio = change.ratio
    return Entry(
        f"{number(ratio.ratio)} {_MARKS[change.outcome]}",
        interval(ratio.low, ratio.high),
        badge=change.outcome or "unresolved",
    )
