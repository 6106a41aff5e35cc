"""A trial without a load: what was acknowledged, is stored and is true, as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import (
    Client,
    ExpectedThread,
    Place,
    PluginOptions,
    Stored,
    Subject,
    ThreadTruth,
    TrueCheckpoint,
    Workload,
    WrongRead,
)
from bench.handover.acknowledgements import AcknowledgementLog
from bench.handover.job import Ledger
from bench.records.trial import Verification
from bench.scenario.durability import Durability
from bench.verify.read_back import verify

KINDS = (
    *("lost", "corrupted", "unexpected", "duplicated", "stale", "broken_parents", "lost_writes"),
    *("misplaced", "unordered", "out_of_namespace"),
)


class Counted(Subject):
    """A memory saver with a count and counters that a test can set."""

    def __init__(self) -> None:
        super().__init__(PluginOptions(), Place(Path(), None, "n"))
        self.memory = InMemorySaver()
        self.checkpoints: int | None = None
        self.counters: list[dict[str, int]] = []

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return Durability.VOLATILE

    async def open(self, clients: int) -> None: ...

    async def close(self) -> None: ...

    def saver(self, client: int) -> InMemorySaver:
        return self.memory

    async def stored(self) -> Stored:
        return Stored(checkpoints=self.checkpoints, stored_bytes=None)

    async def server_counters(self) -> Mapping[str, int]:
        return self.counters.pop(0) if len(self.counters) > 1 else (self.counters or [{}])[0]


class Telling(Workload):
    """Knows what a test says."""

    def __init__(self, truths: Mapping[str, Sequence[ThreadTruth | None]]) -> None:
        self.namespace = "n"
        self.truths = {name: list(told) for name, told in truths.items()}
        self.known: dict[str, ExpectedThread] = {}
        self.wrong: list[WrongRead] = []

    async def prepare(self, client: Client) -> None: ...

    async def cycle(self, client: Client) -> None: ...

    def expected(self) -> Mapping[str, ExpectedThread]:
        return self.known

    def wrong_reads(self) -> Sequence[WrongRead]:
        return self.wrong

    async def truth(
        self, thread_id: str, known: ExpectedThread, acknowledged: int
    ) -> ThreadTruth | None:
        told = self.truths.get(thread_id, [None])
        return told.pop(0) if len(told) > 1 else told[0]


class Seconds:
    """A clock that advances by a second at each look."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> int:
        self.looks += 1
        return self.looks * 1_000_000_000


async def no_pause(_: float) -> None: ...


class Trial:
    """Puts and writes; each is acknowledged and stored, unless it is said otherwise."""

    def __init__(self) -> None:
        self.subject = Counted()
        self.log = AcknowledgementLog()
        self.workload = Telling({})

    def put(
        self,
        thread_id: str,
        checkpoint_id: str,
        value: Any,
        parent: str = "",
        namespace: str = "",
        *,
        stored: bool = True,
        begun: bool = True,
        acknowledged: bool = True,
        source: str = "loop",
    ) -> None:
        config: Any = {"configurable": {"thread_id": thread_id, "checkpoint_ns": namespace}}
        if parent:
            config["configurable"]["checkpoint_id"] = parent
        checkpoint = empty_checkpoint()
        checkpoint["id"] = checkpoint_id
        checkpoint["channel_values"] = {"state": value}
        versions: Any = {"state": checkpoint_id}
        checkpoint["channel_versions"] = versions
        begin, end = self.log.operations["put"]
        if begun:
            token = begin(config, checkpoint, {}, versions)
            if acknowledged:
                end(token, None, 1)
        if stored:
            metadata: Any = {"source": source}
            self.subject.memory.put(config, checkpoint, metadata, versions)

    def write(
        self,
        thread_id: str,
        checkpoint_id: str,
        task: str,
        writes: Sequence[tuple[str, Any]],
        namespace: str = "",
        *,
        stored: bool = True,
        acknowledged: bool = True,
    ) -> None:
        config: Any = {
            "configurable": {
                "thread_id": thread_id,
                "checkpoint_ns": namespace,
                "checkpoint_id": checkpoint_id,
            }
        }
        begin, end = self.log.operations["put_writes"]
        token = begin(config, writes, task)
        if acknowledged:
            end(token, None, 1)
        if stored:
            self.subject.memory.put_writes(config, writes, task)

    def verified(self, verify_s: float = 1000.0) -> Verification:
        ledger = Ledger.of(self.workload, 1)
        return asyncio.run(
            verify(
                self.subject,
                self.workload,
                ledger,
                self.log.noted(),
                verify_s,
                Seconds(),
                no_pause,
            )
        )


def filled() -> Trial:
    """Two checkpoints in thread ``t``, with the writes of one task upon the first."""
    trial = Trial()
    trial.put("t", "id1", "a", source="input")
    trial.write("t", "id1", "task", [("state", "b"), ("next", None)])
    trial.put("t", "id2", "b", "id1")
    trial.workload = Telling({"t": [truth()]})
    return trial


def truth(*, deterministic: bool = True, complete: bool = True) -> ThreadTruth:
    """What :func:`filled` stores."""
    writes = (("task", "state", "b"), ("task", "next", None))
    checkpoints = (TrueCheckpoint({"state": "a"}, writes), TrueCheckpoint({"state": "b"}))
    return ThreadTruth({"": checkpoints}, complete=complete, deterministic=deterministic)


def faults_of(verification: Verification) -> dict[str, int]:
    """Return the faults by kind, those that there are."""
    return {kind: count for kind in KINDS if (count := getattr(verification, kind))}
