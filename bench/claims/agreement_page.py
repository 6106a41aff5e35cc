"""How new verdicts compare with the committed ones: on a screen, as a page and for programs."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.wording import counted
from bench.claims._words import AXES, value_of
from bench.claims.agreement import Agreement, Agreements, ClaimAgreement, ConditionChange
from bench.claims.page import tally
from bench.claims.result import JudgedCondition
from bench.report.json_text import json_document
from bench.report.junit import Case, Result, junit
from bench.report.page import Block, Bullets, Page, Section, Text
from bench.report.table import Badge, Entry, table
from bench.report.text import code, emphasis, strong
from bench.scenario.quantity import ABSENT

SCHEMA_VERSION = 2
# How each is set, what it is as a test, and how it is counted.
_FORMS: dict[Agreement, tuple[Badge, Result, str]] = {
    "agrees": ("measured", "pass", "agree"),
    "differs": ("failed", "failure", "differ"),
    "not comparable": ("partly", "error", "not comparable"),
}
_COLUMNS = ("claim", "committed", "measured now", "agreement")
# More lines than these nobody reads on a screen; the page has all.
_MOST_ON_SCREEN = 4
_HOW = (
    f"A claim {emphasis('agrees')} if its verdict is the one that the reference runs give. Listed "
    "below are the conditions whose answer changed, or whose two 95 % intervals do not overlap."
)


def agreement_screen(agreements: Agreements) -> tuple[Block, ...]:
    """Return one row for each claim: both verdicts with their figures, and what differs."""
    rows = []
    for claim in agreements.claims:
        lines = list(_what_differs(claim))
        left = len(lines) - _MOST_ON_SCREEN - 1
        if left > 0:
            lines = [*lines[: _MOST_ON_SCREEN + 1], f"{left} more"]
        agreement = Entry(claim.agreement, badge=_FORMS[claim.agreement][0])
        rows.append((claim.claim, *_verdicts(claim), agreement, "\n".join(lines)))
    columns = (*_COLUMNS, "what differs")
    return table("", columns, rows, look="plain"), Text(agreement_summary(agreements), "lead")


def agreement_summary(agreements: Agreements) -> str:
    """Count the claims that agree, differ, and are not comparable."""
    words: dict[str, str] = {name: form[2] for name, form in _FORMS.items()}
    return tally((claim.agreement for claim in agreements.claims), words)


def agreement_page(agreements: Agreements) -> Page:
    """Return the table of all claims, then each with what differs."""
    rows = (
        (code(claim.claim), *_verdicts(claim), strong(claim.agreement))
        for claim in agreements.claims
    )
    blocks: tuple[Block, ...] = (
        Text(strong(f"{agreement_summary(agreements)}.")),
        Text(_HOW),
        table("", _COLUMNS, rows, look="plain"),
        *map(_section, agreements.claims),
    )
    return Page("Published claims, measured again", blocks)


def agreement_document(agreements: Agreements) -> bytes:
    """Return everything for programs."""
    return json_document(agreements, SCHEMA_VERSION)


def agreement_suite(agreements: Agreements) -> bytes:
    """Return one JUnit case for each claim."""
    cases = (
        Case("claim", each.claim, _FORMS[each.agreement][1], each.agreement, "; ".join(lines))
        for each in agreements.claims
        for lines in [list(_what_differs(each))]
    )
    return junit("checkpoint-bench claims", cases)


def _section(claim: ClaimAgreement) -> Section:
    committed, new = (
        ", ".join(runs) or "no run" for runs in (claim.committed_runs, claim.new_runs)
    )
    judged_on = Text(f"Judged on: committed {committed}; now {new}.")
    return Section(claim.claim, (judged_on, Bullets(tuple(_what_differs(claim)))))


def _verdicts(claim: ClaimAgreement) -> tuple[str, str]:
    told = [(claim.committed, claim.committed_figure), (claim.new, claim.new_figure)]
    first, second = (f"{outcome} ({text})" if text else outcome for outcome, text in told)
    return first, second


def _what_differs(claim: ClaimAgreement) -> Iterator[str]:
    """Yield what can be said in one line, then a line for each condition that changed."""
    if claim.why:
        yield claim.why
        return
    changed, total = len(claim.changes), counted(claim.conditions, "condition")
    yield f"{changed} of {total}:" if changed else f"nothing, in {total}"
    yield from map(_change, claim.changes)


def _change(change: ConditionChange) -> str:
    place = next(side for side in (change.committed, change.new) if side is not None)
    where = ", ".join(
        (place.metric or ABSENT, place.workload, place.payload, place.arrival, place.loop)
    )
    suffix = {True: "; the intervals overlap", False: "; the intervals do not overlap", None: ""}
    return (
        f"{change.label} – {AXES['subject'](place)}, {where}: {_side(change.committed)} → "
        f"{_side(change.new)}{suffix[change.overlap]}"
    )


def _side(condition: JudgedCondition | None) -> str:
    if condition is None:
        return "not there"
    if condition.value is None:
        return condition.outcome + (f" ({condition.why})" if condition.why else "")
    return f"{value_of(condition)} {condition.outcome}"
