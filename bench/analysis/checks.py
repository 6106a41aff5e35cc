"""What the checks of a subject say of its numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from bench.analysis.wording import counted, listed
from bench.records.check import CapabilityCheck, CheckRecord, Conformance, CrashCheck
from bench.records.store import Run
from bench.scenario.metric import (
    READ_OPERATION,
    SAVER_OPERATIONS,
    WRITE_OPERATION,
    operations_of,
)
from bench.scenario.quantity import number

NOT_RECORDED = "the run has no record of it"
_LEFT_OUT = "left out: {} = false in the scenario"
# What every run of a graph is made of: where one of these is wrong, so is what they add up to.
_ESSENTIAL = (WRITE_OPERATION, "put_writes", READ_OPERATION)
_NS_PER_MS = 1e6


def checks_of(run: Run) -> dict[str, CheckRecord]:
    """Return by label what was checked of every subject, or why it was not."""
    scenario = run.scenario
    absent = CheckRecord(
        "", Conformance(not_checked=NOT_RECORDED), CrashCheck(not_checked=NOT_RECORDED), "", 0.0
    )
    changes: dict[str, Any] = {}
    if not scenario.conformance:
        changes["conformance"] = Conformance(not_checked=_LEFT_OUT.format("conformance"))
    if not scenario.crash_check:
        changes["crash"] = CrashCheck(not_checked=_LEFT_OUT.format("crash_check"))
    return {
        label: replace(run.checks.get(scenario.checked_as(label), absent), **changes)
        for label in scenario.subjects
    }


def struck(names: Iterable[str], operations: Collection[str], check: CheckRecord) -> dict[str, str]:
    """Return which of the metrics ``names`` must not be used, and why.

    They are the times of a saver operation whose capability failed; where that is ``put``,
    ``put_writes`` or ``get_tuple``, of which every run of a graph is made, also the times and rates
    of whole cycles. ``operations`` are those that the cell has: another capability, or one that no
    timing is of, strikes nothing.
    """
    failed = {
        each.capability: failed_in_words(each)
        for each in check.conformance.failed
        if each.capability in SAVER_OPERATIONS and each.capability in operations
    }
    of_cycle = next((failed[name] for name in _ESSENTIAL if name in failed), "")
    reasons: dict[str, str] = {}
    for name in names:
        made_of = operations_of(name)
        is_of_one = len(made_of) == 1 and made_of[0] in SAVER_OPERATIONS
        because = failed.get(made_of[0], "") if is_of_one else of_cycle if made_of else ""
        if because:
            reasons[name] = because
    return reasons


def failed_in_words(capability: CapabilityCheck) -> str:
    """Say what a saver fails in one of its capabilities, the first reason in full."""
    first, *others = capability.failed
    more = f"; {counted(len(others), 'more test')} failed" if others else ""
    # The reasons of LangGraph's own tests need the test's name to be understood.
    which = f"{first.name}: " if first.name.startswith("test_") else ""
    return (
        f"it fails the conformance tests of {capability.capability} ({which}{first.reason}{more})"
    )


def lost_in_words(crash: CrashCheck) -> str:
    """Say how much was lost or changed when a process was killed; empty where nothing was."""
    if crash.lost:
        age = number(crash.oldest_lost_ns / _NS_PER_MS)
        oldest = f", the oldest {age} ms old" if crash.oldest_lost_ns else ""
        return (
            f"acknowledged writes were lost when its process was killed: {crash.lost} of "
            f"{crash.acknowledged}{oldest}"
        )
    if crash.wrong:
        return (
            f"acknowledged writes were not as written when its process had been killed: "
            f"{crash.wrong} of {crash.acknowledged}"
        )
    if crash.unreadable:
        return f"its store could not be read after its process was killed: {crash.unreadable}"
    return ""


def crash_in_words(crash: CrashCheck) -> str:
    """Say what the crash check showed, whatever it was."""
    if crash.not_checked:
        return f"not checked: {crash.not_checked}"
    if crash.is_volatile:
        return "volatile: nothing outlives its process"
    kills = counted(crash.kills, "kill")
    return lost_in_words(crash) or (
        f"all {crash.acknowledged} acknowledged writes were there after {kills}"
    )


def conformance_in_words(conformance: Conformance) -> str:
    """Say which capabilities failed and which are not offered."""
    if conformance.not_checked:
        return f"not checked: {conformance.not_checked}"
    by_status = {
        status: [each.capability for each in conformance.capabilities if each.status == status]
        for status in ("failed", "passed", "not offered")
    }
    said = [f"{status}: {listed(names)}" for status, names in by_status.items() if names]
    return "; ".join((*said, *types_in_words(conformance)))


def types_in_words(conformance: Conformance) -> tuple[str, ...]:
    """Say which types of values come back as another one; nothing where no type was tried."""
    if not conformance.types:
        return ()
    changed = [each.name for each in conformance.changed_types]
    names = f": {listed(changed)}" if changed else ""
    return (f"changes {len(changed)} of {conformance.types} types of values{names}",)
