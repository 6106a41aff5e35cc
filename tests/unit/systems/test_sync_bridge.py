from __future__ import annotations

import asyncio
import concurrent.futures
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from bench.systems.sync_bridge import OwnLoopError, SyncBridge
from bench.workloads._loop_thread import call_on_loop_thread

CONFIG: Any = {"configurable": {"thread_id": "thread", "checkpoint_ns": ""}}


def test_it_reads_what_it_wrote_and_deletes_it_from_another_thread() -> None:
    async def main() -> None:
        saver = InMemorySaver()
        bridge = SyncBridge(saver, asyncio.get_running_loop(), limit_s=60)

        def use() -> None:
            saved = bridge.put(CONFIG, empty_checkpoint(), {}, {})
            bridge.put_writes(saved, [("channel", 1)], "task")
            read = bridge.get_tuple(CONFIG)
            assert read is not None
            assert [*bridge.list(CONFIG, limit=1)] == [read]
            assert read.pending_writes == [("task", "channel", 1)]
            bridge.delete_thread("thread")
            assert bridge.get_tuple(CONFIG) is None

        await asyncio.to_thread(use)

    asyncio.run(main())


def test_it_refuses_its_own_loop_and_cancels_what_takes_too_long() -> None:
    class Slow(InMemorySaver):
        cancelled = False

        async def aget_tuple(self, config: Any) -> Any:
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled = True

    async def main() -> None:
        saver = Slow()
        bridge = SyncBridge(saver, asyncio.get_running_loop(), limit_s=0.01)
        with pytest.raises(OwnLoopError, match="own event loop"):
            bridge.get_tuple(CONFIG)
        with pytest.raises(concurrent.futures.TimeoutError):
            await asyncio.to_thread(bridge.get_tuple, CONFIG)
        while not saver.cancelled:  # noqa: ASYNC110 - the loop has to get there
            await asyncio.sleep(0)

    asyncio.run(main())


def test_what_waits_for_itself_is_told_and_never_done(tmp_path: Path) -> None:
    async def main() -> None:
        submit = asyncio.run_coroutine_threadsafe
        async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "file")) as saver:
            bridge = SyncBridge(saver, asyncio.get_running_loop())
            checkpoint = empty_checkpoint()
            calls = {
                "refuses": lambda: saver.get_tuple(CONFIG),
                "waits": lambda: saver.put(CONFIG, checkpoint, {}, {}),
                "asks first": lambda: bridge.put(CONFIG, checkpoint, {}, {}),
                "needs no loop": lambda: InMemorySaver().get_tuple(CONFIG),
            }
            outcomes = {name: call_on_loop_thread(call, 0.01) for name, call in calls.items()}
            await asyncio.sleep(0)
            assert await saver.aget_tuple(CONFIG) is None
        assert outcomes == {
            "refuses": "refused",
            "waits": "waits for itself",
            "asks first": "refused",
            "needs no loop": "returned",
        }
        assert asyncio.run_coroutine_threadsafe is submit

    asyncio.run(main())
