"""Clients, savers and a measured trial for tests of workloads: no clock, no load generator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from bench.contracts import Place, PluginOptions, Subject, Workload
from bench.handover.acknowledgements import Acknowledged, AcknowledgementLog
from bench.handover.job import Ledger
from bench.measure.recorder import Recorder
from bench.measure.timing import OPERATIONS, Timing
from bench.records.trial import Verification
from bench.scenario.durability import Durability
from bench.verify.read_back import verify

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Saver = BaseCheckpointSaver[Any]


class FakeClient:
    """Awaits each operation at once and keeps the names of operations and marks."""

    def __init__(self, index: int, saver: Saver) -> None:
        self.index = index
        self.performed: list[str] = []
        self.marked: list[str] = []
        self.savers_asked_for = 0
        self._saver = saver

    def saver(self) -> Saver:
        self.savers_asked_for += 1
        return self._saver

    async def perform(
        self,
        method: Callable[Arguments, Awaitable[Result]],
        *arguments: Arguments.args,
        **keywords: Arguments.kwargs,
    ) -> Result:
        self.performed.append(getattr(method, "__name__", "?"))
        return await method(*arguments, **keywords)

    def mark(self, name: str) -> None:
        self.marked.append(name)


class RecordingSaver(InMemorySaver):
    """Keeps (operation, its checkpoint id or its parent's, number of writes or source)."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, Any, Any]] = []
        self.checkpoints: list[dict[str, Any]] = []
        self.parents: list[str | None] = []

    async def aget_tuple(self, config: Any) -> CheckpointTuple | None:
        asked_for = config["configurable"].get("checkpoint_id")
        self.calls.append(("get_tuple", asked_for, None))
        return await super().aget_tuple(config)

    async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        self.calls.append(("put", checkpoint["id"], metadata["source"]))
        self.parents.append(config["configurable"].get("checkpoint_id"))
        self.checkpoints.append(
            {**checkpoint, "new_versions": dict(new_versions), "metadata": dict(metadata)}
        )
        return await super().aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self,
        config: Any,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        parent = config["configurable"]["checkpoint_id"]
        self.calls.append(("put_writes", parent, len(writes)))
        await super().aput_writes(config, writes, task_id, task_path)

    def count(self, operation: str) -> int:
        return sum(1 for call in self.calls if call[0] == operation)


class OpenSaver(Subject):
    """A saver that a test has opened; nothing but the saver can be asked."""

    def __init__(self, saver: Saver) -> None:
        super().__init__(PluginOptions(), Place(Path(), None, "n"))
        self._saver = saver

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return Durability.VOLATILE

    async def open(self, clients: int) -> None: ...

    async def close(self) -> None: ...

    def saver(self, client: int) -> Saver:
        return self._saver


@asynccontextmanager
async def opened(kind: str, directory: Path) -> AsyncIterator[Saver]:
    """Open ``memory`` or ``sqlite``."""
    if kind == "memory":
        yield InMemorySaver()
        return
    async with AsyncSqliteSaver.from_conn_string(str(directory / "test.db")) as saver:
        yield saver


async def drive(workload: Workload, saver: Saver, cycles: int) -> list[FakeClient]:
    """Prepare all clients, then let them do ``cycles`` cycles each, at once in every round."""
    clients = [FakeClient(index, saver) for index in range(workload.clients)]
    for client in clients:
        await workload.prepare(client)
    for _ in range(cycles):
        await asyncio.gather(*(workload.cycle(client) for client in clients))
    return clients


async def measured(
    workload: Workload, saver: Saver, cycles: int, *, may_raise: type[Exception] = OSError
) -> tuple[Ledger, Acknowledged]:
    """Drive ``workload`` over ``saver``, timed and logged as in a trial, where cycles may fail."""
    log = AcknowledgementLog()
    ticks = count(1)
    recorder = Recorder((*OPERATIONS.values(), *workload.marks))
    own = type(saver)
    Timing(recorder, lambda: next(ticks), log).time_saver(saver)
    try:
        clients = await drive(workload, saver, 0)
        for _ in range(cycles):
            rounds = (workload.cycle(client) for client in clients)
            for outcome in await asyncio.gather(*rounds, return_exceptions=True):
                if isinstance(outcome, BaseException) and not isinstance(outcome, may_raise):
                    raise outcome
    finally:
        saver.__class__ = own
    return Ledger.of(workload, 1), log.noted()


async def verified(
    make: Callable[[], Workload],
    saver: Saver,
    cycles: int,
    *,
    may_raise: type[Exception] = OSError,
) -> Verification:
    """Measure a workload, and have another one that did not write read it back."""
    ledger, log = await measured(make(), saver, cycles, may_raise=may_raise)
    return await verify(OpenSaver(saver), make(), ledger, log, 1000.0, lambda: 0)
