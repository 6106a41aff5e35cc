"""LangGraph's ``PostgresSaver`` (synchronous), driven from asyncio."""

from __future__ import annotations

import asyncio
import contextvars
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Literal, ParamSpec, Self, TypeVar, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.postgres import PostgresSaver
from psycopg import Connection, Cursor, Pipeline
from psycopg.rows import DictRow
from psycopg_pool import ConnectionPool
from pydantic import Field, model_validator

from bench.contracts import (
    Checkout,
    CountedCalls,
    Place,
    PluginOptions,
    Stored,
    StoredTable,
    Subject,
)
from bench.scenario.durability import Durability
from bench.subjects import _postgres_base as base

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Pool = ConnectionPool[Connection[DictRow]]


def _threads_of_asyncio() -> int:
    """Return the size of the executor that ``asyncio.to_thread`` would use."""
    return min(32, (os.cpu_count() or 1) + 4)


class PostgresSyncOptions(PluginOptions):
    """Where the synchronous call runs, and what it runs over.

    ``call = "coroutine"`` calls right in the coroutine and blocks the loop, as is done by mistake;
    ``"threads"`` runs it in an executor of ``threads`` threads (default: as many as asyncio's own).
    """

    call: Literal["coroutine", "threads"] = "coroutine"
    connection: Literal["single", "pool"] = "pool"
    pool_size: int = Field(default=5, ge=1, le=100)
    pool_timeout_s: float = Field(default=30.0, gt=0.0, le=600.0)
    threads: int = Field(default_factory=_threads_of_asyncio, ge=1, le=256)
    saver_per: Literal["trial", "client"] = "client"
    synchronous_commit: Literal["on", "off"] = "on"

    @model_validator(mode="after")
    def _refuse_what_means_nothing(self) -> Self:
        given = self.model_fields_set
        if self.connection == "single":
            pool_options = ["pool_size", "pool_timeout_s"]
            base.refuse_unused(given, pool_options, "with connection = 'single'")
        if self.call == "coroutine":
            base.refuse_unused(given, ["threads"], "with call = 'coroutine'")
        return self


class DrivenPostgresSaver(PostgresSaver):
    """A ``PostgresSaver`` whose async methods run its synchronous ones.

    Without an executor they run in the coroutine itself. With one they run in its threads, in a
    copy of the caller's context, so that context variables are found there too.
    """

    executor: Executor | None = None

    async def _call(
        self,
        method: Callable[Arguments, Result],
        *arguments: Arguments.args,
        **keywords: Arguments.kwargs,
    ) -> Result:
        if self.executor is None:
            return method(*arguments, **keywords)
        call = partial(method, *arguments, **keywords)
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, context.run, call)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Run ``put``."""
        return await self._call(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Run ``put_writes``."""
        await self._call(self.put_writes, config, writes, task_id, task_path)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Run ``get_tuple``."""
        return await self._call(self.get_tuple, config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the name that LangGraph calls it by
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Run ``list`` to its end, then yield.

        ``list`` holds the saver's thread lock until it is exhausted: a consumer that called the
        saver meanwhile would stop the loop for ever.
        """
        found = await self._call(
            lambda: [*self.list(config, filter=filter, before=before, limit=limit)]
        )
        for item in found:
            yield item

    async def adelete_thread(self, thread_id: str) -> None:
        """Run ``delete_thread``."""
        await self._call(self.delete_thread, thread_id)


