"""A SQLite file is copied while it is written; the copy is read, pruned and made smaller."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal, cast

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from bench.contracts import Client, PluginOptions
from bench.errors import InputError
from bench.systems.sqlite_file import back_up, checkpoint_ids, copy_file, prune, vacuum
from bench.workloads.append_steps import AppendStepsOptions, AppendStepsWorkload

_COPIED, _OPENS, _COMPLETE = "copied", "opens", "complete"
_PRUNED, _SHRUNK_BY_PRUNING, _SHRUNK_BY_VACUUM = "pruned", "shrunk_by_pruning", "shrunk_by_vacuum"


class SqliteUpkeepOptions(PluginOptions):
    """How the file is copied: the one ``file``, as ``cp`` does, or by SQLite's own ``backup``."""

    copy_by: Literal["file", "backup"] = "file"


class SqliteUpkeepWorkload(AppendStepsWorkload):
    """The first client copies the file in each cycle; all others do the steps of ``append_steps``.

    Of each copy that was made (``copied``): ``opens``: SQLite opens it and finds it whole.
    ``complete``: it has the last checkpoint of each thread that was acknowledged before the copy
    began. ``pruned``: what pruning to the newest of each thread has left is whole, and all of it.
    ``shrunk_by_pruning``, ``shrunk_by_vacuum``: the file is smaller after that than before.
    """

    Options: ClassVar[type[PluginOptions]] = SqliteUpkeepOptions
    needs_package = "langgraph-checkpoint-sqlite"
    marks: ClassVar[tuple[str, ...]] = (
        *(_COPIED, _OPENS, _COMPLETE),
        *(_PRUNED, _SHRUNK_BY_PRUNING, _SHRUNK_BY_VACUUM),
    )

    @property
    def shape(self) -> AppendStepsOptions:
        return AppendStepsOptions()

    async def cycle(self, client: Client) -> None:
        if client.index:
            await super().cycle(client)
            return
        saver = client.saver()
        if not isinstance(saver, AsyncSqliteSaver):
            raise InputError(f"sqlite_upkeep needs a SQLite saver, not {type(saver).__name__}")
        (row,) = await saver.conn.execute_fetchall("PRAGMA database_list")
        threads = (thread for visits in self._visits for thread in (*visits.threads, *visits.left))
        acknowledged = frozenset(thread.checkpoint_id for thread in threads if thread.checkpoint_id)
        for name in await asyncio.to_thread(self._copied, Path(row[2]), acknowledged):
            client.mark(name)

    def _copied(self, file: Path, acknowledged: frozenset[str]) -> Sequence[str]:
        with tempfile.TemporaryDirectory(dir=file.parent) as directory:
            copy = Path(directory) / "copy.sqlite"
            by_file = cast("SqliteUpkeepOptions", self.options).copy_by == "file"
            (copy_file if by_file else back_up)(file, copy)
            try:
                ids = checkpoint_ids(copy)
            except sqlite3.DatabaseError:
                return [_COPIED]
            return [_COPIED, _OPENS, *[_COMPLETE] * (acknowledged <= ids), *_upkeep(copy, ids)]


def _upkeep(copy: Path, ids: frozenset[str]) -> Sequence[str]:
    whole = copy.stat().st_size
    deleted = prune(copy)
    pruned = copy.stat().st_size
    vacuum(copy)
    facts = {
        _PRUNED: 0 < len(checkpoint_ids(copy)) == len(ids) - deleted,
        _SHRUNK_BY_PRUNING: pruned < whole,
        _SHRUNK_BY_VACUUM: copy.stat().st_size < pruned,
    }
    return [name for name, holds in facts.items() if holds]
