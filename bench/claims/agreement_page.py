"""How verdicts measured anew compare with the committed ones: on a screen and as a page."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.wording import counted
from bench.claims._words import AXES, value_of
from bench.claims.agreement import Agreement, Agreements, ClaimAgreement, ConditionChange
from bench.claims.page import tally
from bench.claims.result import JudgedCondition
from bench.report.json_text import json_document
from bench.report.page import Block, Bullets, Page, Section, Text
from bench.report.table import Badge, Entry, table
from bench.report.text import code, emphasis, strong
from bench.scenario.quantity import ABSENT

SCHEMA_VERSION = 1
_BADGES: dict[Agreement, Badge] = {
    "agrees": "measured",
    "differs": "failed",
    "cannot be told": "partly",
}
_COUNTED: dict[str, str] = {
    "agrees": "agree",
    "differs": "differ",
    "cannot be told": "cannot be told",
}
_COLUMNS = ("claim", "committed", "measured anew", "agreement")
# More lines than these nobody reads on a screen; the page has all.
_MOST_ON_SCREEN = 4
_HOW = (
    f"A claim {emphasis('agrees')} if its verdict is the one that the reference runs give. Below "
    "are all conditions whose answer is another than it was, or whose two 95 % intervals have "
    "nothing in common."
)


def agreement_screen(agreements: Agreements) -> tuple[Block, ...]:
    """Return one row for each claim: both verdicts with their figures, and what differs."""
    rows = []
    for claim in agreements.claims:
        lines = list(_what_differs(claim))
        left = len(lines) - _MOST_ON_SCREEN - 1
        if left > 0:
            lines = [*lines[: _MOST_ON_SCREEN + 1], f"{left} more"]
        agreement = Entry(claim.agreement, badge=_BADGES[claim.agreement])
        rows.append((claim.claim, *_verdicts(claim), agreement, "\n".join(lines)))
    columns = (*_COLUMNS, "what differs")
    return (
        table("", columns, rows, look="plain"),
        Text(agreement_summary(agreements), "lead"),
    )


def agreement_summary(agreements: Agreements) -> str:
    """Count the claims that agree, differ, and cannot be told."""
    return tally((claim.agreement for claim in agreements.claims), _COUNTED)


def agreement_page(agreements: Agreements) -> Page:
    """Return the table of all claims, then each with what differs."""
    return Page("Published claims, measured anew", tuple(_blocks(agreements)))


def _blocks(agreements: Agreements) -> Iterator[Block]:
    rows = (
        (code(claim.claim), *_verdicts(claim), strong(claim.agreement))
        for claim in agreements.claims
    )
    yield Text(strong(f"{agreement_summary(agreements)}."))
    yield Text(_HOW)
    yield table("", _COLUMNS, rows, look="plain")
    yield from map(_section, agreements.claims)


def agreement_document(agreements: Agreements) -> bytes:
    """Return everything that is told, for programs."""
    return json_document(agreements, SCHEMA_VERSION)


def _section(claim: ClaimAgreement) -> Section:
    committed, anew = (
        ", ".join(runs) or "no run" for runs in (claim.committed_runs, claim.new_runs)
    )
    judged_on = Text(f"Judged on: committed {committed}; anew {anew}.")
    return Section(claim.claim, (judged_on, Bullets(tuple(_what_differs(claim)))))


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
    where = ", ".join(
        (place.metric or ABSENT, place.workload, place.payload, place.arrival, place.loop)
    )
    suffix = {True: "; the intervals overlap", False: "; the intervals are apart", None: ""}
    return (
        f"{change.label} – {AXES['subject'](place)}, {where}: {_side(change.committed)} → "
        f"{_side(change.anew)}{suffix[change.overlap]}"
    )


def _side(condition: JudgedCondition | None) -> str:
    if condition is None:
        return "not there"
    if condition.value is None:
        return condition.outcome + (f" ({condition.why})" if condition.why else "")
    return f"{value_of(condition)} {condition.outcome}"
