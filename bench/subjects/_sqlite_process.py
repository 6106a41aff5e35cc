"""An ``AsyncSqliteSaver`` in a process of its own, called through a pipe.

Run by itself this module is that process. It ends when its standard input closes.
"""

from __future__ import annotations

import asyncio
import base64
import pickle
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from bench.checkpoints import plain_config
from bench.child_process import ChildProcess

_ENDING_S = 5.0
# Where this process's own errors go.
_STANDARD_ERROR = 2


class SqliteProcessSaver(BaseCheckpointSaver[str]):
    """Has the process do each operation and waits for it; one at a time, as the saver itself does.

    What the process raises is raised here.
    """

    def __init__(self, file: Path, synchronous: str) -> None:
        super().__init__()
        command = [sys.executable, "-m", "bench.subjects._sqlite_process", str(file), synchronous]
        self._process = ChildProcess(command, errors=_STANDARD_ERROR)
        self._in_turn = threading.Lock()

    def close(self) -> None:
        """Have the process end; one that has not after a while is killed."""
        self._process.end(_ENDING_S)

    def get_next_version(self, current: str | None, channel: None) -> str:
        """Return what the saver itself gives; the process need not be asked."""
        return AsyncSqliteSaver.get_next_version(self, current, channel)  # type: ignore[arg-type]  # it uses nothing of itself

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        found: CheckpointTuple | None = self._ask("aget_tuple", plain_config(config))
        return found

    def list(self, config: RunnableConfig | None, **asked: Any) -> Iterator[CheckpointTuple]:
        before = asked.get("before")
        given = {**asked, "before": plain_config(before) if before else None}
        yield from self._ask("alist", plain_config(config) if config else None, **given)

    def put(self, config: RunnableConfig, *arguments: Any) -> RunnableConfig:
        saved: RunnableConfig = self._ask("aput", plain_config(config), *arguments)
        return saved

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        self._ask("aput_writes", plain_config(config), writes, task_id, task_path)

    def delete_thread(self, thread_id: str) -> None:
        self._ask("adelete_thread", thread_id)

    def _ask(self, *call: Any, **keywords: Any) -> Any:
        with self._in_turn:
            self._process.send(_line_of((call, keywords)))
            answer = self._process.line()
        if not answer:
            raise ConnectionError("the process of the saver has ended")
        raised, result = _read(answer)
        if raised:
            raise result
        return result


async def _serve(file: str, synchronous: str) -> None:
    async with aiosqlite.connect(file) as connection:
        saver = AsyncSqliteSaver(connection)
        await saver.setup()
        await connection.execute(f"PRAGMA synchronous={synchronous}")
        while line := sys.stdin.buffer.readline():
            sys.stdout.buffer.write(await _answer(saver, line) + b"\n")
            sys.stdout.buffer.flush()


async def _answer(saver: AsyncSqliteSaver, line: bytes) -> bytes:
    try:
        (name, *arguments), keywords = _read(line)
        called = getattr(saver, name)(*arguments, **keywords)
        found = [each async for each in called] if name == "alist" else await called
        return _line_of((False, found))
    except Exception as error:  # noqa: BLE001 - whoever asked gets it
        try:
            answer = _line_of((True, error))
            _read(answer)
        except Exception:  # noqa: BLE001 - not every exception can be handed over
            return _line_of((True, RuntimeError(f"{type(error).__name__}: {error}")))
        return answer


def _line_of(message: object) -> bytes:
    return base64.b64encode(pickle.dumps(message))


def _read(line: str | bytes) -> Any:
    return pickle.loads(base64.b64decode(line))  # noqa: S301 - a process of ours wrote it


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2]))
