"""Compares what a store holds of one thread with what was acknowledged: pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bench.contracts import ExpectedCheckpoint, ExpectedThread

FaultKind = Literal[
    "lost", "duplicated", "corrupted", "stale", "unexpected", "broken_parents", "lost_writes"
]


ANY = "(any)"
"""The place of a fault that is known of a whole thread, not of its single checkpoints."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was acknowledged; ``place`` is a checkpoint's id, or its place.

    A fault of one kind, thread and place is the same fault, however often it is noticed.
    """

    kind: FaultKind
    thread_id: str
    place: str
    problem: str
    count: int = 1

    @property
    def text(self) -> str:
        """The problem with its place, for people."""
        return f"thread {self.thread_id}, checkpoint {self.place}: {self.problem}"


@dataclass(frozen=True, slots=True)
class FoundCheckpoint:
    """One checkpoint as a store lists it; ``writes`` are (task id, channel, hash of the value)."""

    checkpoint_id: str
    parent_id: str
    content_hash: str
    writes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class ThreadComparison:
    """The faults of a thread whose history was compared, and how many checkpoints matched one."""

    faults: tuple[Fault, ...]
    compared: int


def compare_thread(
    thread_id: str,
    thread: ExpectedThread,
    history: Sequence[ExpectedCheckpoint],
    listed: Sequence[FoundCheckpoint],
) -> ThreadComparison:
    """Compare all that was listed of a thread, in any order, with its whole history.

    Where the workload does not know the ids, the checkpoints are matched in the order of the ids
    found: LangGraph's are ordered by time. Where it knows no history, they are only counted.
    """
    rows: dict[str, FoundCheckpoint] = {}
    for row in listed:
        rows.setdefault(row.checkpoint_id, row)
    times = Counter(row.checkpoint_id for row in listed)
    faults = [
        Fault("duplicated", thread_id, found, f"listed {count} times", count - 1)
        for found, count in times.items()
        if count > 1
    ]
    if history and history[0].checkpoint_id:
        pairs = {one.checkpoint_id: one for one in history}
        faults += _faults_by_id(thread_id, thread, pairs, rows)
    else:
        ordered = sorted(rows.values(), key=lambda row: row.checkpoint_id)
        faults += _faults_of_counts(thread_id, thread, ordered)
        faults += _broken_chain(thread_id, ordered[: len(history)])
        if len(ordered) < thread.checkpoints:
            # Which of them are missing is not known, so neither is which is which.
            history = ()
        # What there is to say about the parents was said of the whole chain.
        pairs = {
            row.checkpoint_id: replace(one, parent_id=row.parent_id)
            for one, row in zip(history, ordered, strict=False)
        }
    matched = [(one, rows[found]) for found, one in pairs.items() if found in rows]
    for one, row in matched:
        faults += _faults_of_content(thread_id, one, row)
        faults += _faults_of_writes(thread_id, one, row, retried=thread.indeterminate_writes > 0)
    return ThreadComparison(tuple(faults), len(matched))


def _faults_by_id(
    thread_id: str,
    thread: ExpectedThread,
    history: dict[str, ExpectedCheckpoint],
    rows: dict[str, FoundCheckpoint],
) -> Iterator[Fault]:
    for missing in history.keys() - rows.keys():
        yield Fault("lost", thread_id, missing, "acknowledged, but not found")
    known = {(one.parent_id, one.content_hash) for one in history.values()}
    for found in rows.keys() - history.keys() - set(thread.indeterminate_ids):
        row = rows[found]
        if (row.parent_id, row.content_hash) in known:
            yield Fault("duplicated", thread_id, found, "repeats another checkpoint's content")
        else:
            yield Fault("unexpected", thread_id, found, "never written")


def _faults_of_counts(
    thread_id: str, thread: ExpectedThread, ordered: Sequence[FoundCheckpoint]
) -> Iterator[Fault]:
    least, most = thread.checkpoints, thread.checkpoints + thread.indeterminate
    if len(ordered) < least:
        missing = least - len(ordered)
        text = f"{missing} of {least} acknowledged checkpoints are not listed"
        yield Fault("lost", thread_id, ANY, text, missing)
    if len(ordered) > most:
        surplus = len(ordered) - most
        text = f"{surplus} more checkpoints listed than the {most} that were written"
        yield Fault("unexpected", thread_id, ANY, text, surplus)


def _broken_chain(thread_id: str, ordered: Sequence[FoundCheckpoint]) -> Iterator[Fault]:
    before = ""
    for row in ordered:
        if row.parent_id != before:
            text = f"its parent is {row.parent_id or 'none'}, the one before is {before or 'none'}"
            yield Fault("broken_parents", thread_id, row.checkpoint_id, text)
        before = row.checkpoint_id


def _faults_of_content(
    thread_id: str, expected: ExpectedCheckpoint, row: FoundCheckpoint
) -> Iterator[Fault]:
    place = row.checkpoint_id
    if row.content_hash != expected.content_hash:
        yield Fault("corrupted", thread_id, place, "content differs from what was written")
    if row.parent_id != expected.parent_id:
        text = (
            f"its parent is {row.parent_id or 'none'}, written was {expected.parent_id or 'none'}"
        )
        yield Fault("broken_parents", thread_id, place, text)


def _faults_of_writes(
    thread_id: str, expected: ExpectedCheckpoint, row: FoundCheckpoint, *, retried: bool
) -> Iterator[Fault]:
    found = Counter(row.writes)
    for (_, channel, content), count in tuple(found.items()):
        found["", channel, content] += count
    missing = sum(1 for write in expected.writes if not found[write])
    if missing:
        text = f"{missing} of {len(expected.writes)} writes on it are gone or changed"
        yield Fault("lost_writes", thread_id, row.checkpoint_id, text, missing)
    repeated = sum(count - 1 for write in expected.writes if (count := found[write]) > 1)
    if repeated and not retried:
        text = f"{repeated} are listed more than once"
        yield Fault("duplicated", thread_id, f"{row.checkpoint_id}, its writes", text, repeated)


def added_up(faults: Iterable[Fault]) -> Counter[FaultKind]:
    """Count ``faults`` by kind; those of single checkpoints are among those of :data:`ANY`."""
    single: Counter[tuple[FaultKind, str]] = Counter()
    whole: dict[tuple[FaultKind, str], int] = {}
    for fault in faults:
        key = fault.kind, fault.thread_id
        if fault.place == ANY:
            whole[key] = fault.count
        else:
            single[key] += fault.count
    counts: Counter[FaultKind] = Counter()
    for key in single.keys() | whole.keys():
        counts[key[0]] += max(single[key], whole.get(key, 0))
    return counts
