"""What the supersteps of a LangGraph run do to a saver, without the graph."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointMetadata
from pydantic import Field, model_validator

from bench.checkpoints import checkpoint_of, config_of
from bench.contracts import (
    Client,
    ExpectedThread,
    Payload,
    PluginOptions,
    ThreadTruth,
    TrueCheckpoint,
    Workload,
    WrongRead,
)

FIRST_STEP = -1
# A payload hands out few different objects, or new ones every time.
_MOST_REMEMBERED = 512

# Thread id, checkpoint id, the channels read, and those put.
_KeptRead = tuple[str, str, Mapping[str, Any], Mapping[str, Any]]

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


class Steps:
    """The content of every step: a step changes some of the channels, in rotation.

    It follows from the payload, the thread's number and the step, so that nothing of it has to be
    remembered while it is measured.
    """

    def __init__(self, payload: Payload, options: AppendStepsOptions) -> None:
        channels = options.channels
        self._state_of = payload.state
        self._canonical_of = payload.canonical
        self._count = options.channels_changed
        self._steps_per_turn = options.steps_per_turn
        # Of a thread every channel and step, from that of the input on, has content of its own, so
        # that a mix-up shows in the hash.
        self._places = options.steps_per_turn + 1
        self._places_of_thread = channels * self._places
        # Each channel with the first of its places.
        self._channels = [(index * self._places, f"channel_{index}") for index in range(channels)]
        # Twice over, so that what changes is a slice of it wherever it begins.
        self._in_rotation = [*self._channels, *self._channels]
        self._all_change = options.channels_changed == channels
        # Each task's writes but the first.
        self._triggers = [
            [
                (f"branch:to:step_{task}_{index}", None)
                for index in range(1, options.writes_per_task)
            ]
            for task in range(options.tasks_per_step)
        ]
        self._remembered: dict[int, tuple[Any, bytes]] = {}

    def changes(self, number: int, step: int) -> list[tuple[str, Any]]:
        """Return the channels that ``step`` of thread ``number`` changes, with their new values."""
        turn = max(0, step) // self._steps_per_turn
        place = number * self._places_of_thread + (step + 1) % self._places
        changed = self._channels if self._all_change else self._changed(step)
        return [(channel, self._state_of(place + of, turn)) for of, channel in changed]

    def writes(self, number: int, step: int, task: int) -> list[tuple[str, Any]]:
        """Return what ``task`` writes before ``step`` is put: a state, and triggers without one."""
        place = number * self._places_of_thread + (step + 1) % self._places
        changed = self._channels if self._all_change else self._changed(step)
        of, channel = changed[task % len(changed)]
        return [(channel, self._state_of(place + of, 0)), *self._triggers[task]]

    def _changed(self, step: int) -> list[tuple[int, str]]:
        """Return the channels that ``step`` changes: the first one all, the others in rotation."""
        if step == FIRST_STEP:
            return self._channels
        first = step * self._count % len(self._channels)
        return self._in_rotation[first : first + self._count]

    def truth(self, number: int, acknowledged: int) -> Iterator[TrueCheckpoint]:
        """Yield what so many checkpoints of thread ``number`` must hold, oldest first.

        A step that was tried again has the same content: the k-th acknowledged is the k-th step.
        """
        channels: dict[str, Any] = {}
        for step in range(FIRST_STEP, FIRST_STEP + acknowledged):
            channels = {**channels, **dict(self.changes(number, step))}
            writes = tuple(
                (task_id_of(number, step + 1, task), channel, value)
                for task in range(len(self._triggers))
                for channel, value in self.writes(number, step + 1, task)
            )
            yield TrueCheckpoint(channels, writes)

    def canonical(self, value: Any) -> bytes:
        """Return the payload's canonical form, which is remembered for values handed out again."""
        found = self._remembered.get(id(value))
        # The object is held, so that no other one can have its id.
        if found is None or found[0] is not value:
            found = (value, self._canonical_of(value))
            if len(self._remembered) < _MOST_REMEMBERED:
                self._remembered[id(value)] = found
        return found[1]


@dataclass(slots=True, eq=False)
class Thread:
    """Where one thread stands: its last acknowledged checkpoint, and what that holds."""

    thread_id: str
    number: int
    latest: RunnableConfig = field(init=False)
    parent: RunnableConfig = field(init=False)
    checkpoint_id: str = ""
    step: int = FIRST_STEP
    values: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.latest = self.parent = config_of(self.thread_id)


@dataclass(slots=True, eq=False)
class Visits:
    """One client's threads, the one it is at, how many steps of the turn it has made.

    ``left`` are the threads that it will not visit again.
    """

    threads: list[Thread]
    step_of_turn: int
    left: list[Thread] = field(default_factory=list)
    position: int = 0


def task_id_of(number: int, step: int, task: int) -> str:
    """Make an id in the form of a UUID, which is what LangGraph's task ids have.

    Unique for a thread (by number), step and task; an attempt that is repeated has the same, as in
    LangGraph.
    """
    return f"{step + 1:08x}-0000-0000-0000-{number:08x}{task:04x}"


