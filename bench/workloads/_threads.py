"""Where the threads of ``append_steps`` stand, and what is remembered of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from langchain_core.runnables import RunnableConfig

FIRST_STEP = -1
_ID_BYTES = 16


class Thread:
    """Where one thread stands: its last acknowledged checkpoint, and what was tried since.

    Of each acknowledged checkpoint 16 bytes are kept, its id: place and content follow from its
    number in the order. ``tasks_done`` has bit t set once the writes of task t of the step under
    way were acknowledged.
    """

    __slots__ = (
        "_ids",
        "checkpoint_id",
        "indeterminate_ids",
        "latest",
        "number",
        "parent",
        "stale",
        "step",
        "tasks_done",
        "thread_id",
        "values",
        "versions",
        "writes_acknowledged",
        "writes_attempted",
    )

    def __init__(self, thread_id: str, number: int) -> None:
        self.thread_id = thread_id
        self.number = number
        self.latest: RunnableConfig = {
            "configurable": {"thread_id": thread_id, "checkpoint_ns": ""}
        }
        self.parent = self.latest
        self.checkpoint_id = ""
        self.step = FIRST_STEP
        self._ids = bytearray()
        # Checkpoints whose put did not return: each may be in the store or get there later.
        self.indeterminate_ids: list[str] = []
        self.tasks_done = 0
        self.writes_attempted = 0
        self.writes_acknowledged = 0
        self.stale = 0
        self.values: dict[str, Any] = {}
        self.versions: dict[str, Any] = {}

    def attempt(self, identity: UUID) -> str:
        """Remember that a checkpoint is about to be put; until it returns it is indeterminate."""
        checkpoint_id = str(identity)
        self.indeterminate_ids.append(checkpoint_id)
        return checkpoint_id

    def acknowledge(self, identity: UUID, parent: RunnableConfig) -> None:
        """Remember that the checkpoint last attempted was put; the next step starts from it."""
        self.checkpoint_id = self.indeterminate_ids.pop()
        self._ids += identity.bytes
        self.parent = parent
        self.step += 1
        self.tasks_done = 0

    @property
    def acknowledged(self) -> int:
        """How many checkpoints were acknowledged."""
        return len(self._ids) // _ID_BYTES

    @property
    def attempted(self) -> int:
        """How many puts were begun."""
        return self.acknowledged + len(self.indeterminate_ids)

    def checkpoint_ids(self) -> list[str]:
        """Return the acknowledged checkpoints' ids, oldest first."""
        starts = range(0, len(self._ids), _ID_BYTES)
        return [str(UUID(bytes=bytes(self._ids[at : at + _ID_BYTES]))) for at in starts]


class Visits:
    """One client's threads, the one it is at, how many steps of the turn it has made.

    ``left`` are the threads that it will not visit again.
    """

    __slots__ = ("left", "position", "step_of_turn", "threads")

    def __init__(self, threads: list[Thread], step_of_turn: int) -> None:
        self.threads = threads
        self.left: list[Thread] = []
        self.position = 0
        self.step_of_turn = step_of_turn


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
