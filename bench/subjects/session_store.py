"""The session store of ``bench.systems.session_store``, called directly or over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from psycopg import AsyncConnection, AsyncCursor, AsyncPipeline
from pydantic import Field

from bench.child_process import ChildProcess
from bench.contracts import (
    SESSION_STORE,
    Checkout,
    CountedCalls,
    Interface,
    Stored,
)
from bench.errors import UnavailableError
from bench.subjects import _postgres_base as base
from bench.systems.session_store.http_client import HttpSessions
from bench.systems.session_store.postgres import PostgresSessions
from bench.systems.session_store.sessions import Sessions

_START_S = 20.0
_ENDING_S = 5.0


class SessionStoreOptions(base.SynchronousCommit):
    """How sessions are kept, and how they are asked for.

    ``column``: what the data lies in; ``bytea`` holds JSON's bytes. ``files``: what serves while
    Postgres is down, ``"mirror"`` keeps every session in a file besides. ``call``: from the worker,
    or over HTTP from a process of its own on 127.0.0.1.
    """

    column: Literal["jsonb", "text", "bytea"] = "jsonb"
    indexes: bool = True
    autocommit: bool = True
    files: Literal["none", "fallback", "mirror"] = "fallback"
    call: Literal["direct", "http"] = "direct"
    pool_size: int = Field(default=5, ge=1, le=100)


class SessionStoreSubject(base.PostgresSubject):
    """One store for all clients, over a pool."""

    Options = SessionStoreOptions
    options: SessionStoreOptions
    packages: ClassVar[tuple[str, ...]] = (
        *("fastapi", "httpx", "psycopg", "psycopg-pool", "uvicorn"),
    )
    interface: ClassVar[Interface] = SESSION_STORE
    keeps_history = False
    conforms = False
    _store: Sessions | HttpSessions | None = None
    _process: ChildProcess | None = None

    async def open(self, clients: int) -> None:
        if self.options.call == "http":
            port = await asyncio.to_thread(self._serve, clients)
            self._store = HttpSessions(f"http://127.0.0.1:{port}", connections=clients)
            return
        directory = self.place.directory / "sessions"
        mode = self.options.files
        postgres = PostgresSessions(self._address, **self._arguments(clients))
        self._store = Sessions(
            postgres, directory if mode != "none" else None, mirror=mode == "mirror"
        )
        await self._store.open()

    def saver(self, client: int) -> Sessions | HttpSessions:
        if self._store is None:
            raise RuntimeError("the store is not open")
        return self._store

    async def close(self) -> None:
        if self._store is not None:
            await self._store.close()
        if self._process is not None:
            await asyncio.to_thread(self._process.end, _ENDING_S)

    def connections(self, clients: int) -> int:
        return min(self.options.pool_size, clients)

    async def stored(self) -> Stored:
        """Tell the bytes, with indexes and TOAST; sessions are no checkpoints."""
        query = "SELECT pg_total_relation_size('isotope_sessions')::bigint AS bytes"
        (row,) = await self._rows(query)
        return Stored(None, row["bytes"])

    def checkouts(self) -> Sequence[Checkout]:
        if not isinstance(self._store, Sessions):
            return ()
        return [Checkout(self._store.postgres.pool, "getconn")]

    def counted_calls(self) -> Sequence[CountedCalls]:
        if not isinstance(self._store, Sessions):
            return ()
        return base.counted_calls(AsyncConnection, AsyncCursor, AsyncPipeline)

    def _arguments(self, clients: int) -> dict[str, Any]:
        given = self.options.model_dump(include={"column", "indexes", "autocommit"})
        return {**given, "pool_size": self.connections(clients)}

    def _serve(self, clients: int) -> int:
        given = {**self._arguments(clients), "mirror": self.options.files == "mirror"}
        directory = self.place.directory / "sessions"
        environment = {
            **os.environ,
            "SESSION_STORE_POSTGRES": self._address,
            "SESSION_STORE_PORT": "0",
            "SESSION_STORE_FILES": str(directory) if self.options.files != "none" else "",
            "SESSION_STORE_OPTIONS": json.dumps(given),
        }
        command = [sys.executable, "-m", "bench.systems.session_store"]
        self._process = ChildProcess(command, environment, errors=sys.stderr.fileno())
        try:
            port: int = json.loads(self._process.line(_START_S) or "{}")["port"]
        except (KeyError, ValueError, TimeoutError) as error:
            raise UnavailableError("the session store's REST face did not start") from error
        return port
