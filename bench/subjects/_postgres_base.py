"""What the Postgres subjects share: options, the set-up of a connection, and what is read back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, LiteralString, cast

from psycopg import AsyncCursor, Connection, Cursor, generators, pq, sql
from psycopg.rows import DictRow, dict_row
from pydantic import Field

from bench.contracts import (
    CHECKPOINT_WRITES,
    Checkout,
    CountedCalls,
    Place,
    PluginOptions,
    Stored,
    StoredTable,
    Subject,
)
from bench.errors import UnavailableError
from bench.scenario.durability import Durability
from bench.server_settings import postgres_commit_durability, postgres_durability
from bench.subjects._factories.savers import Saver, SaverOptions, SaversSubject

Query = LiteralString | sql.Composed

# What the savers' own from_conn_string gives to every connection.
CONNECTION: Mapping[str, Any] = {
    "autocommit": True,
    "prepare_threshold": 0,
    "row_factory": dict_row,
}

SETTINGS_SQL: LiteralString = """
    SELECT name, pg_catalog.current_setting(name) AS value
    FROM pg_catalog.pg_settings
    WHERE name IN ('synchronous_commit', 'fsync', 'full_page_writes', 'wal_level',
                   'shared_buffers', 'max_connections', 'server_version')
"""

STORED_SQL: LiteralString = """
    SELECT
        (SELECT pg_catalog.count(*) FROM checkpoints) AS checkpoints,
        (SELECT coalesce(pg_catalog.sum(pg_catalog.pg_total_relation_size(pg_class.oid)), 0)::bigint
         FROM pg_catalog.pg_class
         JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace
         WHERE nspname = pg_catalog.current_schema() AND relkind = 'r') AS stored_bytes
"""

# Commits are those of the whole database, and include ours of reading back.
COUNTERS_SQL: LiteralString = """
    SELECT
        tables.n_tup_ins::bigint AS checkpoint_inserts,
        tables.n_tup_upd::bigint AS checkpoint_updates,
        (SELECT xact_commit FROM pg_catalog.pg_stat_database
         WHERE datname = pg_catalog.current_database())::bigint AS commits
    FROM pg_catalog.pg_stat_user_tables AS tables
    WHERE schemaname = pg_catalog.current_schema() AND relname = 'checkpoints'
      AND pg_catalog.current_setting('track_counts')::bool
"""


COLUMNS_SQL: LiteralString = """
    SELECT table_name, column_name, data_type
    FROM information_schema.columns JOIN information_schema.tables
        USING (table_catalog, table_schema, table_name)
    WHERE table_schema = pg_catalog.current_schema() AND table_type = 'BASE TABLE'
    ORDER BY table_name, ordinal_position
"""


class SynchronousCommit(PluginOptions):
    """The option that all Postgres subjects have."""

    synchronous_commit: Literal["on", "off"] = "on"


class PostgresOptionsBase(SaverOptions, SynchronousCommit):
    """Options that both Postgres subjects have."""

    pool_size: int = Field(default=5, ge=1, le=100)
    pool_timeout_s: float = Field(default=30.0, gt=0.0, le=600.0)

    def refuse_unused(self, unused: Iterable[str], reason: str) -> None:
        """Refuse options that would change nothing: no label promises what is not measured.

        Raises:
            ValueError: one of ``unused`` is given.
        """
        for name in sorted(self.model_fields_set & set(unused)):
            raise ValueError(f"{name!r} means nothing {reason}; leave it out")


class PostgresSubject(Subject):
    """What lies in the schema of its place on a Postgres server: address, settings, tables."""

    server = "postgres"

    @classmethod
    def server_settings(cls, options: PluginOptions) -> Mapping[str, str]:
        return {"synchronous_commit": cast("SynchronousCommit", options).synchronous_commit}

    @classmethod
    def required_settings(cls, options: PluginOptions) -> Mapping[str, str]:
        is_asked_for = "synchronous_commit" in options.model_fields_set
        return cls.server_settings(options) if is_asked_for else {}

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return postgres_commit_durability(cast("SynchronousCommit", options).synchronous_commit)

    def durability_found(self, settings: Mapping[str, str]) -> Durability:
        return postgres_durability(settings)

    async def _rows(self, statement: Query) -> list[DictRow]:
        """Return the answer, over a connection of its own, so that it waits for no client's."""
        return await asyncio.to_thread(self._read, statement)

    async def _measured_rows(self, statement: Query) -> list[DictRow]:
        """Return the answer, over a connection that is measured, where there is such a one."""
        return await self._rows(statement)

    def _read(self, statement: Query) -> list[DictRow]:
        with self._connected() as connection:
            return connection.execute(statement).fetchall()

    def _connected(self) -> Connection[DictRow]:
        return Connection.connect(self._address, **CONNECTION)

    @property
    def _address(self) -> str:
        if self.place.endpoint is None:
            raise UnavailableError(
                "this subject needs a Postgres server, and none was started for it"
            )
        return self.place.endpoint.url

    async def settings(self) -> Mapping[str, str]:
        rows = await self._measured_rows(SETTINGS_SQL)
        return dict(sorted((row["name"], row["value"]) for row in rows))

    async def stored_tables(self) -> Sequence[StoredTable]:
        columns = await self._rows(COLUMNS_SQL)
        rows = await self._rows(tables_sql(columns)) if columns else []
        return [StoredTable(row["name"], row["rows"], row["largest_row_bytes"]) for row in rows]


