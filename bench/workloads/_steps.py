"""What the steps of ``append_steps`` write and must leave in a thread, and where threads stand.

What is written follows from the payload, the thread's number and the step, so that nothing of it
has to be remembered while it is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from langchain_core.runnables import RunnableConfig

from bench.contracts import Payload, TrueCheckpoint

FIRST_STEP = -1
# A payload hands out few different objects, or new ones every time.
_MOST_REMEMBERED = 512


class Steps:
    """The content of every step: a step changes some of ``channels``, in rotation."""

    def __init__(
        self,
        payload: Payload,
        channels: int,
        channels_changed: int,
        steps_per_turn: int,
        tasks: int,
        writes_per_task: int,
    ) -> None:
        self._state_of = payload.state
        self._canonical_of = payload.canonical
        self._count = channels_changed
        self._steps_per_turn = steps_per_turn
        # Of a thread every channel and step, from that of the input on, has content of its own, so
        # that a mix-up shows in the hash.
        self._places = steps_per_turn + 1
        self._places_of_thread = channels * self._places
        # Each channel with the first of its places.
        self._channels = [(index * self._places, f"channel_{index}") for index in range(channels)]
        # Twice over, so that what changes is a slice of it wherever it begins.
        self._in_rotation = [*self._channels, *self._channels]
        self._all_change = channels_changed == channels
        # Each task's writes but the first.
        self._triggers = [
            [(f"branch:to:step_{task}_{index}", None) for index in range(1, writes_per_task)]
            for task in range(tasks)
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
        configurable = {"thread_id": self.thread_id, "checkpoint_ns": ""}
        self.latest = self.parent = {"configurable": configurable}


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
