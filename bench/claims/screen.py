"""Verdicts as a table on a screen."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.claims._detectable import detectable_of
from bench.claims.result import Verdicts
from bench.report.format import one_line

_STYLES = {"supported": "green", "refuted": "bold red", "invalid": "red", "inconclusive": "yellow"}


def screen(verdicts: Verdicts) -> RenderableType:
    """Return one row for each claim: its verdict, the figure, and because of what."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 1, 0))
    table.add_column("claim", overflow="fold", min_width=20)
    table.add_column("verdict", no_wrap=True)
    table.add_column("figure", overflow="fold", min_width=10)
    table.add_column("because", ratio=1)
    for verdict in verdicts.verdicts:
        table.add_row(
            Text(verdict.claim),
            Text(verdict.outcome, style=_STYLES[verdict.outcome]),
            Text("\n".join(filter(None, (verdict.figure, detectable_of(verdict))))),
            Text(one_line(verdict.because)),
        )
    return Group(table, Text(summary(verdicts), style="bold"))


def summary(verdicts: Verdicts) -> str:
    """Count the verdicts by outcome."""
    outcomes = [verdict.outcome for verdict in verdicts.verdicts]
    told = [f"{outcomes.count(outcome)} {outcome}" for outcome in _STYLES if outcome in outcomes]
    noun = "claim" if len(outcomes) == 1 else "claims"
    return f"{len(outcomes)} {noun}: {', '.join(told) or 'none'}"