class PostgresSubjectBase(PostgresSubject, SaversSubject[Saver]):
    """A Postgres saver over one connection or a pool, in the schema of its place."""

    packages = ("langgraph-checkpoint-postgres",)
    options: PostgresOptionsBase
    _pool: object | None = None

    async def stored(self) -> Stored:
        """Count; bytes include indexes and TOAST."""
        (row,) = await self._rows(STORED_SQL)
        return Stored(row["checkpoints"], row["stored_bytes"])

    async def server_counters(self) -> Mapping[str, int]:
        rows = await self._rows(COUNTERS_SQL)
        return counters_from(next(iter(rows), None), self.place)

    def checkouts(self) -> Sequence[Checkout]:
        return [Checkout(self._pool, "getconn")] if self._pool is not None else []


def tables_sql(columns: Iterable[Mapping[str, Any]]) -> sql.Composed:
    """Return what asks each table of the answer to :data:`COLUMNS_SQL` for its largest row.

    Bytes are those of the values before they are compressed or moved out of the row (TOAST).
    """
    sizes: dict[str, list[sql.Composed]] = {}
    for column in columns:
        is_binary = column["data_type"] == "bytea"
        text = "octet_length({})" if is_binary else "octet_length({}::pg_catalog.text)"
        size = sql.SQL("coalesce(pg_catalog." + text + ", 0)").format(
            sql.Identifier(column["column_name"])
        )
        sizes.setdefault(column["table_name"], []).append(size)
    asked = [
        sql.SQL(
            "SELECT {name} AS name, pg_catalog.count(*) AS rows, "
            "coalesce(pg_catalog.max({size}), 0)::bigint AS largest_row_bytes FROM {table}"
        ).format(
            name=sql.Literal(table), size=sql.SQL(" + ").join(parts), table=sql.Identifier(table)
        )
        for table, parts in sizes.items()
    ]
    return sql.SQL(" UNION ALL ").join(asked)


def counters_from(row: Mapping[str, Any] | None, place: Place) -> dict[str, int]:
    """Return the answer to :data:`COUNTERS_SQL`.

    The checkpoints written are told of an embedded server alone. A backend hands in its counts when
    it ends; behind a user's pooler it may live on, and servers before version 15 may lose some.
    """
    if row is None:
        return {}
    inserts, updates = int(row["checkpoint_inserts"]), int(row["checkpoint_updates"])
    counters = {"checkpoint_inserts": inserts, "checkpoint_updates": updates}
    if place.endpoint is None or place.endpoint.kind != "embedded":
        return counters
    return {**counters, "commits": int(row["commits"]), CHECKPOINT_WRITES: inserts + updates}


def counted_calls(connection: type, cursor: type, pipeline: type) -> tuple[CountedCalls, ...]:
    """Name what is counted of a driver's classes.

    psycopg exchanges with the server once for a statement outside a pipeline, once for what a
    connection says by itself (``BEGIN``), and once where a pipeline flushes and fetches. The first
    use of a statement on a connection takes one more, to prepare it, which is not counted.
    """
    return (
        CountedCalls("statements", cursor, "execute"),
        CountedCalls("statements", cursor, "executemany"),
        CountedCalls("round_trips", cursor, "execute", counts=_is_sent_alone),
        CountedCalls("round_trips", generators, "execute"),
        CountedCalls("round_trips", pipeline, "_fetch_gen"),
        CountedCalls("commits", connection, "commit"),
    )


def _is_sent_alone(cursor: Cursor[Any] | AsyncCursor[Any], *_: object, **__: object) -> bool:
    return cursor.connection.pgconn.pipeline_status == pq.PipelineStatus.OFF
