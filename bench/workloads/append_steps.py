"""What the supersteps of a LangGraph run do to a saver, without the graph."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, Self

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.base.id import uuid6
from pydantic import Field, model_validator

from bench.contracts import Client, ExpectedThread, Payload, PluginOptions, Workload
from bench.workloads._content import content_hash

# The checkpoint format that langgraph 1 writes (``langgraph.pregel._checkpoint.LATEST_VERSION``).
_FORMAT_VERSION = 4
_FIRST_STEP = -1

Saver = BaseCheckpointSaver[Any]


class StaleReadError(RuntimeError):
    """The latest checkpoint of a thread was read, and it is not the last acknowledged one."""


class AppendStepsOptions(PluginOptions):
    """The shape of a turn.

    A checkpoint has ``channels`` channels, each with a state of the payload, so its size is
    ``channels`` times the payload's. ``channels_changed`` of them change in each step, in rotation.
    Each of ``tasks_per_step`` tasks writes ``writes_per_task`` values: the first is the payload's
    state of turn 0 (for a payload that grows by turn that is one increment: what a node returns is
    what it adds), the others are empty, as the writes by which LangGraph triggers the next node.
    """

    threads_per_client: int = Field(default=4, ge=1, le=10_000)
    steps_per_turn: int = Field(default=4, ge=1, le=1_000)
    tasks_per_step: int = Field(default=1, ge=1, le=1_000)
    writes_per_task: int = Field(default=2, ge=1, le=1_000)
    channels: int = Field(default=1, ge=1, le=1_000)
    channels_changed: int = Field(default=1, ge=1, le=1_000)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.channels_changed > self.channels:
            raise ValueError(
                f"channels_changed is {self.channels_changed}, expected at most "
                f"channels ({self.channels})"
            )
        return self


class _Thread:
    """Where one thread stands: its last acknowledged checkpoint, and what was tried since."""

    __slots__ = (
        "acknowledged",
        "attempted",
        "checkpoint_id",
        "latest",
        "number",
        "parent",
        "step",
        "thread_id",
        "unknown_ids",
        "values",
        "versions",
    )

    def __init__(self, thread_id: str, number: int) -> None:
        self.thread_id = thread_id
        self.number = number
        self.latest: RunnableConfig = {
            "configurable": {"thread_id": thread_id, "checkpoint_ns": ""}
        }
        self.parent = self.latest
        self.checkpoint_id = ""
        self.step = _FIRST_STEP
        self.attempted = 0
        self.acknowledged = 0
        # Checkpoints whose put did not return: each may be in the store or not.
        self.unknown_ids: list[str] = []
        self.values: dict[str, Any] = {}
        self.versions: dict[str, Any] = {}


class _Visits:
    """One client's threads, the one it is at, and how many steps of the turn it has made."""

    __slots__ = ("position", "step_of_turn", "threads")

    def __init__(self, threads: Sequence[_Thread], step_of_turn: int) -> None:
        self.threads = threads
        self.position = 0
        self.step_of_turn = step_of_turn


