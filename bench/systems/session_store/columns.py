"""The kinds of column that a session's data may lie in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, LiteralString

from psycopg.types.json import Jsonb

ColumnName = Literal["jsonb", "text", "bytea"]


@dataclass(frozen=True, slots=True)
class Column:
    """How data is written to and read from a column of ``sql_type``.

    ``messages_sql`` counts the messages of a row; empty where the server cannot look into it.
    ``decode`` raises ValueError for what it cannot read.
    """

    sql_type: LiteralString
    encode: Callable[[Mapping[str, Any]], object]
    decode: Callable[[Any], Any]
    messages_sql: LiteralString = ""


def _messages_of(data: LiteralString) -> LiteralString:
    return (
        f"CASE pg_catalog.jsonb_typeof({data} -> 'messages') WHEN 'array' "
        f"THEN pg_catalog.jsonb_array_length({data} -> 'messages') ELSE 0 END"
    )


def _compact(data: Mapping[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


COLUMNS: Mapping[ColumnName, Column] = {
    # psycopg has parsed what comes back.
    "jsonb": Column("jsonb", Jsonb, lambda data: data, _messages_of("session_data")),
    "text": Column("text", _compact, json.loads, _messages_of("session_data::jsonb")),
    "bytea": Column("bytea", lambda data: _compact(data).encode(), json.loads),
}
