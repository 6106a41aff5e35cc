"""LangGraph's ``AsyncPostgresSaver``."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal, Self, cast

import psycopg
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection, AsyncCursor, AsyncPipeline
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool, AsyncNullConnectionPool
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
from bench.errors import UnsupportedError
from bench.scenario.durability import Durability
from bench.subjects import _postgres_base as base

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]


class PostgresOptions(PluginOptions):
    """How connections are had, and how many savers share them.

    ``connection``: ``single`` is what ``from_conn_string`` makes; ``pipeline`` is the same inside
    one long-lived pipeline; ``pool`` holds ``pool_size`` open connections; ``per_operation``
    connects for every operation (``AsyncNullConnectionPool``).

    ``saver_per``: a saver takes one lock around each of its operations, so savers shared by a
    trial, made for a client or made for each operation queue in different places. Over one pool
    they share it; with ``single`` and ``pipeline`` each client has its own connection and saver.
    """

    connection: Literal["single", "pipeline", "pool", "per_operation"] = "pool"
    pool_size: int = Field(default=5, ge=1, le=100)
    pool_timeout_s: float = Field(default=30.0, gt=0.0, le=600.0)
    saver_per: Literal["trial", "client", "operation"] = "client"
    synchronous_commit: Literal["on", "off"] = "on"

    @property
    def pooled(self) -> bool:
        """Whether connections are handed out by a pool."""
        return self.connection in {"pool", "per_operation"}

    @model_validator(mode="after")
    def _refuse_what_means_nothing(self) -> Self:
        reason = f"with connection = {self.connection!r}"
        if self.connection != "pool":
            base.refuse_unused(self.model_fields_set, ["pool_size"], reason)
        if not self.pooled:
            base.refuse_unused(self.model_fields_set, ["pool_timeout_s"], reason)
            if self.saver_per == "operation":
                raise ValueError(
                    f"saver_per = 'operation' means nothing {reason}: savers that share one "
                    "connection would use it at the same time; expected 'trial' or 'client', or "
                    "connection = 'pool' or 'per_operation'"
                )
        return self


class PostgresSubject(Subject):
    """``AsyncPostgresSaver`` over one connection, a pipeline or a pool."""

    Options = PostgresOptions
    server = "postgres"
    packages = base.PACKAGES
    options: PostgresOptions

    def __init__(self, options: PluginOptions, place: Place) -> None:
        super().__init__(options, place)
        self._resources = AsyncExitStack()
        self._pool: Pool | None = None
        self._savers: list[AsyncPostgresSaver] = []

    @classmethod
    def server_settings(cls, options: PluginOptions) -> Mapping[str, str]:
        """Return ``synchronous_commit``."""
        return {"synchronous_commit": cast("PostgresOptions", options).synchronous_commit}

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        """Return ``fsync``, or ``relaxed`` with ``synchronous_commit`` off."""
        return base.asked_durability(cast("PostgresOptions", options).synchronous_commit)

    async def open(self, clients: int) -> None:
        """Make the tables over a plain connection, then the connections that are measured.

        The plain connection comes first so that a loop that psycopg refuses says so itself; a pool
        would retry in the background and time out instead. It also makes the tables, since a
        migration that creates an index concurrently cannot run in a pipeline.
        """
        async with await self._connect() as connection:
            await AsyncPostgresSaver(connection).setup()
        if self.options.pooled:
            self._pool = await self._open_pool()
            if self.options.saver_per == "client":
                self._savers = [AsyncPostgresSaver(self._pool) for _ in range(clients)]
            elif self.options.saver_per == "trial":
                self._savers = [AsyncPostgresSaver(self._pool)] * clients
        elif self.options.saver_per == "client":
            self._savers = [await self._saver_of_its_own() for _ in range(clients)]
        else:
            self._savers = [await self._saver_of_its_own()] * clients

    async def _connect(self) -> AsyncConnection[DictRow]:
        try:
            return await AsyncConnection.connect(base.address(self.place), **base.CONNECTION)
        except NotImplementedError as error:
            missing = traceback.extract_tb(error.__traceback__)[-1].name
            text = str(error) or (
                f"this event loop has no {missing}, which psycopg's async mode needs"
            )
            raise UnsupportedError(f"NotImplementedError: {text}") from error
        except psycopg.InterfaceError as error:
            if "ProactorEventLoop" not in str(error):
                raise
            raise UnsupportedError(f"{type(error).__name__}: {error}") from error

    async def _open_pool(self) -> Pool:
        url = base.address(self.place)
        timeout_s = self.options.pool_timeout_s
        pool: Pool
        if self.options.connection == "pool":
            size = self.options.pool_size
            pool = AsyncConnectionPool(
                url,
                open=False,
                min_size=size,
                max_size=size,
                timeout=timeout_s,
                kwargs=dict(base.CONNECTION),
            )
        else:
            pool = AsyncNullConnectionPool(
                url, open=False, timeout=timeout_s, kwargs=dict(base.CONNECTION)
            )
        self._resources.push_async_callback(pool.close)
        await pool.open(wait=True, timeout=timeout_s)
        return pool

    async def _saver_of_its_own(self) -> AsyncPostgresSaver:
        connection = await self._resources.enter_async_context(await self._connect())
        if self.options.connection == "single":
            return AsyncPostgresSaver(connection)
        pipeline = await self._resources.enter_async_context(connection.pipeline())
        return AsyncPostgresSaver(connection, pipeline)

    def saver(self, client: int) -> AsyncPostgresSaver:
        """Return the client's saver, or a new one with ``saver_per = "operation"``."""
        if self._pool is not None and not self._savers:
            return AsyncPostgresSaver(self._pool)
        return self._savers[client]

    def connections(self, clients: int) -> int:
        """Return the pool's size; a connection that serves one operation is never warm."""
        if self.options.connection == "pool":
            return self.options.pool_size
        return clients if not self.options.pooled and self.options.saver_per == "client" else 1

    async def close(self) -> None:
        """Close the pool or the connections."""
        await self._resources.aclose()

    async def settings(self) -> Mapping[str, str]:
        """Read what decides about durability and size, and the pipeline support of libpq."""
        async with self._measured_connection() as connection:
            cursor = await connection.execute(base.SETTINGS_SQL)
            found = base.settings_from(await cursor.fetchall())
        pipelines = psycopg.Capabilities().has_pipeline()
        return {**found, "libpq_pipeline": "yes" if pipelines else "no"}

    @asynccontextmanager
    async def _measured_connection(self) -> AsyncIterator[AsyncConnection[DictRow]]:
        if self._pool is not None:
            async with self._pool.connection() as connection:
                yield connection
        else:
            yield cast("AsyncConnection[DictRow]", self._savers[0].conn)

    def durability_found(self, settings: Mapping[str, str]) -> Durability:
        """Return ``volatile`` with ``fsync`` off, else what ``synchronous_commit`` amounts to."""
        return base.found_durability(settings)

    async def stored(self) -> Stored:
        """Count over a connection of its own, so that it waits for no client's."""
        async with await self._connect() as connection:
            cursor = await connection.execute(base.STORED_SQL)
            return base.stored_from(await cursor.fetchone())

    async def stored_tables(self) -> Sequence[StoredTable]:
        """Tell the schema's tables, over a connection of its own."""
        async with await self._connect() as connection:
            columns = await (await connection.execute(base.COLUMNS_SQL)).fetchall()
            cursor = await connection.execute(base.tables_sql(columns))
            return base.tables_from(await cursor.fetchall())

    async def server_counters(self) -> Mapping[str, int]:
        """Read the statistics of the table of checkpoints, over a connection of its own."""
        async with await self._connect() as connection:
            cursor = await connection.execute(base.COUNTERS_SQL)
            return base.counters_from(await cursor.fetchone(), self.place)

    def checkouts(self) -> Sequence[Checkout]:
        """Name the pool's ``getconn``, if there is a pool."""
        return [Checkout(self._pool, "getconn")] if self._pool is not None else []

    def counted_calls(self) -> Sequence[CountedCalls]:
        """Name statements, exchanges and commits.

        In one long-lived pipeline the exchanges depend on who waits first: there they say nothing.
        """
        counted = base.counted_calls(AsyncConnection, AsyncCursor, AsyncPipeline)
        is_exact = self.options.connection != "pipeline"
        return [calls for calls in counted if is_exact or calls.what != "round_trips"]
