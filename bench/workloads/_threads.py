"""Where the threads of ``append_steps`` stand."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import RunnableConfig

FIRST_STEP = -1


class Thread:
    """Where one thread stands: its last acknowledged checkpoint, and what that holds."""

    __slots__ = (
        "checkpoint_id",
        "latest",
        "number",
        "parent",
        "step",
        "thread_id",
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
        self.step = FIRST_STEP
        self.values: dict[str, Any] = {}
        self.versions: dict[str, Any] = {}


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
