"""LangGraph's ``PostgresSaver`` (synchronous), driven from asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, Self, cast

from langgraph.checkpoint.postgres import PostgresSaver
from psycopg import Connection, Cursor, Pipeline
from psycopg.rows import DictRow
from psycopg_pool import ConnectionPool
from pydantic import Field, model_validator

from bench.contracts import CountedCalls
from bench.subjects import _postgres_base as base
from bench.systems.driven import Call, driven, in_coroutine, in_threads_of, threads_of_asyncio

Pool = ConnectionPool[Connection[DictRow]]


class PostgresSyncOptions(base.PostgresOptionsBase):
    """Where the synchronous call runs, and what it runs over.

    ``call = "coroutine"`` calls right in the coroutine and blocks the loop, as is done by mistake;
    ``"threads"`` runs it in an executor of ``threads`` threads (default: as many as asyncio's own).
    """

    call: Literal["coroutine", "threads"] = "coroutine"
    connection: Literal["single", "pool"] = "pool"
    threads: int = Field(default_factory=threads_of_asyncio, ge=1, le=256)
    saver_per: Literal["trial", "client"] = "client"

    @model_validator(mode="after")
    def _refuse_what_means_nothing(self) -> Self:
        if self.connection == "single":
            self.refuse_unused(["pool_size", "pool_timeout_s"], "with connection = 'single'")
        if self.call == "coroutine":
            self.refuse_unused(["threads"], "with call = 'coroutine'")
        return self


class PostgresSyncSubject(base.PostgresSubjectBase[PostgresSaver]):
    """``PostgresSaver`` over one connection or a pool, called in the coroutine or in threads."""

    Options = PostgresSyncOptions
    options: PostgresSyncOptions
    _pool: Pool | None = None

    async def open(self, clients: int) -> None:
        """Connect and make the tables; blocks the loop, which nothing else uses yet."""
        with self._connected() as connection:
            PostgresSaver(connection).setup()
        if self.options.connection == "pool":
            self._pool = self._open_pool()
        call: Call = in_coroutine
        if self.options.call == "threads":
            executor = ThreadPoolExecutor(self.options.threads, "postgres_sync")
            self._resources.callback(executor.shutdown)
            call = in_threads_of(executor)
        self._saver_class = driven(PostgresSaver, call)
        await self._make_savers(clients, self._make_saver)

    def _open_pool(self) -> Pool:
        pool: Pool = ConnectionPool(
            self._address,
            open=False,
            min_size=self.options.pool_size,
            max_size=self.options.pool_size,
            timeout=self.options.pool_timeout_s,
            kwargs={**base.CONNECTION},
        )
        self._resources.callback(pool.close)
        pool.open(wait=True, timeout=self.options.pool_timeout_s)
        return pool

    async def _make_saver(self) -> PostgresSaver:
        return self._saver_class(self._pool or self._resources.enter_context(self._connected()))

    def connections(self, clients: int) -> int:
        is_pooled = self.options.connection == "pool"
        return self.options.pool_size if is_pooled else super().connections(clients)

    async def _measured_rows(self, statement: base.Query) -> list[DictRow]:
        def ask() -> list[DictRow]:
            if self._pool is None:
                held = cast("Connection[DictRow]", self._savers[0].conn)
                return held.execute(statement).fetchall()
            with self._pool.connection() as connection:
                return connection.execute(statement).fetchall()

        return await asyncio.to_thread(ask)

    def counted_calls(self) -> Sequence[CountedCalls]:
        return base.counted_calls(Connection, Cursor, Pipeline)
