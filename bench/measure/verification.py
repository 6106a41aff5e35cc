"""Reads back what a trial wrote and compares it with what was acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bench.contracts import ExpectedThread, Subject, Workload
from bench.records.trial import Verification

_PROBLEMS_KEPT = 5
# Where the store cannot be counted by its own means, so many threads are listed instead.
_THREADS_LISTED = 4


async def verify(subject: Subject, workload: Workload) -> Verification:
    """Compare the store behind ``subject`` with ``workload.expected()``.

    Looks at the latest checkpoint of every thread (its id and the hash of its content) and at the
    number of checkpoints, counted by the store's own means where it has them, else by listing.
    """
    expected = workload.expected()
    problems: list[str] = []
    lost = corrupted = 0
    for thread_id, thread in expected.items():
        fault = await _fault_of(subject, workload, thread_id, thread)
        if fault is not None:
            problems.append(f"thread {thread_id}: {fault.text}")
            corrupted += fault.kind == "corrupted"
            lost += fault.kind == "lost"
    found, least, most = await _count(subject, expected)
    if found < least:
        lost = max(lost, least - found)
        problems.append(f"{found} checkpoints found, {least} were acknowledged")
    unexpected = max(0, found - most)
    if unexpected:
        problems.append(f"{found} checkpoints found, at most {most} were written")
    return Verification(
        threads=len(expected),
        checkpoints=found,
        lost=lost,
        corrupted=corrupted,
        unexpected=unexpected,
        problems=tuple(problems[:_PROBLEMS_KEPT]),
    )


@dataclass(frozen=True, slots=True)
class _Fault:
    kind: Literal["lost", "corrupted"]
    text: str


async def _fault_of(
    subject: Subject, workload: Workload, thread_id: str, thread: ExpectedThread
) -> _Fault | None:
    config = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
    found = await subject.saver(0).aget_tuple(config)  # type: ignore[arg-type] # a plain dictionary
    if found is None:
        return _Fault("lost", "nothing found") if thread.checkpoints else None
    found_id = found.checkpoint["id"]
    if thread.checkpoint_id and found_id != thread.checkpoint_id:
        # Ids are ordered by time: a later one is a write that we never saw acknowledged.
        if thread.indeterminate and found_id > thread.checkpoint_id:
            return None
        text = f"the latest checkpoint is {found_id}, acknowledged was {thread.checkpoint_id}"
        return _Fault("lost", text)
    if thread.indeterminate and not thread.checkpoint_id:
        return None
    if workload.content_hash(found.checkpoint["channel_values"]) != thread.content_hash:
        text = f"content of checkpoint {found_id} differs from what was written"
        return _Fault("corrupted", text)
    return None


async def _count(subject: Subject, expected: Mapping[str, ExpectedThread]) -> tuple[int, int, int]:
    """Return how many checkpoints were found, and the least and most that may be there."""
    found = (await subject.stored()).checkpoints
    looked_at = dict(expected)
    if found is None:
        looked_at = dict(list(expected.items())[:_THREADS_LISTED])
        found = 0
        for thread_id in looked_at:
            config = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
            async for _ in subject.saver(0).alist(config):  # type: ignore[arg-type] # as above
                found += 1
    if not subject.keeps_history:
        kept = sum(1 for thread in looked_at.values() if thread.checkpoints)
        return found, kept, len(looked_at)
    least = sum(thread.checkpoints for thread in looked_at.values())
    return found, least, least + sum(thread.indeterminate for thread in looked_at.values())
