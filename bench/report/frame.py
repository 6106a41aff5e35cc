"""The analysis as pandas frames: what is listed, sorted and grouped is so in one place only."""

from __future__ import annotations

import pandas as pd

from bench.analysis.result import SHOWN_OF_COMPARISON, Analysis, Cell, Comparison
from bench.scenario.durability import Durability

IDENTITY = ("sweep", "workload", "payload", "arrival", "loop", "subject")
_RANKS = {durability: rank for rank, durability in enumerate(Durability)}

ESTIMATE_COLUMNS = (
    *IDENTITY,
    "plugin",
    "aa_of",
    "durability",
    "loop_kind",
    "status",
    "metric",
    "unit",
    "better",
    "value",
    "low",
    "high",
    "confidence",
    "trials",
    "method",
    "why_not",
    "invalid_because",
    "failing_because",
)


_CONDITION = ("sweep", "workload", "payload", "arrival")


def estimates_frame(analysis: Analysis) -> pd.DataFrame:
    """Return one row for each cell × metric, in the metric's own unit.

    A cell without any estimate has one row with an empty ``metric``; its ``why_not`` says why.
    """
    rows = [row for cell in analysis.cells for row in _estimate_rows(cell)]
    return pd.DataFrame(rows, columns=list(ESTIMATE_COLUMNS))


def _estimate_rows(cell: Cell) -> list[dict[str, object]]:
    identity: dict[str, object] = {name: getattr(cell, name) for name in IDENTITY}
    identity |= {
        "plugin": cell.plugin,
        "aa_of": cell.aa_of,
        "durability": cell.durability.value,
        "loop_kind": cell.loop_kind,
        "status": cell.status,
        "invalid_because": cell.invalid_because,
        "failing_because": cell.failing_because,
    }
    if not cell.estimates:
        return [identity | {"trials": 0, "why_not": cell.reason or cell.status}]
    told = {name: cell.told(name) for name in cell.estimates}
    return [
        identity
        | {
            "invalid_because": because,
            "metric": name,
            "unit": estimate.metric.unit,
            "better": estimate.metric.better,
            "value": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "confidence": estimate.confidence,
            "trials": estimate.trials,
            "method": estimate.method,
            "why_not": estimate.why_not,
        }
        for name, (estimate, because) in told.items()
        if estimate is not None
    ]


def ratios_frame(analysis: Analysis) -> pd.DataFrame:
    """Return one row for each comparison, with all that programs read of it."""
    rows = [
        {
            **comparison.shown(),
            **dict(zip(_CONDITION, comparison.condition, strict=True)),
            "metric": comparison.metric.name,
            "better": comparison.metric.better,
        }
        for comparison in analysis.comparisons
    ]
    others = (name for name in SHOWN_OF_COMPARISON if name not in ("metric", "condition"))
    return pd.DataFrame(rows, columns=[*_CONDITION, "metric", "better", *others])


def cells_frame(analysis: Analysis) -> pd.DataFrame:
    """Return one row for each cell: condition, loop, its place in ``analysis.cells`` (``at``).

    Rows come in the order in which they are shown: conditions as the analysis has them, loops in
    the scenario's order, then by durability class and the first primary metric, missing ones last.
    """
    first_metric = analysis.primary_metrics[0] if analysis.primary_metrics else ""
    conditions = {
        condition: rank
        for rank, condition in enumerate(dict.fromkeys(cell.condition for cell in analysis.cells))
    }
    loops = {loop: rank for rank, loop in enumerate(analysis.loops)}
    frame = pd.DataFrame(
        {
            "at": range(len(analysis.cells)),
            "condition": [conditions[cell.condition] for cell in analysis.cells],
            "loop": [loops.get(cell.loop, len(loops)) for cell in analysis.cells],
            "durability": [_RANKS[cell.durability] for cell in analysis.cells],
            "primary": pd.Series(
                [
                    None if cell.unusable_because(first_metric) else cell.value(first_metric)
                    for cell in analysis.cells
                ],
                dtype="float64",
            ),
        }
    )
    order = ["condition", "loop", "durability", "primary", "at"]
    return frame.sort_values(order, na_position="last", kind="stable")


def comparisons_frame(comparisons: tuple[Comparison, ...]) -> pd.DataFrame:
    """Return one row for each comparison: what it is about, and its place (``at``)."""
    columns = ("condition", "loop", "subject", "baseline", "candidate", "metric", "at")
    rows = [
        (
            " · ".join(comparison.condition),
            comparison.loop,
            comparison.subject,
            comparison.baseline,
            comparison.candidate,
            comparison.metric.name,
            at,
        )
        for at, comparison in enumerate(comparisons)
    ]
    return pd.DataFrame(rows, columns=list(columns))
