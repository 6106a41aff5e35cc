"""What a search for the highest rate found."""

from __future__ import annotations

from bench.analysis.result import Analysis, Capacity
from bench.report import words as _words
from bench.report.format import (
    ABSENT,
    DURATIONS,
    choose_scale,
    interval,
    number,
    scaled,
)
from bench.report.table import Column, Entry, Row, Section, Table, text_columns


def capacity_tables(analysis: Analysis) -> tuple[Table, ...]:
    """Return one table, the highest rate first, or none where nothing was searched."""
    if not analysis.capacities:
        return ()
    ordered = sorted(analysis.capacities, key=lambda found: -(found.rate_per_s or 0.0))
    scale = choose_scale((found.value for found in ordered), DURATIONS)
    columns = (
        *text_columns("subject", "durability", "condition", "loop", "objective"),
        Column("highest rate", unit="/s", tip="the highest of the rates tried that meets it"),
        Column("there", unit=scale.name, tip="the metric in trials that had no part in the choice"),
        *text_columns("outcome"),
    )
    rows = tuple(
        Row(
            (
                Entry(found.subject, badge="subject"),
                Entry(found.durability.value),
                Entry(f"{found.workload}, {found.payload}, {found.search}"),
                Entry(found.loop),
                Entry(found.objective),
                Entry(_rate(found)),
                Entry(scaled(found.value, scale), interval(found.low, found.high, scale)),
                Entry(found.outcome),
            )
        )
        for found in ordered
    )
    title = "The highest rate that meets the objective"
    return (Table(title, columns, (Section("", rows),), _words.SEARCH),)


def _rate(found: Capacity) -> str:
    if found.rate_per_s is None:
        return ABSENT
    return ("≥ " if found.is_highest_tried else "") + number(found.rate_per_s)