class PostgresSyncSubject(Subject):
    """``PostgresSaver`` over one connection or a pool, called in the coroutine or in threads."""

    Options = PostgresSyncOptions
    server = "postgres"
    packages = base.PACKAGES
    options: PostgresSyncOptions

    def __init__(self, options: PluginOptions, place: Place) -> None:
        super().__init__(options, place)
        self._resources = ExitStack()
        self._executor: Executor | None = None
        self._pool: Pool | None = None
        self._savers: list[DrivenPostgresSaver] = []

    @classmethod
    def server_settings(cls, options: PluginOptions) -> Mapping[str, str]:
        """Return ``synchronous_commit``."""
        return {"synchronous_commit": cast("PostgresSyncOptions", options).synchronous_commit}

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        """Return ``fsync``, or ``relaxed`` with ``synchronous_commit`` off."""
        return base.asked_durability(cast("PostgresSyncOptions", options).synchronous_commit)

    async def open(self, clients: int) -> None:
        """Connect and make the tables; blocks the loop, which nothing else uses yet."""
        with self._connect() as connection:
            PostgresSaver(connection).setup()
        if self.options.connection == "pool":
            self._pool = self._open_pool()
        if self.options.call == "threads":
            self._executor = ThreadPoolExecutor(self.options.threads, "postgres_sync")
            self._resources.callback(self._executor.shutdown)
        if self.options.saver_per == "client":
            self._savers = [self._make_saver() for _ in range(clients)]
        else:
            self._savers = [self._make_saver()] * clients

    def _connect(self) -> Connection[DictRow]:
        return Connection.connect(base.address(self.place), **base.CONNECTION)

    def _open_pool(self) -> Pool:
        pool: Pool = ConnectionPool(
            base.address(self.place),
            open=False,
            min_size=self.options.pool_size,
            max_size=self.options.pool_size,
            timeout=self.options.pool_timeout_s,
            kwargs=dict(base.CONNECTION),
        )
        self._resources.callback(pool.close)
        pool.open(wait=True, timeout=self.options.pool_timeout_s)
        return pool

    def _make_saver(self) -> DrivenPostgresSaver:
        source = self._pool or self._resources.enter_context(self._connect())
        saver = DrivenPostgresSaver(source)
        saver.executor = self._executor
        return saver

    def saver(self, client: int) -> DrivenPostgresSaver:
        """Return the client's saver."""
        return self._savers[client]

    def connections(self, clients: int) -> int:
        """Return the pool's size, or one for each saver."""
        if self.options.connection == "pool":
            return self.options.pool_size
        return clients if self.options.saver_per == "client" else 1

    async def close(self) -> None:
        """End the threads, then close the pool or the connections."""
        self._resources.close()

    async def settings(self) -> Mapping[str, str]:
        """Read what decides about durability and size."""
        return await asyncio.to_thread(self._read_settings)

    def _read_settings(self) -> dict[str, str]:
        with self._measured_connection() as connection:
            return base.settings_from(connection.execute(base.SETTINGS_SQL).fetchall())

    @contextmanager
    def _measured_connection(self) -> Iterator[Connection[DictRow]]:
        if self._pool is not None:
            with self._pool.connection() as connection:
                yield connection
        else:
            yield cast("Connection[DictRow]", self._savers[0].conn)

    def durability_found(self, settings: Mapping[str, str]) -> Durability:
        """Return ``volatile`` with ``fsync`` off, else what ``synchronous_commit`` amounts to."""
        return base.found_durability(settings)

    async def stored(self) -> Stored:
        """Count over a connection of its own, in a thread, so that it waits for no client's."""
        return await asyncio.to_thread(self._count)

    def _count(self) -> Stored:
        with self._connect() as connection:
            return base.stored_from(connection.execute(base.STORED_SQL).fetchone())

    async def stored_tables(self) -> Sequence[StoredTable]:
        """Tell the schema's tables, over a connection of its own, in a thread."""
        return await asyncio.to_thread(self._read_tables)

    def _read_tables(self) -> list[StoredTable]:
        with self._connect() as connection:
            columns = connection.execute(base.COLUMNS_SQL).fetchall()
            return base.tables_from(connection.execute(base.tables_sql(columns)).fetchall())

    async def server_counters(self) -> Mapping[str, int]:
        """Read the statistics of the table of checkpoints, over a connection of its own."""
        return await asyncio.to_thread(self._read_counters)

    def _read_counters(self) -> dict[str, int]:
        with self._connect() as connection:
            row = connection.execute(base.COUNTERS_SQL).fetchone()
            return base.counters_from(row, self.place)

    def checkouts(self) -> Sequence[Checkout]:
        """Name the pool's ``getconn``, if there is a pool."""
        return [Checkout(self._pool, "getconn")] if self._pool is not None else []

    def counted_calls(self) -> Sequence[CountedCalls]:
        """Name statements, exchanges and commits."""
        return base.counted_calls(Connection, Cursor, Pipeline)
