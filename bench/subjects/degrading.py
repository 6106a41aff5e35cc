"""The degrading checkpointer of the documents: Postgres as long as it is there, else memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from typing import cast

import psycopg
from psycopg.rows import DictRow
from pydantic import Field

from bench.contracts import Place, PluginOptions, Stored
from bench.scenario.durability import Durability
from bench.subjects import _postgres_base as base
from bench.systems.degrading import DegradingCheckpointer, DegradingSettings


class DegradingOptions(PluginOptions):
    """The settings of the system; the defaults are the document's.

    ``pool_taken`` connections are taken out of the pool for good, as by code that leaks them.
    """

    prefer_async: bool = True
    pool_size: int = Field(default=5, ge=1, le=100)
    pool_timeout_s: float = Field(default=30.0, gt=0.0, le=600.0)
    pool_taken: int = Field(default=0, ge=0, le=100)


class DegradingSubject(base.PostgresSubject):
    """One ``DegradingCheckpointer`` for all clients."""

    Options = DegradingOptions
    packages = ("langgraph-checkpoint-postgres",)
    falls_back = True

    def __init__(self, options: PluginOptions, place: Place) -> None:
        super().__init__(options, place)
        given = cast("DegradingOptions", options)
        self._taken = 0 if place.is_reading_back else given.pool_taken
        self._settings = DegradingSettings(
            url=place.endpoint.url if place.endpoint else "",
            # What Postgres holds is read by the synchronous level.
            prefer_async=given.prefer_async and not place.is_reading_back,
            pool_size=given.pool_size,
            pool_timeout_s=given.pool_timeout_s,
        )
        self._resources = AsyncExitStack()

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        """Return that of its weakest level: nobody is told by which one a write is acknowledged."""
        return Durability.VOLATILE

    def durability_found(self, settings: Mapping[str, str]) -> Durability:
        return self.durability(self.options)

    @classmethod
    def server_settings(cls, options: PluginOptions) -> Mapping[str, str]:
        return {"synchronous_commit": "on"}

    @classmethod
    def required_settings(cls, options: PluginOptions) -> Mapping[str, str]:
        return {}

    async def open(self, clients: int) -> None:
        """Make the tables, where Postgres is there, as who has run before has them.

        Nothing else connects before the first call, but for connections to be taken.
        """
        await asyncio.to_thread(self._set_up)
        saver = DegradingCheckpointer(self._settings)
        self._saver = await self._resources.enter_async_context(saver)
        for _ in range(self._taken):
            connection = await (await saver.pool()).getconn()
            self._resources.push_async_callback(connection.close)

    def saver(self, client: int) -> DegradingCheckpointer:
        return self._saver

    def connections(self, clients: int) -> int:
        """Return 1: nothing is prepared on any of them."""
        return 1

    async def stored(self) -> Stored:
        rows = await self._rows(base.STORED_SQL)
        return (
            Stored(rows[0]["checkpoints"], rows[0]["stored_bytes"]) if rows else Stored(None, None)
        )

    def _set_up(self) -> None:
        with suppress(psycopg.OperationalError, ImportError):
            from langgraph.checkpoint.postgres import PostgresSaver  # noqa: PLC0415 - may be missing

            with self._connected() as connection:
                PostgresSaver(connection).setup()

    def _connected(self) -> psycopg.Connection[DictRow]:
        return psycopg.connect(self._address, **{**base.CONNECTION, "connect_timeout": 2})

    def _read(self, statement: base.Query) -> list[DictRow]:
        """Read nothing where Postgres does not answer."""
        try:
            return super()._read(statement)
        except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
            return []

    async def close(self) -> None:
        await self._resources.aclose()
