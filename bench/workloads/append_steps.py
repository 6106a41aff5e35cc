"""What the supersteps of a LangGraph run do to a saver, without the graph."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, Self

from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.base.id import uuid6
from pydantic import Field, model_validator

from bench.contracts import (
    Client,
    ExpectedCheckpoint,
    ExpectedThread,
    Payload,
    PluginOptions,
    Workload,
)
from bench.workloads._content import content_hash
from bench.workloads._errors import StaleReadError
from bench.workloads._steps import Steps
from bench.workloads._threads import FIRST_STEP, Thread, Visits, task_id_of

# The checkpoint format that langgraph 1 writes (``langgraph.pregel._checkpoint.LATEST_VERSION``).
_FORMAT_VERSION = 4

Saver = BaseCheckpointSaver[Any]


# Of the reads in the run every 16th is kept with its content, the last 64 of these.
_READS_PER_KEPT = 16
_READS_KEPT = 64


class AppendStepsOptions(PluginOptions):
    """The shape of a turn.

    A checkpoint has ``channels`` channels, each with a state of the payload, so its size is
    ``channels`` times the payload's. ``channels_changed`` of them change in each step, in rotation.
    Each of ``tasks_per_step`` tasks writes ``writes_per_task`` values: the first is the payload's
    state of turn 0 (for a payload that grows by turn that is one increment: what a node returns is
    what it adds), the others are empty, as the writes by which LangGraph triggers the next node.
    A ``cycle`` is one superstep, or a whole turn of ``steps_per_turn`` of them with its read, so
    that an open arrival schedules turns.
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
    cycle: Literal["step", "turn"] = "step"

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
    last acknowledged one (or one whose put did not return). Writes go to the checkpoint from which
    the step started. Here the checkpoint follows when the writes have been acknowledged; LangGraph
    submits it without waiting for them. Nothing is ever deleted. With ``cycle = "turn"`` a cycle is
    a whole turn, and one that fails is followed by a new one.

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
        self._steps = Steps(
            payload, options.channels, options.channels_changed, options.steps_per_turn
        )
        self._reads = 0
        self._kept_reads: deque[tuple[Thread, Mapping[str, Any], Mapping[str, Any]]] = deque(
            maxlen=_READS_KEPT
        )
        self._visits = [self._threads_of(client) for client in range(clients)]
        self._by_id: dict[str, Thread] = {}
        self._takes_task_path: dict[type, bool] = {}

    def _threads_of(self, client: int) -> Visits:
        count = self._shape.threads_per_client
        stagger = client % self._shape.steps_per_turn if self._shape.cycle == "step" else 0
        return Visits([self._thread(client, 0, index) for index in range(count)], stagger)

    async def prepare(self, client: Client) -> None:
        """Put one checkpoint, as of a graph's input, into each of the client's threads."""
        for thread in self._visits[client.index].threads:
            await self._put(client, thread, "input")

    async def cycle(self, client: Client) -> None:
        """Do one superstep of the client's current thread, or a whole turn of them.

        Raises:
            StaleReadError: the checkpoint that was read is not the last acknowledged one.
        """
        visits = self._visits[client.index]
        if self._shape.cycle == "step":
            await self._superstep(client, visits)
            return
        visits.step_of_turn = 0
        for _ in range(self._shape.steps_per_turn):
            await self._superstep(client, visits)

    async def _superstep(self, client: Client, visits: Visits) -> None:
        thread = visits.threads[visits.position]
        if visits.step_of_turn == 0:
            await self._read(client, thread)
        if thread.step == FIRST_STEP:
            await self._put(client, thread, "input")
        await self._write(client, thread)
        await self._put(client, thread, "loop")
        visits.step_of_turn += 1
        if visits.step_of_turn == self._shape.steps_per_turn:
            visits.step_of_turn = 0
            self._turn_over(client.index, visits)

    def expected(self) -> Mapping[str, ExpectedThread]:
        """Return, by thread id, what was acknowledged so far."""
        wrong = self._wrong_reads()
        return {
            thread.thread_id: ExpectedThread(
                checkpoints=thread.acknowledged,
                indeterminate=len(thread.indeterminate_ids),
                checkpoint_id=thread.checkpoint_id,
                content_hash=content_hash(
                    (name, self._steps.canonical(value)) for name, value in thread.values.items()
                ),
                indeterminate_ids=tuple(thread.indeterminate_ids),
                writes=thread.writes_acknowledged,
                indeterminate_writes=thread.writes_attempted - thread.writes_acknowledged,
                stale=thread.stale + wrong[thread.thread_id],
            )
            for thread in self._all_threads()
            if thread.attempted
        }

    def history(self, thread_id: str) -> tuple[ExpectedCheckpoint, ...]:
        """Return every acknowledged checkpoint of the thread, oldest first."""
        shape = self._shape
        if thread_id not in self._by_id:
            self._by_id = {thread.thread_id: thread for thread in self._all_threads()}
        thread = self._by_id[thread_id]
        return tuple(self._steps.history(thread, shape.tasks_per_step, shape.writes_per_task))

    def _all_threads(self) -> Iterator[Thread]:
        for visits in self._visits:
            yield from (*visits.left, *visits.threads)

    def content_hash(self, channel_values: Mapping[str, Any]) -> str:
        """Hash all channels by the payload's canonical form."""
        canonical = self.payload.canonical
        return content_hash((name, canonical(value)) for name, value in channel_values.items())

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

    async def _read(self, client: Client, thread: Thread) -> None:
        saver = client.saver()
        found = await client.perform(saver.aget_tuple, thread.latest)
        found_id = found.checkpoint["id"] if found is not None else ""
        if found_id != thread.checkpoint_id and found_id not in thread.indeterminate_ids:
            # Ids are ordered by time; a later one is no write of ours, and is found afterwards.
            thread.stale += found_id < thread.checkpoint_id
            raise StaleReadError(
                f"thread {thread.thread_id}: expected checkpoint {thread.checkpoint_id}, "
                f"the last acknowledged one; found {found_id or 'nothing'}"
            )
        if found is not None and found_id == thread.checkpoint_id:
            self._keep(thread, found.checkpoint["channel_values"])

    def _keep(self, thread: Thread, channel_values: Mapping[str, Any]) -> None:
        """Keep what some reads returned, and what they should have: compared after the drain."""
        if self._reads % _READS_PER_KEPT == 0:
            self._kept_reads.append((thread, channel_values, thread.values))
        self._reads += 1

    def _wrong_reads(self) -> Counter[str]:
        """Count, by thread id, the kept reads that returned something else than was put."""
        return Counter(
            thread.thread_id
            for thread, found, wanted in self._kept_reads
            if self.content_hash(found) != self.content_hash(wanted)
        )

    async def _write(self, client: Client, thread: Thread) -> None:
        tasks = self._shape.tasks_per_step
        if tasks == 1:
            await self._write_task(client, thread, 0)
            return
        # All of them end before the cycle does, also when one has failed.
        outcomes = await asyncio.gather(
            *(self._write_task(client, thread, task) for task in range(tasks)),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _write_task(self, client: Client, thread: Thread, task: int) -> None:
        saver = client.saver()
        writes = self._steps.writes(thread.number, thread.step, task, self._shape.writes_per_task)
        task_id = task_id_of(thread.number, thread.step, task)
        thread.writes_attempted += 1
        if self._accepts_task_path(saver):
            path = f"~__pregel_pull, step_{task}"
            await client.perform(saver.aput_writes, thread.parent, writes, task_id, path)
        else:
            await client.perform(saver.aput_writes, thread.parent, writes, task_id)
        thread.writes_acknowledged += 1
        thread.tasks_done |= 1 << task

    def _accepts_task_path(self, saver: Saver) -> bool:
        """LangGraph asks the same of a saver, since early ones lack the argument."""
        own = type(saver)
        if own not in self._takes_task_path:
            parameters = inspect.signature(own.aput_writes).parameters
            self._takes_task_path[own] = "task_path" in parameters
        return self._takes_task_path[own]

    async def _put(self, client: Client, thread: Thread, source: Literal["input", "loop"]) -> None:
        saver = client.saver()
        next_version: Any = saver.get_next_version
        changes = self._steps.values(thread.number, thread.step)
        changed_versions = {
            channel: next_version(thread.versions.get(channel), None) for channel in changes
        }
        values = {**thread.values, **changes}
        versions = {**thread.versions, **changed_versions}
        identity = uuid6(clock_seq=thread.step)
        checkpoint = Checkpoint(
            v=_FORMAT_VERSION,
            id=thread.attempt(identity),
            ts=datetime.now(UTC).isoformat(),
            channel_values=values,
            channel_versions=versions,
            versions_seen={"__input__": {}, "step": thread.versions},
            updated_channels=list(changes),
        )
        metadata: CheckpointMetadata = {"source": source, "step": thread.step, "parents": {}}
        parent = await client.perform(
            saver.aput, thread.parent, checkpoint, metadata, changed_versions
        )
        thread.acknowledge(identity, parent)
        thread.values, thread.versions = values, versions
