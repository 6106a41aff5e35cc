"""A saver over a file that acknowledges at once and stores when it is closed."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from bench.checkpoints import plain_config
from bench.contracts import PluginOptions
from bench.scenario.durability import Durability
from bench.selftest.defective import DefectiveSubject


class FileSaver(InMemorySaver):
    """Keeps the calls that changed it in a file, as :meth:`flush` is called.

    :meth:`load` makes them again, so that what is in the file is what another process finds.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._pending: list[bytes] = []

    async def load(self) -> None:
        for name, given in self._calls():
            await getattr(InMemorySaver, name)(self, *given)

    def flush(self) -> None:
        content, self._pending = b"".join(self._pending), []
        with self._path.open("ab") as file:
            file.write(content)

    async def aput(self, config: RunnableConfig, *given: Any) -> RunnableConfig:
        self._pending.append(pickle.dumps(("aput", (plain_config(config), *given))))
        return await super().aput(config, *given)

    async def aput_writes(
        self, config: RunnableConfig, writes: Any, task_id: str, task_path: str = ""
    ) -> None:
        given = (plain_config(config), writes, task_id, task_path)
        self._pending.append(pickle.dumps(("aput_writes", given)))
        await super().aput_writes(config, *given[1:])

    def _calls(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        if self._path.exists():
            # A process that was killed may have left half a call at the end.
            with self._path.open("rb") as file, suppress(EOFError, pickle.UnpicklingError):
                while True:
                    yield pickle.load(file)  # noqa: S301 - we wrote it


class WriteBehindSubject(DefectiveSubject):
    """One :class:`FileSaver`, which is flushed when it is closed."""

    reopens = True
    _saver: FileSaver

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return Durability.RELAXED

    async def open(self, clients: int) -> None:
        self._saver = FileSaver(self.place.directory / "calls")
        await self._saver.load()

    async def close(self) -> None:
        self._saver.flush()
