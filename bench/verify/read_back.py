"""Reads back what a trial wrote and compares it with the ledger of what was acknowledged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from langgraph.checkpoint.base import CheckpointTuple

from bench.contracts import ALL_WRITES, CHECKPOINT_WRITES, ExpectedThread, Subject, Workload
from bench.records.trial import Verification
from bench.verify.differences import (
    ANY,
    Fault,
    FaultKind,
    FoundCheckpoint,
    added_up,
    compare_thread,
)
from bench.verify.ledger import Ledger
from bench.verify.references import kept_references

_PROBLEMS_KEPT = 5
_NS_PER_S = 1_000_000_000
MOST_THREADS = 64
# A server may count the last writes a moment after it has acknowledged them.
_COUNTER_LOOKS = 20
_COUNTER_PAUSE_S = 0.1
# Nothing has been read back faster than this, so that a ledger needs no more for its seconds.
_READ_BACK_PER_S = 5_000


def most_checkpoints(subject: Subject, verify_s: float) -> int:
    """Return how many checkpoints of whole threads a ledger must hold for so many seconds."""
    return max(1, round(verify_s * _READ_BACK_PER_S)) if subject.keeps_history else 0


def unread(problem: str) -> Verification:
    """Return the verification of a store that could not be read back; it has not passed."""
    return Verification(0, 0, 0, 0, 0, (problem,))


async def read_back(
    subject: Subject,
    workload: Workload,
    ledger: Ledger,
    verify_s: float,
    clock: Callable[[], int],
) -> Verification:
    """Do as :func:`verify` does; what fails is the verification's problem."""
    try:
        return await verify(subject, workload, ledger, verify_s, clock)
    # A store that cannot be read back has not been verified, and the reader is told why.
    except Exception as error:  # noqa: BLE001
        return unread(f"reading back failed: {type(error).__name__}: {error}")


