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
        self, payload: Payload, channels: int, channels_changed: int, steps_per_turn: int
    ) -> None:
        self._payload = payload
        self._count = channels_changed
        self._steps_per_turn = steps_per_turn
        self.channels = tuple(f"channel_{index}" for index in range(channels))
        self._remembered: dict[int, tuple[Any, bytes]] = {}

    def changed(self, step: int) -> list[int]:
        """Return the indices of the channels that ``step`` changes."""
        channels = len(self.channels)
        if step == FIRST_STEP:
            return list(range(channels))
        return [(step * self._count + offset) % channels for offset in range(self._count)]

    def values(self, number: int, step: int) -> dict[str, Any]:
        turn = max(0, step) // self._steps_per_turn
        return {
            self.channels[index]: self._state(number, index, step, turn)
            for index in self.changed(step)
        }

    def writes(self, number: int, step: int, task: int, length: int) -> list[tuple[str, Any]]:
        """Return what ``task`` writes before ``step`` is put: a state, and triggers without one."""
        changed = self.changed(step)
        channel = changed[task % len(changed)]
        writes = [(self.channels[channel], self._state(number, channel, step, 0))]
        return writes + [(f"branch:to:step_{task}_{index}", None) for index in range(1, length)]

    def _state(self, number: int, channel: int, step: int, turn: int) -> Any:
        """Every channel and step has content of its own, so that a mix-up shows in the hash."""
        # From 0 (the input) on.
        place = (step + 1) % (self._steps_per_turn + 1)
        of_channel = number * len(self.channels) + channel
        return self._payload.state(of_channel * (self._steps_per_turn + 1) + place, turn)

    def truth(
        self, number: int, acknowledged: int, tasks: int, length: int
    ) -> Iterator[TrueCheckpoint]:
        """Yield what so many checkpoints of thread ``number`` must hold, oldest first.

        A step that was tried again has the same content: the k-th acknowledged is the k-th step.
        """
        channels: dict[str, Any] = {}
        for step in range(FIRST_STEP, FIRST_STEP + acknowledged):
            channels = {**channels, **self.values(number, step)}
            writes = tuple(
                (task_id_of(number, step + 1, task), channel, value)
                for task in range(tasks)
                for channel, value in self.writes(number, step + 1, task, length)
            )
            yield TrueCheckpoint(channels, writes)

    def canonical(self, value: Any) -> bytes:
        """Return the payload's canonical form, which is remembered for values handed out again."""
        found = self._remembered.get(id(value))
        # The object is held, so that no other one can have its id.
        if found is None or found[0] is not value:
            found = (value, self._payload.canonical(value))
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
    place = step + 1
    return (
        f"{number & 0xFFFFFFFF:08x}-{place >> 32 & 0xFFFF:04x}-{place >> 16 & 0xFFFF:04x}"
        f"-{place & 0xFFFF:04x}-{task:012x}"
    )
