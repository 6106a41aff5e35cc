"""What the supersteps of a LangGraph run do to a saver, without the graph."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, Self

from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.base.id import uuid6
from pydantic import Field, model_validator

from bench.contracts import Client, ExpectedStep, ExpectedThread, Payload, PluginOptions, Workload
from bench.workloads._content import content_hash
from bench.workloads._threads import FIRST_STEP, Made, Thread, Visits, task_id_of

# The checkpoint format that langgraph 1 writes (``langgraph.pregel._checkpoint.LATEST_VERSION``).
_FORMAT_VERSION = 4
# Of so many threads, spread over all, some supersteps are read back with their writes.
_THREADS_WITH_STEPS = 3

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
    After ``turns_per_thread`` turns a thread is left for a new one, so that a fast saver does not
    work on longer threads than a slow one.
    """

    threads_per_client: int = Field(default=4, ge=1, le=10_000)
    steps_per_turn: int = Field(default=4, ge=1, le=1_000)
    tasks_per_step: int = Field(default=1, ge=1, le=1_000)
    writes_per_task: int = Field(default=2, ge=1, le=1_000)
    turns_per_thread: int = Field(default=8, ge=1, le=1_000_000)
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

    def _threads_of(self, client: int) -> Visits:
        count = self._shape.threads_per_client
        return Visits(
            [self._thread(client, 0, index) for index in range(count)],
            client % self._shape.steps_per_turn,
        )

    async def prepare(self, client: Client) -> None:
        """Put one checkpoint, as of a graph's input, into each of the client's threads."""
        for thread in self._visits[client.index].threads:
            await self._begin(client, thread)

    async def cycle(self, client: Client) -> None:
        """Do one superstep of the client's current thread.

        Raises:
            StaleReadError: the checkpoint that was read is not the last acknowledged one.
        """
        visits = self._visits[client.index]
        thread = visits.threads[visits.position]
        if visits.step_of_turn == 0:
            await self._read(client, thread)
        if thread.step == FIRST_STEP:
            await self._begin(client, thread)
        turn = thread.step // self._shape.steps_per_turn
        changed = self._changed(thread.step)
        await self._write(client, thread, changed)
        values = {self._channels[index]: self._state(thread, index, turn) for index in changed}
        await self._put(client, thread, "loop", values)
        visits.step_of_turn += 1
        if visits.step_of_turn == self._shape.steps_per_turn:
            visits.step_of_turn = 0
            self._turn_over(client.index, visits)

    def expected(self) -> Mapping[str, ExpectedThread]:
        """Return, by thread id, what was acknowledged so far.

        Supersteps are told of a few threads only: looking at them takes several reads each.
        """
        threads = [
            thread
            for visits in self._visits
            for thread in (*visits.left, *visits.threads)
            if thread.attempted
        ]
        stride = max(1, len(threads) // _THREADS_WITH_STEPS)
        closely = {thread.thread_id for thread in threads[::stride]}
        return {
            thread.thread_id: ExpectedThread(
                checkpoints=thread.acknowledged,
                indeterminate=thread.attempted - thread.acknowledged,
                checkpoint_id=thread.checkpoint_id,
                content_hash=self.content_hash(thread.values),
                steps=self._steps(thread) if thread.thread_id in closely else (),
            )
            for thread in threads
        }

    def content_hash(self, channel_values: Mapping[str, Any]) -> str:
        """Hash all channels by the payload's canonical form."""
        canonical = self.payload.canonical
        return content_hash((name, canonical(value)) for name, value in channel_values.items())

    def _steps(self, thread: Thread) -> tuple[ExpectedStep, ...]:
        return tuple(
            ExpectedStep(
                checkpoint_id=made.checkpoint_id,
                parent_id=made.parent_id,
                content_hash=self.content_hash(made.values),
                writes=frozenset(
                    (task, channel, self.value_hash(value)) for task, channel, value in made.writes
                ),
            )
            for made in thread.steps_to_look_at()
        )

    def _turn_over(self, client: int, visits: Visits) -> None:
        """Go to the next thread; put a new one in the place of one that has had its turns."""
        shape = self._shape
        thread = visits.threads[visits.position]
        if thread.step >= shape.turns_per_thread * shape.steps_per_turn:
            visits.left.append(thread)
            visits.threads[visits.position] = self._thread(client, len(visits.left))
        visits.position = (visits.position + 1) % len(visits.threads)

    def _thread(self, client: int, left: int, index: int = 0) -> Thread:
        """Make the thread that ``client`` begins after having left so many."""
        count = self._shape.threads_per_client
        serial = index if not left else count + left - 1
        return Thread(f"{self.namespace}-c{client}-t{serial}", client * count + serial % count)

    async def _begin(self, client: Client, thread: Thread) -> None:
        states = {
            channel: self._state(thread, index, 0) for index, channel in enumerate(self._channels)
        }
        await self._put(client, thread, "input", states)

    def _changed(self, step: int) -> list[int]:
        count, channels = self._shape.channels_changed, self._shape.channels
        return [(step * count + offset) % channels for offset in range(count)]

    def _state(self, thread: Thread, channel: int, turn: int) -> Any:
        """Every channel and step has content of its own, so that a mix-up shows in the hash."""
        # The step that is made next: from 0 (the input) on.
        step = (thread.step + 1) % (self._shape.steps_per_turn + 1)
        number = thread.number * self._shape.channels + channel
        return self.payload.state(number * (self._shape.steps_per_turn + 1) + step, turn)

    async def _read(self, client: Client, thread: Thread) -> None:
        saver = client.saver()
        found = await client.perform(saver.aget_tuple, thread.latest)
        found_id = found.checkpoint["id"] if found is not None else ""
        if found_id != thread.checkpoint_id and found_id not in thread.unknown_ids:
            raise StaleReadError(
                f"thread {thread.thread_id}: expected checkpoint {thread.checkpoint_id}, "
                f"the last acknowledged one; found {found_id or 'nothing'}"
            )

    async def _write(self, client: Client, thread: Thread, changed: Sequence[int]) -> None:
        tasks = self._shape.tasks_per_step
        thread.writes = []
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
        self, client: Client, thread: Thread, changed: Sequence[int], task: int
    ) -> None:
        saver = client.saver()
        channel = changed[task % len(changed)]
        writes = [(self._channels[channel], self._state(thread, channel, 0))]
        writes += [
            (f"branch:to:step_{task}_{index}", None)
            for index in range(1, self._shape.writes_per_task)
        ]
        task_id = task_id_of(thread, task)
        thread.writes += [(task_id, channel, value) for channel, value in writes]
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
        thread: Thread,
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
        if source == "loop":
            # The steps 0, 1, 3, 7, … are kept: few, and from all over the thread.
            if thread.made is not None and not thread.step & (thread.step - 1):
                thread.kept.append(thread.made)
            writes = tuple(thread.writes)
            thread.made = Made(checkpoint["id"], thread.checkpoint_id, values, writes)
        thread.acknowledged += 1
        thread.parent = parent
        thread.checkpoint_id = checkpoint["id"]
        thread.values, thread.versions = values, versions
        thread.step += 1