class AppendStepsWorkload(Workload):
    """One superstep per cycle: the tasks' writes, then the checkpoint; a read as a turn begins.

    Every client has threads of its own and visits them in turn, for one turn of ``steps_per_turn``
    cycles each. Client c enters its first turn at step c modulo ``steps_per_turn``, so that the
    reads of many clients do not all fall together. The first cycle of a turn reads the thread's
    latest checkpoint, as a graph run does. Writes go to the checkpoint from which the step started.
    Here the checkpoint follows when the writes have been acknowledged; LangGraph submits it without
    waiting for them. Nothing is ever deleted. With ``cycle = "turn"`` a cycle is a whole turn, and
    one that fails is followed by a new one.

    A put that raises leaves its thread where it was: the next cycle tries that step again under a
    new checkpoint id, and the lost one counts as indeterminate.
    """

    Options: ClassVar[type[PluginOptions]] = AppendStepsOptions

    def begin(self) -> None:
        self._shape = shape = self.shape
        self._steps = Steps(self.payload, shape)
        self._steps_per_cycle = 1 if shape.cycle == "step" else shape.steps_per_turn
        self._paths = [f"~__pregel_pull, step_{task}" for task in range(shape.tasks_per_step)]
        self._reads = 0
        self._kept_reads: deque[_KeptRead] = deque(maxlen=_READS_KEPT)
        staggered = shape.steps_per_turn if shape.cycle == "step" else 1
        self._visits = [
            Visits(
                [self._thread(client, 0, index) for index in range(shape.threads_per_client)],
                client % staggered,
            )
            for client in range(self.clients)
        ]
        self._takes_task_path: dict[type, bool] = {}

    @property
    def shape(self) -> AppendStepsOptions:
        """The shape of its turns."""
        return cast("AppendStepsOptions", self.options)

    @property
    def cycles_per_visit(self) -> int:
        turn = self._shape.steps_per_turn // self._steps_per_cycle
        return self._shape.threads_per_client * turn

    async def prepare(self, client: Client) -> None:
        for thread in self._visits[client.index].threads:
            await self._put(client, thread, "input")

    async def cycle(self, client: Client) -> None:
        visits = self._visits[client.index]
        if self._steps_per_cycle > 1:
            visits.step_of_turn = 0
        for _ in range(self._steps_per_cycle):
            thread = visits.threads[visits.position]
            if visits.step_of_turn == 0:
                await self._read(client, thread)
            if thread.step == FIRST_STEP:
                await self._put(client, thread, "input")
            if len(self._paths) == 1:
                await self._write(client, thread, 0)
            else:
                await self._write_all(client, thread)
            await self._put(client, thread, "loop")
            visits.step_of_turn += 1
            if visits.step_of_turn == self._shape.steps_per_turn:
                visits.step_of_turn = 0
                self._turn_over(client.index, visits)

    def wrong_reads(self) -> Sequence[WrongRead]:
        """Return the kept reads of the right checkpoint that had another content than was put."""
        wrong: list[WrongRead] = []
        for thread_id, checkpoint_id, given, wanted in self._kept_reads:
            for channel, value in wanted.items():
                differs = self.difference(channel, value, given.get(channel))
                if differs:
                    problem = f"channel {channel!r} came back changed: {differs}"
                    wrong.append(WrongRead(thread_id, checkpoint_id, problem))
                    break
        return wrong

    async def truth(
        self, thread_id: str, known: ExpectedThread, acknowledged: int
    ) -> ThreadTruth | None:
        # Its content follows from its id.
        _, client, serial = thread_id.rsplit("-", 2)
        number = self._number(int(client[1:]), int(serial[1:]))
        return ThreadTruth({"": tuple(self._steps.truth(number, acknowledged))})

    def canonical(self, channel: str, value: Any) -> bytes:
        return self._steps.canonical(value)

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
        return Thread(self.thread_id(client, serial), self._number(client, serial))

    def _number(self, client: int, serial: int) -> int:
        count = self._shape.threads_per_client
        return client * count + serial % count

    async def _read(self, client: Client, thread: Thread) -> None:
        saver = client.saver()
        read = await client.perform(saver.aget_tuple, thread.latest)
        # Another checkpoint than the last acknowledged one is noted where the saver is called.
        if read is not None and read.checkpoint["id"] == thread.checkpoint_id:
            if self._reads % _READS_PER_KEPT == 0:
                given = read.checkpoint["channel_values"]
                kept = (thread.thread_id, thread.checkpoint_id, given, thread.values)
                self._kept_reads.append(kept)
            self._reads += 1

    async def _write_all(self, client: Client, thread: Thread) -> None:
        """Let all tasks write at once; all end before the cycle does, also when one has failed."""
        writing = (self._write(client, thread, task) for task in range(len(self._paths)))
        for outcome in await asyncio.gather(*writing, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _write(self, client: Client, thread: Thread, task: int) -> None:
        saver = client.saver()
        writes = self._steps.writes(thread.number, thread.step, task)
        task_id = task_id_of(thread.number, thread.step, task)
        own = type(saver)
        if own not in self._takes_task_path:
            # LangGraph asks the same of a saver, since early ones lack the argument.
            parameters = inspect.signature(own.aput_writes).parameters
            self._takes_task_path[own] = "task_path" in parameters
        if self._takes_task_path[own]:
            path = self._paths[task]
            await client.perform(saver.aput_writes, thread.parent, writes, task_id, path)
        else:
            await client.perform(saver.aput_writes, thread.parent, writes, task_id)

    async def _put(self, client: Client, thread: Thread, source: Literal["input", "loop"]) -> None:
        saver = client.saver()
        next_version: Any = saver.get_next_version
        values, versions = dict(thread.values), dict(thread.versions)
        changed_versions: dict[str, Any] = {}
        for channel, state in self._steps.changes(thread.number, thread.step):
            version = next_version(versions.get(channel), None)
            values[channel] = state
            versions[channel] = changed_versions[channel] = version
        checkpoint = checkpoint_of(values, versions, thread.step, changed_versions)
        checkpoint["versions_seen"] = {"__input__": {}, "step": thread.versions}
        metadata: CheckpointMetadata = {"source": source, "step": thread.step, "parents": {}}
        thread.parent = await client.perform(
            saver.aput, thread.parent, checkpoint, metadata, changed_versions
        )
        thread.checkpoint_id = checkpoint["id"]
        thread.step += 1
        thread.values, thread.versions = values, versions