async def verify(
    subject: Subject,
    workload: Workload,
    ledger: Ledger,
    verify_s: float,
    clock: Callable[[], int],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Verification:
    """Compare the open store behind ``subject`` with ``ledger``; ``workload`` hashes what is read.

    Looks at the number of checkpoints, counted by the store's own means where it has them; at the
    server's own counters; at the latest checkpoint of every thread (of :data:`MOST_THREADS`, spread
    over all, where there are more); at whole threads in the ledger's order until ``verify_s``
    seconds of ``clock`` (in ns) have passed, at least one; and at whether the saver keeps
    references, which writes a checkpoint into a thread of its own. A saver without history is
    compared by its latest checkpoints alone.
    """
    reader = _Reader(subject, workload, ledger)
    stored = (await subject.stored()).checkpoints
    counters, problems = await _counters(subject, ledger, pause)
    stride = max(1, -(-len(ledger.threads) // MOST_THREADS))
    latest = list(ledger.threads.items())[::stride]
    for thread_id, thread in latest:
        await reader.compare_latest(thread_id, thread)
    deadline_ns = clock() + round(verify_s * _NS_PER_S)
    for thread_id in ledger.histories if subject.keeps_history else ():
        if reader.rows and clock() >= deadline_ns:
            break
        await reader.compare_whole(thread_id)
    if subject.copies:
        thread_id = f"{workload.namespace}-references"
        reader.note(await kept_references(subject.saver(0), thread_id))
    counts, texts = reader.judged(stored)
    return Verification(
        threads=len(latest),
        checkpoints=reader.seen if stored is None else stored,
        lost=counts["lost"],
        corrupted=counts["corrupted"],
        unexpected=counts["unexpected"],
        problems=tuple([*problems, *texts][:_PROBLEMS_KEPT]),
        steps=reader.compared,
        whole_threads=len(reader.rows),
        attempted=ledger.attempted,
        acknowledged=ledger.acknowledged,
        indeterminate=ledger.indeterminate,
        duplicated=counts["duplicated"],
        stale=counts["stale"],
        broken_parents=counts["broken_parents"],
        lost_writes=counts["lost_writes"],
        server_counters=counters,
    )


@dataclass(slots=True)
class _Reader:
    """Reads a store and gathers faults; ``rows`` are the different ids listed of whole threads."""

    subject: Subject
    workload: Workload
    ledger: Ledger
    faults: dict[tuple[FaultKind, str, str], Fault] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    latest_found: int = 0
    compared: int = 0

    @property
    def seen(self) -> int:
        """How many checkpoints were listed, or found as a latest one where nothing was listed."""
        return sum(self.rows.values()) if self.rows else self.latest_found

    def note(self, faults: Iterable[Fault]) -> None:
        """Keep ``faults``, each once."""
        for fault in faults:
            known = self.faults.setdefault((fault.kind, fault.thread_id, fault.place), fault)
            if fault.count > known.count:
                self.faults[fault.kind, fault.thread_id, fault.place] = fault

    async def compare_latest(self, thread_id: str, thread: ExpectedThread) -> None:
        """Compare the latest checkpoint of a thread."""
        found = await self._read(thread_id)
        self.latest_found += found is not None
        expected_id = thread.checkpoint_id
        if found is None:
            if thread.checkpoints:
                text = "nothing found in the thread"
                self.note([Fault("lost", thread_id, expected_id or ANY, text)])
            return
        found_id = found.checkpoint["id"]
        if expected_id and found_id != expected_id:
            self.note(await self._another_latest(thread_id, thread, found_id))
        elif thread.indeterminate and not expected_id:
            # Whose content it holds is not known.
            return
        elif self._hash(found) != thread.content_hash:
            text = "content differs from what was written"
            self.note([Fault("corrupted", thread_id, found_id, text)])

    async def _another_latest(
        self, thread_id: str, thread: ExpectedThread, found_id: str
    ) -> list[Fault]:
        expected_id = thread.checkpoint_id
        text = f"the latest checkpoint is {found_id}, acknowledged was {expected_id}"
        # Ids are ordered by time; without history an indeterminate put may overwrite at any time.
        is_newer = found_id > expected_id
        if found_id in thread.indeterminate_ids or (
            thread.indeterminate and not thread.indeterminate_ids
        ):
            if is_newer or not self.subject.keeps_history:
                return []
        elif is_newer:
            return [Fault("unexpected", thread_id, found_id, text)]
        if self.subject.keeps_history and await self._read(thread_id, expected_id) is not None:
            return [Fault("stale", thread_id, expected_id, text)]
        return [Fault("lost", thread_id, expected_id, text)]

    async def compare_whole(self, thread_id: str) -> None:
        """List a thread and compare every checkpoint of it."""
        configurable = {"thread_id": thread_id, "checkpoint_ns": ""}
        listed = [
            self._row(found)
            async for found in self.subject.saver(0).alist({"configurable": configurable})
        ]
        self.rows[thread_id] = len({row.checkpoint_id for row in listed})
        thread, history = self.ledger.threads[thread_id], self.ledger.histories[thread_id]
        comparison = compare_thread(thread_id, thread, history, listed)
        self.compared += comparison.compared
        self.note(comparison.faults)

    def judged(self, stored: int | None) -> tuple[Counter[FaultKind], list[str]]:
        """Add up the faults, and what the store's own count says of the threads not listed."""
        faults = self.faults.values()
        counts = added_up(faults)
        listed = added_up(fault for fault in faults if fault.thread_id in self.rows)
        rest = self.ledger.threads.keys() - self.rows.keys()
        unlisted = added_up(fault for fault in faults if fault.thread_id in rest)
        texts = [fault.text for fault in faults]
        stale = sum(thread.stale for thread in self.ledger.threads.values())
        if stale:
            counts["stale"] += stale
            texts.insert(
                0, f"{stale} reads of the trial returned an older checkpoint than the last"
            )
        if stored is None:
            return counts, texts
        found = stored - sum(self.rows.values())
        least, most = self._bounds()
        # What was noticed one by one is in the store's count as well.
        missing = least - found - unlisted["lost"]
        surplus = found - most - unlisted["unexpected"] - listed["lost"] - listed["duplicated"]
        if missing > 0:
            counts["lost"] += missing
            texts.append(f"{stored} checkpoints are stored, {missing} fewer than acknowledged")
        if surplus > 0:
            counts["duplicated"] += surplus
            texts.append(f"{stored} checkpoints are stored, {surplus} more than written")
        return counts, texts

    def _bounds(self) -> tuple[int, int]:
        """Return the least and most checkpoints that may be stored in the threads not listed."""
        rest = [t for name, t in self.ledger.threads.items() if name not in self.rows]
        if not self.subject.keeps_history:
            return sum(1 for thread in rest if thread.checkpoints), len(rest)
        least = sum(thread.checkpoints for thread in rest)
        return least, least + sum(thread.indeterminate for thread in rest)

    async def _read(
        self, thread_id: str, checkpoint_id: str | None = None
    ) -> CheckpointTuple | None:
        configurable = {"thread_id": thread_id, "checkpoint_ns": ""}
        if checkpoint_id is not None:
            configurable["checkpoint_id"] = checkpoint_id
        return await self.subject.saver(0).aget_tuple({"configurable": configurable})

    def _row(self, found: CheckpointTuple) -> FoundCheckpoint:
        parent: Any = found.parent_config or {"configurable": {}}
        return FoundCheckpoint(
            checkpoint_id=found.checkpoint["id"],
            parent_id=parent["configurable"].get("checkpoint_id") or "",
            content_hash=self._hash(found),
            writes=tuple(
                (task, channel, self.workload.value_hash(value))
                for task, channel, value in found.pending_writes or ()
            ),
        )

    def _hash(self, found: CheckpointTuple) -> str:
        return self.workload.content_hash(found.checkpoint["channel_values"])


async def _counters(
    subject: Subject, ledger: Ledger, pause: Callable[[float], Awaitable[None]]
) -> tuple[Mapping[str, int], list[str]]:
    """Read the server's counters, and say where they are behind what was acknowledged."""
    least = {CHECKPOINT_WRITES: ledger.checkpoints, ALL_WRITES: ledger.acknowledged}
    for look in range(_COUNTER_LOOKS):
        if look:
            await pause(_COUNTER_PAUSE_S)
        counters = await subject.server_counters()
        behind = [name for name in least if counters.get(name, least[name]) < least[name]]
        if not behind:
            break
    return counters, [
        f"the server itself counted {counters[name]} writes, {least[name]} were acknowledged"
        for name in behind
    ]
