"""The table of sessions in Postgres."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from bench.errors import InputError
from bench.systems.session_store.columns import COLUMNS, ColumnName
from bench.systems.session_store.session import (
    Listed,
    Restored,
    Session,
    SessionRefusedError,
    Statistics,
    StoreDownError,
    StoreError,
    message_count,
)

INDEXED = ("created_at", "last_updated", "expires_at", "is_active")
# Instances that start at once would otherwise both find no table.
_ALONE: LiteralString = "SELECT pg_catalog.pg_advisory_xact_lock(723115409)"
_KIND: LiteralString = """
    SELECT pg_catalog.format_type(atttypid, NULL) AS kind FROM pg_catalog.pg_attribute
    WHERE attrelid = pg_catalog.to_regclass('isotope_sessions') AND attname = 'session_data'
"""
_LIVES: LiteralString = "is_active AND (expires_at IS NULL OR expires_at > now())"
_SAVE: LiteralString = """
    INSERT INTO isotope_sessions AS kept (session_id, session_data, metadata, expires_at)
    VALUES (%s, %s, %s, now() + %s * interval '1 hour')
    ON CONFLICT (session_id) DO UPDATE SET
        session_data = excluded.session_data, metadata = excluded.metadata,
        last_updated = excluded.last_updated, expires_at = excluded.expires_at,
        version = kept.version + 1, is_active = true
    RETURNING version
"""
_PUT: LiteralString = """
    INSERT INTO isotope_sessions AS kept (
        session_id, session_data, metadata, created_at, last_updated, expires_at, is_active)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (session_id) DO UPDATE SET
        session_data = excluded.session_data, metadata = excluded.metadata,
        last_updated = excluded.last_updated, expires_at = excluded.expires_at,
        version = kept.version + 1, is_active = excluded.is_active
    WHERE kept.last_updated < excluded.last_updated
"""
_COPY: LiteralString = """
    COPY isotope_sessions (session_id, session_data, metadata, created_at, last_updated) FROM STDIN
"""
_SECOND = timedelta(seconds=1)
_COLUMNS: LiteralString = (
    "session_id, metadata, created_at, last_updated, expires_at, version, is_active"
)
_LOAD: LiteralString = f"""
    SELECT session_data, {_COLUMNS} FROM isotope_sessions WHERE session_id = %s AND {_LIVES}
"""  # noqa: S608 - constants alone
LIST_ACTIVE: LiteralString = f"""
    SELECT {_COLUMNS} FROM isotope_sessions WHERE {_LIVES}
    ORDER BY last_updated DESC, session_id LIMIT %s OFFSET %s
"""  # noqa: S608 - constants alone
_LIST_ALL: LiteralString = f"""
    SELECT {_COLUMNS} FROM isotope_sessions
    ORDER BY last_updated DESC, session_id LIMIT %s OFFSET %s
"""  # noqa: S608 - constants alone
_DEACTIVATE: LiteralString = """
    UPDATE isotope_sessions SET is_active = false, last_updated = now()
    WHERE session_id = %s AND is_active
"""
_DELETE: LiteralString = "DELETE FROM isotope_sessions WHERE session_id = %s"
_CLEAN_UP: LiteralString = "DELETE FROM isotope_sessions WHERE expires_at <= now()"
_COUNT: LiteralString = (
    f"SELECT pg_catalog.count(*) AS total, pg_catalog.count(*) FILTER (WHERE {_LIVES}) AS active"
)
_RESTORE: LiteralString = f"""
    SELECT session_data, {_COLUMNS} FROM isotope_sessions WHERE {_LIVES}
