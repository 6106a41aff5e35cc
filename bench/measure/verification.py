"""Reads back what a trial wrote and compares it with what was acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from langgraph.checkpoint.base import CheckpointTuple

from bench.contracts import ExpectedStep, ExpectedThread, Subject, Workload
from bench.records.trial import Verification

_PROBLEMS_KEPT = 5
# Where the store cannot be counted by its own means, so many threads are listed instead.
_THREADS_LISTED = 4
MOST_THREADS = 64


async def verify(subject: Subject, workload: Workload) -> Verification:
    """Compare the store behind ``subject`` with ``workload.expected()``.

    Looks at the latest checkpoint of every thread (of :data:`MOST_THREADS`, spread over all, where
    there are more): its id and the hash of its content; at the supersteps that the workload tells
    of: content, parent and pending writes; and at the number of checkpoints, counted by the store's
    own means where it has them, else by listing.
    """
    expected = workload.expected()
    stride = -(-len(expected) // MOST_THREADS)
    looked_at = {
        thread_id: thread
        for number, (thread_id, thread) in enumerate(expected.items())
        if thread.steps or number % max(1, stride) == 0
    }
    faults: list[_Fault] = []
    for thread_id, thread in looked_at.items():
        faults += await _faults_of(subject, workload, thread_id, thread)
    problems = [fault.text for fault in faults]
    lost = sum(fault.kind == "lost" for fault in faults)
    found, least, most = await _count(subject, expected)
    if found < least:
        lost = max(lost, least - found)
        problems.append(f"{found} checkpoints found, {least} were acknowledged")
    unexpected = max(0, found - most)
    if unexpected:
        problems.append(f"{found} checkpoints found, at most {most} were written")
    steps = sum(len(thread.steps) for thread in looked_at.values())
    return Verification(
        threads=len(looked_at),
        checkpoints=found,
        lost=lost,
        corrupted=sum(fault.kind == "corrupted" for fault in faults),
        unexpected=unexpected,
        problems=tuple(problems[:_PROBLEMS_KEPT]),
        steps=steps if subject.keeps_history else 0,
    )


@dataclass(frozen=True, slots=True)
class _Fault:
    kind: Literal["lost", "corrupted"]
    text: str


async def _faults_of(
    subject: Subject, workload: Workload, thread_id: str, thread: ExpectedThread
) -> list[_Fault]:
    fault = await _fault_of_latest(subject, workload, thread_id, thread)
    if fault is not None:
        return [fault]
    if not subject.keeps_history:
        return []
    faults: list[_Fault] = []
    for step in thread.steps:
        faults += await _faults_of_step(subject, workload, thread_id, step)
    return faults


async def _fault_of_latest(
    subject: Subject, workload: Workload, thread_id: str, thread: ExpectedThread
) -> _Fault | None:
    found = await _read(subject, thread_id)
    place = f"thread {thread_id}"
    if found is None:
        return _Fault("lost", f"{place}: nothing found") if thread.checkpoints else None
    found_id = found.checkpoint["id"]
    if thread.checkpoint_id and found_id != thread.checkpoint_id:
        # Ids are ordered by time: a later one is a write that we never saw acknowledged.
        if thread.indeterminate and found_id > thread.checkpoint_id:
            return None
        text = f"the latest checkpoint is {found_id}, acknowledged was {thread.checkpoint_id}"
        return _Fault("lost", f"{place}: {text}")
    if thread.indeterminate and not thread.checkpoint_id:
        return None
    if workload.content_hash(found.checkpoint["channel_values"]) != thread.content_hash:
        text = f"content of checkpoint {found_id} differs from what was written"
        return _Fault("corrupted", f"{place}: {text}")
    return None


async def _faults_of_step(
    subject: Subject, workload: Workload, thread_id: str, step: ExpectedStep
) -> list[_Fault]:
    place = f"thread {thread_id}, checkpoint {step.checkpoint_id}"
    found = await _read(subject, thread_id, step.checkpoint_id)
    if found is None:
        return [_Fault("lost", f"{place}: nothing found")]
    faults: list[_Fault] = []
    if workload.content_hash(found.checkpoint["channel_values"]) != step.content_hash:
        faults.append(_Fault("corrupted", f"{place}: content differs from what was written"))
    parent: Any = found.parent_config or {"configurable": {}}
    parent_id = parent["configurable"].get("checkpoint_id", "none")
    if parent_id != step.parent_id:
        text = f"its parent is {parent_id}, written was {step.parent_id}"
        faults.append(_Fault("corrupted", f"{place}: {text}"))
    origin = await _read(subject, thread_id, step.parent_id)
    pending = (origin.pending_writes or ()) if origin is not None else ()
    writes = {(task, channel, workload.value_hash(value)) for task, channel, value in pending}
    missing = step.writes - writes
    if missing:
        text = f"{len(missing)} of {len(step.writes)} writes that led to it are gone or changed"
        faults.append(_Fault("lost", f"{place}: {text}"))
    return faults


async def _read(
    subject: Subject, thread_id: str, checkpoint_id: str | None = None
) -> CheckpointTuple | None:
    configurable = {"thread_id": thread_id, "checkpoint_ns": ""}
    if checkpoint_id is not None:
        configurable["checkpoint_id"] = checkpoint_id
    return await subject.saver(0).aget_tuple({"configurable": configurable})


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
