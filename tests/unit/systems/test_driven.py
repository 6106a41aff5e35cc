from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple, empty_checkpoint
from langgraph.checkpoint.postgres import PostgresSaver

from bench.systems.driven import driven, in_coroutine, in_threads_of

CONFIG: RunnableConfig = {"configurable": {"thread_id": "a", "checkpoint_ns": ""}}
MARK: ContextVar[str] = ContextVar("MARK", default="unset")


class Recording(PostgresSaver):
    """Its synchronous methods note what was called, in which thread and which context."""

    def __init__(self) -> None:
        connection: Any = None
        super().__init__(connection)
        self.calls: list[tuple[str, bool, str]] = []

    def _note(self, name: str) -> None:
        in_main = threading.current_thread() is threading.main_thread()
        self.calls.append((name, in_main, MARK.get()))

    def put(self, config: RunnableConfig, *_: Any) -> RunnableConfig:
        self._note("put")
        return config

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        self._note(f"put_writes {task_id} {task_path}")

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        self._note("get_tuple")
        return None

    def list(self, config: RunnableConfig | None, **keywords: Any) -> Iterator[CheckpointTuple]:
        self._note(f"list {keywords['limit']}")
        with self.lock:
            yield CheckpointTuple(CONFIG, empty_checkpoint(), {})

    def delete_thread(self, thread_id: str) -> None:
        self._note(f"delete_thread {thread_id}")


async def call_everything(saver: Recording) -> None:
    MARK.set("caller")
    assert await saver.aput(CONFIG, empty_checkpoint(), {}, {}) is CONFIG
    await saver.aput_writes(CONFIG, [("channel", 1)], "task", task_path="path")
    assert await saver.aget_tuple(CONFIG) is None
    async for _ in saver.alist(CONFIG, limit=3):
        assert not saver.lock.locked()
    await saver.adelete_thread("a")


NAMES = ["put", "put_writes task path", "get_tuple", "list 3", "delete_thread a"]


def test_in_the_coroutine_calls_run_in_the_loop_s_own_thread() -> None:
    saver = driven(Recording, in_coroutine)()
    asyncio.run(call_everything(saver))
    assert [(name, True, "caller") for name in NAMES] == saver.calls


def test_in_threads_calls_run_elsewhere_and_see_the_caller_s_context() -> None:
    with ThreadPoolExecutor(2) as executor:
        saver = driven(Recording, in_threads_of(executor))()
        asyncio.run(call_everything(saver))
    assert [(name, False, "caller") for name in NAMES] == saver.calls


def test_the_signature_of_aput_writes_is_langgraph_s() -> None:
    expected = list(inspect.signature(BaseCheckpointSaver.aput_writes).parameters)
    assert expected == list(
        inspect.signature(driven(PostgresSaver, in_coroutine).aput_writes).parameters
    )


class WithoutDeletion(BaseCheckpointSaver[int]):
    """Has one synchronous method alone."""

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return None


def test_what_a_saver_cannot_do_its_derived_class_does_not_offer() -> None:
    derived = driven(WithoutDeletion, in_coroutine)
    own = [
        name
        for name in dir(derived)
        if getattr(derived, name) is not getattr(WithoutDeletion, name)
    ]
    assert "aget_tuple" in own
    assert [name for name in own if name.startswith("a") and name != "aget_tuple"] == []
