"""An ``AsyncSqliteSaver`` in a process of its own, called through a pipe.

Run by itself this module is that process. It ends when its standard input closes.
"""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

_ENDING_S = 5.0
_CONFIG_KEYS = ("thread_id", "checkpoint_ns", "checkpoint_id")


class SqliteProcessSaver(BaseCheckpointSaver[str]):
    """Has the process do each operation and waits for it; one at a time, as the saver itself does.

    What the process raises is raised here.
    """

    def __init__(self, file: Path, synchronous: str) -> None:
        super().__init__()
        self._process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [sys.executable, "-m", "bench.subjects._sqlite_process", str(file), synchronous],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._in_turn = threading.Lock()

    def close(self) -> None:
        """Have the process end; one that has not after a while is killed."""
        try:
            self._process.communicate(timeout=_ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def get_next_version(self, current: str | None, channel: None) -> str:
        """Return what the saver itself gives; the process need not be asked."""
        return AsyncSqliteSaver.get_next_version(self, current, channel)  # type: ignore[arg-type]  # it uses nothing of itself

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Have it read."""
        found: CheckpointTuple | None = self._ask("aget_tuple", _own(config))
        return found

    def list(self, config: RunnableConfig | None, **asked: Any) -> Iterator[CheckpointTuple]:
        """Have it list."""
        before = asked.get("before")
        given = {**asked, "before": _own(before) if before else None}
        yield from self._ask("alist", _own(config) if config else None, **given)

    def put(self, config: RunnableConfig, *arguments: Any) -> RunnableConfig:
        """Have it put."""
        saved: RunnableConfig = self._ask("aput", _own(config), *arguments)
        return saved

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Have it put writes."""
        self._ask("aput_writes", _own(config), writes, task_id, task_path)

    def delete_thread(self, thread_id: str) -> None:
        """Have it delete."""
        self._ask("adelete_thread", thread_id)

    def _ask(self, *call: Any, **keywords: Any) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the process was started without pipes")
        with self._in_turn:
            try:
                pickle.dump((call, keywords), stdin)
                stdin.flush()
                raised, result = pickle.load(stdout)  # noqa: S301 - our own process wrote it
            except (EOFError, BrokenPipeError) as error:
                raise ConnectionError("the process of the saver has ended") from error
        if raised:
            raise result
        return result


def _own(config: RunnableConfig) -> RunnableConfig:
    """Leave out what LangGraph hands on of a run, which no other process can have."""
    configurable = config["configurable"]
    own = {key: configurable[key] for key in _CONFIG_KEYS if key in configurable}
    return {"configurable": own, "metadata": config.get("metadata", {})}


async def _serve(file: str, synchronous: str) -> None:
    async with aiosqlite.connect(file) as connection:
        saver = AsyncSqliteSaver(connection)
        await saver.setup()
        await connection.execute(f"PRAGMA synchronous={synchronous}")
        while True:
            try:
                (name, *arguments), keywords = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own process wrote it
            except EOFError:
                return
            pickle.dump(await _answer(saver, name, arguments, keywords), sys.stdout.buffer)
            sys.stdout.buffer.flush()


async def _answer(
    saver: AsyncSqliteSaver, name: str, arguments: Sequence[Any], keywords: Any
) -> tuple[bool, Any]:
    try:
        called = getattr(saver, name)(*arguments, **keywords)
        return False, [each async for each in called] if name == "alist" else await called
    except Exception as error:  # noqa: BLE001 - whoever asked gets it
        return True, error


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2]))