"""  # noqa: S608 - constants alone
_EVERY: LiteralString = f"SELECT session_data, {_LIVES} AS lives FROM isotope_sessions"  # noqa: S608 - as above
_OF_THE_SESSION = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded)
# Connection lost, out of resources, shut down, its disk failed.
_UNSERVED = {"08", "53", "57", "58"}
_LOGIN_REFUSED = re.compile(r"authentication failed|no password supplied|pg_hba|does not exist")
# So many rows are fetched at a time of a table that may be larger than memory.
_ROWS_AT_A_TIME = 1000

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]


class PostgresSessions:
    """Sessions in the table ``isotope_sessions`` of the connection's first schema.

    ``column`` is what ``session_data`` is; without ``indexes`` there is but the primary key.
    With ``autocommit`` each statement is its own transaction, else each operation is put into
    ``BEGIN`` and ``COMMIT``. Times are the server's, so that instances need not agree on theirs.
    All that it is given is expected to be plain, see ``session.plain``.

    Every method raises StoreDownError where the server does not answer, and StoreError where it
    refuses what is asked or all connections are in use; connecting gives up after ``timeout_s``.

    Raises:
        InputError: ``conninfo`` cannot be read.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        column: ColumnName = "jsonb",
        indexes: bool = True,
        autocommit: bool = True,
        pool_size: int = 5,
        timeout_s: float = 2.0,
    ) -> None:
        try:
            conninfo_to_dict(conninfo)
        except psycopg.ProgrammingError:
            # libpq's text quotes what it cannot read, perhaps a password.
            raise InputError(
                "expected a connection string of Postgres: postgresql://... or key=value pairs"
            ) from None
        self._column = COLUMNS[column]
        self._indexes = indexes
        self._autocommit = autocommit
        self._timeout_s = timeout_s
        self._conninfo = conninfo
        self._pool_size = pool_size
        self.pool: Pool = self._new_pool()

    async def open(self) -> None:
        """Connect, and make the table and its indexes unless they are there.

        Raises:
            InputError: the table is there with another kind of column.
        """
        # First by itself: a pool would go on trying in the background, and say less.
        async with self._own_connection() as connection:
            await self._set_up(connection)
        with _errors_sorted():
            await self.pool.open(wait=True, timeout=self._timeout_s)

    async def close(self) -> None:
        """Close all connections."""
        await self.pool.close()

    async def reopen(self) -> None:
        """Exchange all connections for new ones, once the server answers again."""
        before, self.pool = self.pool, self._new_pool()
        await before.close()
        await self.open()

    async def save(
        self,
        session_id: str,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        expires_in_hours: float | None = None,
    ) -> int:
        """Write a session, new or over what is there, and return its version."""
        values = (session_id, self._column.encode(data), Jsonb(metadata), expires_in_hours)
        async with self._cursor(_SAVE, values) as cursor:
            row = await cursor.fetchone()
        assert row is not None  # noqa: S101 - what was inserted or updated is returned
        version: int = row["version"]
        return version

    async def put(self, session: Session) -> None:
        """Write a session as it is, with its times, unless a newer one is there."""
        data = self._column.encode(session.data)
        times = session.created_at, session.last_updated, session.expires_at
        values = (session.session_id, data, Jsonb(session.metadata), *times, session.is_active)
        async with self._cursor(_PUT, values):
            pass

    async def insert_many(self, sessions: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Write many new sessions, each an id and its data, as if one had been saved each second.

        By COPY, and the planner then knows how many there are.
        """
        async with self._pooled() as connection:
            row = await (await connection.execute("SELECT now() AS now")).fetchone()
            assert row is not None  # noqa: S101 - there is one
            saved_at = row["now"]
            async with (
                connection.cursor() as cursor,
                connection.transaction(),
                cursor.copy(_COPY) as copy,
            ):
                for session_id, data in sessions:
                    values = (session_id, self._column.encode(data), "{}", saved_at, saved_at)
                    await copy.write_row(values)
                    saved_at -= _SECOND
            await connection.execute("VACUUM (ANALYZE) isotope_sessions")

    async def load(self, session_id: str) -> Session | None:
        """Return an active session that has not expired.

        Raises:
            ValueError: its data cannot be read.
        """
        async with self._cursor(_LOAD, (session_id,)) as cursor:
            row = await cursor.fetchone()
        return self._session(row) if row is not None else None

    async def list_sessions(
        self, limit: int, offset: int, *, include_inactive: bool
    ) -> list[Listed]:
        """Return a page of the sessions, the last updated first."""
        statement = _LIST_ALL if include_inactive else LIST_ACTIVE
        async with self._cursor(statement, (limit, offset)) as cursor:
            return [Listed(**row) for row in await cursor.fetchall()]

    async def delete(self, session_id: str, *, hard: bool) -> bool:
        """Remove a session, or only mark it as inactive; tell whether there was one."""
        async with self._cursor(_DELETE if hard else _DEACTIVATE, (session_id,)) as cursor:
            return cursor.rowcount > 0

    async def delete_older(self, session_id: str, than: Any, *, hard: bool) -> None:
        """Do so unless the session was updated later ``than`` that instant."""
        statement = (_DELETE if hard else _DEACTIVATE) + " AND last_updated < %s"
        async with self._cursor(statement, (session_id, than)):
            pass

    async def statistics(self) -> Statistics:
        """Count; what the server cannot look into is fetched for it."""
        messages = self._column.messages_sql
        if messages:
            average = f", coalesce(pg_catalog.avg({messages}), 0)::float8 AS average"
            counted: LiteralString = f"{_COUNT}{average} FROM isotope_sessions"
            async with self._cursor(counted) as cursor:
                row = await cursor.fetchone()
            assert row is not None  # noqa: S101 - an aggregate has one row
            return Statistics(row["total"], row["active"], row["average"])
        total = active = messages_found = 0
        async for row in self._rows(_EVERY):
            total += 1
            active += bool(row["lives"])
            messages_found += self._messages_of(row["session_data"])
        return Statistics(total, active, messages_found / total if total else 0.0)

    async def clean_up(self) -> int:
        """Remove what has expired, and return how many there were."""
        async with self._cursor(_CLEAN_UP) as cursor:
            return cursor.rowcount

    async def restore(self, keep: Callable[[Session], None]) -> Restored:
        """Read every active session, hand it over, and tell which of them cannot be read."""
        restored: list[str] = []
        failed: dict[str, str] = {}
        async for row in self._rows(_RESTORE):
            session_id = row["session_id"]
            try:
                keep(self._session(row))
            except ValueError as error:
                failed[session_id] = str(error)
            else:
                restored.append(session_id)
        return Restored(tuple(restored), failed)

    async def version(self) -> str:
        """Return the server's version, over a connection of its own."""
        async with self._own_connection() as connection:
            cursor = await connection.execute("SHOW server_version")
            row = await cursor.fetchone()
        return str(row["server_version"]) if row else ""

    def _new_pool(self) -> Pool:
        return AsyncConnectionPool(
            self._conninfo,
            open=False,
            min_size=self._pool_size,
            max_size=self._pool_size,
            timeout=self._timeout_s,
            kwargs=self._connection,
        )

    @property
    def _connection(self) -> dict[str, Any]:
        timeout_s = max(1, round(self._timeout_s))
        return {"autocommit": True, "row_factory": dict_row, "connect_timeout": timeout_s}

    @asynccontextmanager
    async def _own_connection(self) -> AsyncIterator[AsyncConnection[DictRow]]:
        with _errors_sorted():
            async with await AsyncConnection.connect(
                self._conninfo, **self._connection
            ) as connection:
                yield connection

    @asynccontextmanager
    async def _pooled(self) -> AsyncIterator[AsyncConnection[DictRow]]:
        with _errors_sorted():
            try:
                async with self.pool.connection() as connection:
                    yield connection
            except PoolTimeout:
                # Either nobody gave one back, or none could be made.
                await self.version()
                raise StoreError("all connections to Postgres are in use") from None

    async def _set_up(self, connection: AsyncConnection[DictRow]) -> None:
        kind = self._column.sql_type
        table: LiteralString = f"""
            CREATE TABLE IF NOT EXISTS isotope_sessions (
                session_id varchar(128) PRIMARY KEY,
                session_data {kind} NOT NULL,
                metadata jsonb NOT NULL DEFAULT '{{}}',
                created_at timestamptz NOT NULL DEFAULT now(),
                last_updated timestamptz NOT NULL DEFAULT now(),
                expires_at timestamptz,
                version integer NOT NULL DEFAULT 1,
                is_active boolean NOT NULL DEFAULT true
            )
        """
        async with connection.transaction():
            await connection.execute(_ALONE)
            await connection.execute(table)
            row = await (await connection.execute(_KIND)).fetchone()
            if row is None or row["kind"] != kind:
                found = row["kind"] if row else "nothing"
                raise InputError(f"isotope_sessions.session_data is {found}, expected {kind}")
            for column in INDEXED if self._indexes else ():
                await connection.execute(
                    f"CREATE INDEX IF NOT EXISTS isotope_sessions_{column} "
                    f"ON isotope_sessions ({column})"
                )

    @asynccontextmanager
    async def _cursor(
        self, statement: LiteralString, values: tuple[Any, ...] = ()
    ) -> AsyncIterator[AsyncCursor[DictRow]]:
        async with self._pooled() as connection:
            if self._autocommit:
                yield await connection.execute(statement, values)
            else:
                async with connection.transaction():
                    yield await connection.execute(statement, values)

    async def _rows(self, statement: LiteralString) -> AsyncIterator[DictRow]:
        """Yield the rows of an answer that may be larger than memory."""
        async with (
            self._pooled() as connection,
            connection.transaction(),
            connection.cursor(name="sessions") as cursor,
        ):
            cursor.itersize = _ROWS_AT_A_TIME
            await cursor.execute(statement)
            async for row in cursor:
                yield row

    def _session(self, row: DictRow) -> Session:
        data = self._column.decode(row.pop("session_data"))
        if not isinstance(data, dict):
            raise ValueError(f"expected a dictionary, found {type(data).__name__}")  # noqa: TRY004 - a value, not a caller's type
        return Session(data=data, **row)

    def _messages_of(self, content: Any) -> int:
        try:
            data = self._column.decode(content)
        except ValueError:
            return 0
        return message_count(data) if isinstance(data, dict) else 0


@contextmanager
def _errors_sorted() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        name = type(error).__name__
        if isinstance(error, _OF_THE_SESSION):
            raise SessionRefusedError(f"Postgres cannot keep the session ({name})") from error
        if not _is_unserved(error):
            raise StoreError(f"Postgres refuses what it is asked ({name})") from error
        # libpq gives no code for a login that failed.
        if error.sqlstate is None and _LOGIN_REFUSED.search(str(error)):
            raise StoreError("Postgres refuses the login: user, password or database") from None
        raise StoreDownError(f"Postgres does not answer ({name})") from error


def _is_unserved(error: psycopg.Error) -> bool:
    if isinstance(error, psycopg.OperationalError):
        return error.sqlstate is None or error.sqlstate[:2] in _UNSERVED
    return isinstance(error, psycopg.InterfaceError)
