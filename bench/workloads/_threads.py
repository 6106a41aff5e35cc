"""Where the threads of ``append_steps`` stand, and what is remembered of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig

FIRST_STEP = -1


@dataclass(frozen=True, slots=True)
class Made:
    """A superstep that was acknowledged; keeps references to the payload's values, no copies."""

    checkpoint_id: str
    parent_id: str
    values: dict[str, Any]
    writes: tuple[tuple[str, str, Any], ...]


class Thread:
    """Where one thread stands: its last acknowledged checkpoint, and what was tried since."""

    __slots__ = (
        "acknowledged",
        "attempted",
        "checkpoint_id",
        "kept",
        "latest",
        "made",
        "number",
        "parent",
        "step",
        "thread_id",
        "unknown_ids",
        "values",
        "versions",
        "writes",
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
        self.attempted = 0
        self.acknowledged = 0
        # Checkpoints whose put did not return: each may be in the store or not.
        self.unknown_ids: list[str] = []
        self.values: dict[str, Any] = {}
        self.versions: dict[str, Any] = {}
        # The writes of the step under way, the last step made, and some of those before it.
        self.writes: list[tuple[str, str, Any]] = []
        self.made: Made | None = None
        self.kept: list[Made] = []

    def steps_to_look_at(self) -> list[Made]:
        """Return the last step and those kept of the earlier ones."""
        return [*self.kept, *([self.made] if self.made else [])]


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


def task_id_of(thread: Thread, task: int) -> str:
    """Make an id in the form of a UUID, which is what LangGraph's task ids have.

    Unique for a thread, step and task; an attempt that is repeated has the same, as in LangGraph.
    """
    step = thread.step + 1
    return (
        f"{thread.number & 0xFFFFFFFF:08x}-{step >> 32 & 0xFFFF:04x}-{step >> 16 & 0xFFFF:04x}"
        f"-{step & 0xFFFF:04x}-{task:012x}"
    )
