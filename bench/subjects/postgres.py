"""LangGraph's ``AsyncPostgresSaver``."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self, cast

import psycopg
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection, AsyncCursor, AsyncPipeline
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool, AsyncNullConnectionPool
from pydantic import model_validator

from bench.contracts import CountedCalls
from bench.errors import UnsupportedError
from bench.subjects import _postgres_base as base
from bench.systems.serialisation import DecodingInThreads, OnLoopExecutor

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]


class PostgresOptions(base.PostgresOptionsBase):
    """How connections are had, and how many savers share them.

    ``connection``: ``single`` is what ``from_conn_string`` makes; ``pipeline`` is the same inside
    one long-lived pipeline; ``pool`` holds ``pool_size`` open connections; ``per_operation``
    connects for every operation (``AsyncNullConnectionPool``).

    ``saver_per``: a saver takes one lock around each of its operations, so savers shared by a
    trial, made for a client or made for each operation queue in different places. Over one pool
    they share it; with ``single`` and ``pipeline`` each client has its own connection and saver.

    ``serialisation``: ``saver`` leaves it to the saver, which writes in threads and reads on the
    loop; ``loop`` does both on the loop, ``threads`` both in threads.
    """

    connection: Literal["single", "pipeline", "pool", "per_operation"] = "pool"
    saver_per: Literal["trial", "client", "operation"] = "client"
    serialisation: Literal["saver", "loop", "threads"] = "saver"

    @property
    def pooled(self) -> bool:
        return self.connection in {"pool", "per_operation"}

    @model_validator(mode="after")
    def _refuse_what_means_nothing(self) -> Self:
        reason = f"with connection = {self.connection!r}"
        if self.connection != "pool":
            self.refuse_unused(["pool_size"], reason)
        if not self.pooled:
            self.refuse_unused(["pool_timeout_s"], reason)
            if self.saver_per == "operation":
                raise ValueError(
                    f"saver_per = 'operation' means nothing {reason}: savers that share one "
                    "connection would use it at the same time; expected 'trial' or 'client', or "
                    "connection = 'pool' or 'per_operation'"
                )
        return self


class PostgresSubject(base.PostgresSubjectBase[AsyncPostgresSaver]):
    """``AsyncPostgresSaver`` over one connection, a pipeline or a pool."""

    Options = PostgresOptions
    options: PostgresOptions
    _pool: Pool | None = None

    async def open(self, clients: int) -> None:
        """Make the tables over a plain connection, then the connections that are measured.

        The plain connection comes first so that a loop that psycopg refuses says so itself; a pool
        would retry in the background and time out instead. It also makes the tables, since a
        migration that creates an index concurrently cannot run in a pipeline.
        """
        async with await self._connect() as connection:
            await AsyncPostgresSaver(connection).setup()
        if self.options.serialisation == "loop":
            asyncio.get_running_loop().set_default_executor(OnLoopExecutor())
        if self.options.pooled:
            self._pool = await self._open_pool()
        if self.options.saver_per != "operation":
            await self._make_savers(clients, self._make_saver)

    async def _connect(self) -> AsyncConnection[DictRow]:
        try:
            return await AsyncConnection.connect(self._address, **base.CONNECTION)
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
        timeout_s = self.options.pool_timeout_s
        given: dict[str, Any] = {"open": False, "timeout": timeout_s, "kwargs": {**base.CONNECTION}}
        pool: Pool
        if self.options.connection == "pool":
            size = self.options.pool_size
            pool = AsyncConnectionPool(self._address, min_size=size, max_size=size, **given)
        else:
            pool = AsyncNullConnectionPool(self._address, **given)
        self._resources.push_async_callback(pool.close)
        await pool.open(wait=True, timeout=timeout_s)
        return pool

    @property
    def _saver_class(self) -> type[AsyncPostgresSaver]:
        in_threads = self.options.serialisation == "threads"
        return DecodingInThreads if in_threads else AsyncPostgresSaver

    async def _make_saver(self) -> AsyncPostgresSaver:
        if self._pool is not None:
            return self._saver_class(self._pool)
        connection = await self._resources.enter_async_context(await self._connect())
        if self.options.connection == "single":
            return self._saver_class(connection)
        pipeline = await self._resources.enter_async_context(connection.pipeline())
        return self._saver_class(connection, pipeline)

    def saver(self, client: int) -> AsyncPostgresSaver:
        if self._pool is not None and not self._savers:
            return self._saver_class(self._pool)
        return self._savers[client]

    def connections(self, clients: int) -> int:
        if self.options.connection == "pool":
            return self.options.pool_size
        # A connection that serves one operation is never warm.
        return 1 if self.options.pooled else super().connections(clients)

    async def settings(self) -> Mapping[str, str]:
        pipelines = psycopg.Capabilities().has_pipeline()
        return {**await super().settings(), "libpq_pipeline": "yes" if pipelines else "no"}

    async def _measured_rows(self, statement: base.Query) -> list[DictRow]:
        if self._pool is None:
            connection = cast("AsyncConnection[DictRow]", self._savers[0].conn)
            return await (await connection.execute(statement)).fetchall()
        async with self._pool.connection() as connection:
            return await (await connection.execute(statement)).fetchall()

    def counted_calls(self) -> Sequence[CountedCalls]:
        """Name statements, exchanges and commits.

        In one long-lived pipeline the exchanges depend on who waits first: there they say nothing.
        """
        counted = base.counted_calls(AsyncConnection, AsyncCursor, AsyncPipeline)
        is_exact = self.options.connection != "pipeline"
        return [calls for calls in counted if is_exact or calls.what != "round_trips"]
