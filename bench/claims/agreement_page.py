"""How verdicts measured anew compare with the committed ones: on a screen, as Markdown, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.analysis.wording import counted, quantity
from bench.claims.agreement import Agreement, Agreements, ClaimAgreement, ConditionChange
from bench.claims.result import Condition
from bench.report.format import ABSENT
from bench.report.markdown_text import escaped

SCHEMA_VERSION = 1
_AGREEMENTS: TypeAdapter[Any] = TypeAdapter(Agreements)
_STYLES: dict[Agreement, str] = {
    "agrees": "green",
    "differs": "bold red",
    "cannot be told": "yellow",
}
_COUNTED: dict[Agreement, str] = {
    "agrees": "agree",
    "differs": "differ",
    "cannot be told": "cannot be told",
}
_HEAD = ("claim", "committed", "measured anew", "", "what differs")
# More lines than these nobody reads on a screen; the page has all.
_MOST_ON_SCREEN = 4
_HOW = (
    "A claim *agrees* if its verdict is the one that the reference runs give. Below are all "
    "conditions whose answer is another than it was, or whose two 95 % intervals have nothing in "
    "common."
)


def agreement_screen(found: Agreements) -> RenderableType:
    """Return one row for each claim: both verdicts with their figures, and what differs."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 1, 0))
    for title in _HEAD[:-1]:
        table.add_column(title, overflow="fold")
    table.add_column(_HEAD[-1], ratio=1)
    for claim in found.claims:
        lines = list(_what_differs(claim))
        left = len(lines) - _MOST_ON_SCREEN - 1
        if left > 0:
            lines = [*lines[: _MOST_ON_SCREEN + 1], f"{left} more"]
        table.add_row(
            Text(claim.claim),
            *(Text(text) for text in _verdicts(claim)),
            Text(claim.agreement, style=_STYLES[claim.agreement]),
            Text("\n".join(lines)),
        )
    return Group(table, Text(agreement_summary(found), style="bold"))


def agreement_summary(found: Agreements) -> str:
    """Count the claims that agree, differ, and cannot be told."""
    agreements = [claim.agreement for claim in found.claims]
    told = [
        f"{agreements.count(one)} {text}" for one, text in _COUNTED.items() if one in agreements
    ]
    return f"{counted(len(agreements), 'claim')}: {', '.join(told) or 'none'}"


def agreement_markdown(found: Agreements) -> str:
    """Return the page: the table of all claims, then each with what differs."""
    rows = [("claim", "committed", "measured anew", "agreement"), ("---",) * 4]
    for claim in found.claims:
        committed, anew = _verdicts(claim)
        row = (f"`{claim.claim}`", escaped(committed), escaped(anew), f"**{claim.agreement}**")
        rows.append(row)
    parts = [
        "# Published claims, measured anew",
        f"**{agreement_summary(found)}.**",
        _HOW,
        "\n".join(f"| {' | '.join(row)} |" for row in rows),
    ]
    for claim in found.claims:
        runs = f"committed {_listed(claim.committed_runs)}; anew {_listed(claim.new_runs)}"
        lines = "\n".join(f"- {escaped(line)}" for line in _what_differs(claim))
        parts += [f"## {claim.claim}", f"Judged on: {runs}.", lines]
    return "\n\n".join(parts) + "\n"


def agreement_document(found: Agreements) -> bytes:
    """Return one JSON object: the fields by their names, and ``schema_version``."""
    plain = json.loads(_AGREEMENTS.dump_json(found))
    content = {"schema_version": SCHEMA_VERSION, **plain}
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _listed(run_ids: tuple[str, ...]) -> str:
    return ", ".join(map(escaped, run_ids)) or "no run"


def _verdicts(claim: ClaimAgreement) -> tuple[str, str]:
    told = [(claim.committed, claim.committed_figure), (claim.anew, claim.new_figure)]
    first, second = (f"{outcome} ({text})" if text else outcome for outcome, text in told)
    return first, second


def _what_differs(claim: ClaimAgreement) -> Iterator[str]:
    """Yield what can be said in one line, then a line for each condition that changed."""
    if claim.why:
        yield claim.why
        return
    changed = len(claim.changes)
    total = counted(claim.conditions, "condition")
    yield f"{changed} of {total}:" if changed else f"nothing, in {total}"
    yield from map(_change, claim.changes)


def _change(change: ConditionChange) -> str:
    place = next(side for side in (change.committed, change.anew) if side is not None)
    against = f" against {place.baseline}" if place.baseline else ""
    where = ", ".join(
        (place.metric or ABSENT, place.workload, place.payload, place.arrival, place.loop)
    )
    suffix = {True: "; the intervals overlap", False: "; the intervals are apart", None: ""}
    return (
        f"{change.label} – {place.subject}{against}, {where}: {_side(change.committed)} → "
        f"{_side(change.anew)}{suffix[change.overlap]}"
    )


def _side(condition: Condition | None) -> str:
    if condition is None:
        return "not there"
    if condition.value is None:
        reason = f" ({condition.why})" if condition.why else ""
        return f"{condition.outcome}{reason}"
    text = quantity(condition.value, condition.unit)
    low, high = condition.low, condition.high
    if low is not None and high is not None and low < high:
        text += f" [{quantity(low, condition.unit)}, {quantity(high, condition.unit)}]"
    return f"{text} {condition.outcome}"