class AppendStepsWorkload(Workload):
    """One superstep per cycle: the tasks' writes, then the checkpoint; a read as a turn begins.

    Every client has threads of its own and visits them in turn, for one turn of ``steps_per_turn``
    cycles each. Client c enters its first turn at step c modulo ``steps_per_turn``, so that the
    reads of many clients do not all fall together. The first cycle of a turn reads the thread's
    latest checkpoint, as a graph run does, and fails with :class:`StaleReadError` if it is not the
    last acknowledged one. Writes go to the checkpoint from which the step started. Here the
    checkpoint follows when the writes have been acknowledged; LangGraph submits it without waiting
    for them. Nothing is ever deleted.

    A put that raises leaves its thread where it was: the next cycle tries that step again under a
    new checkpoint id, and the lost one counts as indeterminate.
    """

    Options: ClassVar[type[PluginOptions]] = AppendStepsOptions

    def __init__(
        self, options: PluginOptions, payload: Payload, namespace: str, clients: int
    ) -> None:
        super().__init__(options, payload, namespace, clients)
        if not isinstance(options, AppendStepsOptions):
            raise TypeError(f"options must be AppendStepsOptions, not {type(options).__name__}")
        self._shape = options
        self._channels = tuple(f"channel_{index}" for index in range(options.channels))
        self._visits = [self._threads_of(client) for client in range(clients)]
        self._takes_task_path: dict[type, bool] = {}

    def _threads_of(self, client: int) -> _Visits:
        count = self._shape.threads_per_client
        return _Visits(
            [
                _Thread(f"{self.namespace}-c{client}-t{index}", client * count + index)
                for index in range(count)
            ],
            client % self._shape.steps_per_turn,
        )

    async def prepare(self, client: Client) -> None:
        """Put one checkpoint, as of a graph's input, into each of the client's threads."""
        for thread in self._visits[client.index].threads:
            values = {
                channel: self._state(thread, index, 0)
                for index, channel in enumerate(self._channels)
            }
            await self._put(client, thread, "input", values)

    async def cycle(self, client: Client) -> None:
        """Do one superstep of the client's current thread.

        Raises:
            StaleReadError: the checkpoint that was read is not the last acknowledged one.
        """
        visits = self._visits[client.index]
        thread = visits.threads[visits.position]
        turn = thread.step // self._shape.steps_per_turn
        if visits.step_of_turn == 0:
            await self._read(client, thread)
        changed = self._changed(thread.step)
        await self._write(client, thread, changed)
        values = {self._channels[index]: self._state(thread, index, turn) for index in changed}
        await self._put(client, thread, "loop", values)
        visits.step_of_turn += 1
        if visits.step_of_turn == self._shape.steps_per_turn:
            visits.step_of_turn = 0
            visits.position = (visits.position + 1) % len(visits.threads)

    def expected(self) -> Mapping[str, ExpectedThread]:
        """Return, by thread id, what was acknowledged so far."""
        return {
            thread.thread_id: ExpectedThread(
                checkpoints=thread.acknowledged,
                indeterminate=thread.attempted - thread.acknowledged,
                checkpoint_id=thread.checkpoint_id,
                content_hash=self.content_hash(thread.values),
            )
            for visits in self._visits
            for thread in visits.threads
        }

    def content_hash(self, channel_values: Mapping[str, Any]) -> str:
        """Hash all channels by the payload's canonical form."""
        canonical = self.payload.canonical
        return content_hash((name, canonical(value)) for name, value in channel_values.items())

    def _changed(self, step: int) -> list[int]:
        count, channels = self._shape.channels_changed, self._shape.channels
        return [(step * count + offset) % channels for offset in range(count)]

    def _state(self, thread: _Thread, channel: int, turn: int) -> Any:
        """Every channel and step has content of its own, so that a mix-up shows in the hash."""
        # The step that is made next: from 0 (the input) on.
        step = (thread.step + 1) % (self._shape.steps_per_turn + 1)
        number = thread.number * self._shape.channels + channel
        return self.payload.state(number * (self._shape.steps_per_turn + 1) + step, turn)

    async def _read(self, client: Client, thread: _Thread) -> None:
        saver = client.saver()
        found = await client.perform(saver.aget_tuple, thread.latest)
        found_id = found.checkpoint["id"] if found is not None else "nothing"
        if found_id != thread.checkpoint_id and found_id not in thread.unknown_ids:
            raise StaleReadError(
                f"thread {thread.thread_id}: expected checkpoint {thread.checkpoint_id}, "
                f"the last acknowledged one; found {found_id}"
            )

    async def _write(self, client: Client, thread: _Thread, changed: Sequence[int]) -> None:
        tasks = self._shape.tasks_per_step
        if tasks == 1:
            await self._write_task(client, thread, changed, 0)
            return
        # All of them end before the cycle does, also when one has failed.
        outcomes = await asyncio.gather(
            *(self._write_task(client, thread, changed, task) for task in range(tasks)),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _write_task(
        self, client: Client, thread: _Thread, changed: Sequence[int], task: int
    ) -> None:
        saver = client.saver()
        channel = changed[task % len(changed)]
        writes = [(self._channels[channel], self._state(thread, channel, 0))]
        writes += [
            (f"branch:to:step_{task}_{index}", None)
            for index in range(1, self._shape.writes_per_task)
        ]
        task_id = _task_id(thread, task)
        if self._accepts_task_path(saver):
            path = f"~__pregel_pull, step_{task}"
            await client.perform(saver.aput_writes, thread.parent, writes, task_id, path)
        else:
            await client.perform(saver.aput_writes, thread.parent, writes, task_id)

    def _accepts_task_path(self, saver: Saver) -> bool:
        """LangGraph asks the same of a saver, since early ones lack the argument."""
        own = type(saver)
        if own not in self._takes_task_path:
            parameters = inspect.signature(own.aput_writes).parameters
            self._takes_task_path[own] = "task_path" in parameters
        return self._takes_task_path[own]

    async def _put(
        self,
        client: Client,
        thread: _Thread,
        source: Literal["input", "loop"],
        changes: Mapping[str, Any],
    ) -> None:
        saver = client.saver()
        next_version: Any = saver.get_next_version
        changed_versions = {
            channel: next_version(thread.versions.get(channel), None) for channel in changes
        }
        values = {**thread.values, **changes}
        versions = {**thread.versions, **changed_versions}
        versions_seen = {"__input__": {}, "step": thread.versions}
        checkpoint = Checkpoint(
            v=_FORMAT_VERSION,
            id=str(uuid6(clock_seq=thread.step)),
            ts=datetime.now(UTC).isoformat(),
            channel_values=values,
            channel_versions=versions,
            versions_seen=versions_seen,
            updated_channels=list(changes),
        )
        metadata: CheckpointMetadata = {"source": source, "step": thread.step, "parents": {}}
        thread.attempted += 1
        thread.unknown_ids.append(checkpoint["id"])
        parent = await client.perform(
            saver.aput, thread.parent, checkpoint, metadata, changed_versions
        )
        thread.unknown_ids.clear()
        thread.acknowledged += 1
        thread.parent = parent
        thread.checkpoint_id = checkpoint["id"]
        thread.values, thread.versions = values, versions
        thread.step += 1


def _task_id(thread: _Thread, task: int) -> str:
    """Make an id in the form of a UUID, which is what LangGraph's task ids have.

    Unique for a thread, step and task; an attempt that is repeated has the same, as in LangGraph.
    """
    step = thread.step + 1
    return (
        f"{thread.number & 0xFFFFFFFF:08x}-{step >> 32 & 0xFFFF:04x}-{step >> 16 & 0xFFFF:04x}"
        f"-{step & 0xFFFF:04x}-{task:012x}"
    )
