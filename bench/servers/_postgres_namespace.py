"""A Postgres schema of our own: made, checked and removed, and nothing beside it.

Statements name ``pg_catalog`` even where the search path is that alone: a session that is checked
has another one.

While a schema on a user's server is in use its run holds an advisory lock there, whose key comes
from the schema's comment. It ends with the connection, so with a run that is killed as well.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench.contracts import NAMESPACE, Leftover
from bench.errors import InputError, UnavailableError, UnsupportedError
from bench.server_settings import POSTGRES_SETTINGS
from bench.servers._postgres_connection import Connection, connect, failure_text, open_session

_IDENTIFIER = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")
_COMMENT = "checkpoint-bench [0-9a-f]{32}"
_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_TRUTH = {**dict.fromkeys(("true", "yes", "1"), "on"), **dict.fromkeys(("false", "no", "0"), "off")}

# The servers that end idle sessions if told to; until 14 none did.
_ENDS_IDLE_SESSIONS = 14_00_00


def identifier(namespace: str) -> str:
    """Return ``namespace`` if it is a plain identifier, else one that is made from it.

    What is replaced or cut off is made up for by a hash, so that two namespaces never share one.
    """
    if _IDENTIFIER.fullmatch(namespace):
        return namespace
    digest = hashlib.sha256(namespace.encode()).hexdigest()[:12]
    return f"bench_{re.sub('[^a-z0-9_]+', '_', namespace.lower())[:40]}_{digest}"


def check_setting_names(settings: Mapping[str, str], reserved: frozenset[str]) -> None:
    """Refuse settings that are no plain names, or that the server plug-in itself must give.

    Raises:
        InputError: the text names the setting.
    """
    for name in settings:
        if not _SETTING.fullmatch(name) or name.lower() in reserved:
            raise InputError(f"the Postgres setting {name!r} cannot be chosen here")


class Schema:
    """One schema, known as ours by a token in its comment.

    ``is_shared``: others use the server too, and are shown for how long the schema is in use.
    """

    def __init__(self, conninfo: str, namespace: str, *, is_shared: bool = False) -> None:
        self.name = identifier(namespace)
        self._conninfo = conninfo
        self._token = f"checkpoint-bench {uuid.uuid4().hex}"
        self._is_shared = is_shared
        self._holder: Connection | None = None

    def create(self) -> None:
        """Make the schema.

        Raises:
            UnavailableError: it exists already, or the user may not make one.
        """
        name = sql.Identifier(self.name)
        try:
            if self._is_shared:
                # Before others can see the schema.
                self._holder = _holding(self._conninfo, self._token)
            with connect(self._conninfo) as connection, connection.transaction():
                connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
                connection.execute(
                    sql.SQL("COMMENT ON SCHEMA {} IS {}").format(name, sql.Literal(self._token))
                )
        except psycopg.errors.DuplicateSchema as error:
            raise UnavailableError(
                f"the server holds a schema named {self.name!r} already; it was not made by this "
                "trial, so it is left as it is"
            ) from error
        except psycopg.Error as error:
            text = failure_text(error, self._conninfo)
            raise UnavailableError(f"cannot make the schema {self.name!r}: {text}") from None

    def drop(self, lock_timeout_s: float) -> None:
        """Remove the schema with what is in it, if this object made it.

        Raises:
            UnavailableError: it could not be removed; the text names the schema.
        """
        try:
            with connect(self._conninfo, options=_waits(lock_timeout_s)) as connection:
                _drop(connection, self.name, self._token)
        except psycopg.Error as error:
            text = failure_text(error, self._conninfo)
            raise UnavailableError(
                f"the schema {self.name!r} could not be removed, do it by hand: {text}"
            ) from None
        finally:
            if self._holder is not None:
                self._holder.close()

    def session_conninfo(self, session_settings: Mapping[str, str]) -> str:
        """Return the connection string whose sessions work in this schema with these settings."""
        chosen = {**session_settings, "search_path": self.name}
        added = [f"-c {name}={_escape(value)}" for name, value in chosen.items()]
        present = str(conninfo_to_dict(self._conninfo).get("options") or "")
        return make_conninfo(self._conninfo, options=" ".join([present, *added]).strip())


def clean(conninfo: str, *, remove: bool, lock_timeout_s: float) -> Sequence[Leftover]:
    """List the schemas that runs have made; with ``remove`` drop those that none uses any more.

    Raises:
        UnavailableError: the server does not answer.
    """
    try:
        with connect(conninfo, options=_waits(lock_timeout_s)) as connection:
            return [
                Leftover(name, content, *_cleaned(connection, name, token, conninfo, remove=remove))
                for name, token, content in _ours(connection)
            ]
    except psycopg.Error as error:
        raise UnavailableError(failure_text(error, conninfo)) from None


def _ours(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the comment and the content in words of every schema that a run has made."""
    rows = connection.execute(
        """
        SELECT nspname, pg_catalog.obj_description(pg_namespace.oid, 'pg_namespace') AS token,
               pg_catalog.count(pg_class.oid),
               coalesce(pg_catalog.sum(pg_catalog.pg_total_relation_size(pg_class.oid)), 0)::bigint
        FROM pg_catalog.pg_namespace
        LEFT JOIN pg_catalog.pg_class ON relnamespace = pg_namespace.oid AND relkind = 'r'
        WHERE nspname OPERATOR(pg_catalog.~) %s
        GROUP BY nspname, pg_namespace.oid ORDER BY nspname
        """,
        # Of others' tables nothing is asked: that would wait for whoever works on them.
        (f"^{NAMESPACE}$",),
    ).fetchall()
    for name, token, tables, size_bytes in rows:
        if re.fullmatch(NAMESPACE, name) and re.fullmatch(_COMMENT, token or ""):
            yield name, token, f"{tables} tables, {size_bytes / 1e6:.1f} MB"


def _cleaned(
    connection: Connection, name: str, token: str, conninfo: str, *, remove: bool
) -> tuple[Literal["left over", "in use", "removed", "kept"], str]:
    """Return what has become of a schema, and why it was kept."""
    key = _lock_key(token)
    taken = connection.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", (key,)).fetchone()
    if taken != (True,):
        return "in use", ""
    try:
        if remove:
            _drop(connection, name, token)
    except psycopg.Error as error:
        return "kept", failure_text(error, conninfo)
    finally:
        connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", (key,))
    return ("removed" if remove else "left over"), ""


def _drop(connection: Connection, name: str, token: str) -> None:
    comment = connection.execute(
        "SELECT pg_catalog.obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace "
        "WHERE nspname = %s",
        (name,),
    ).fetchone()
    if comment == (token,):
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


def _holding(conninfo: str, token: str) -> Connection:
    """Return a connection that holds the lock of ``token`` for as long as it is open."""
    connection = connect(conninfo)
    try:
        if connection.info.server_version >= _ENDS_IDLE_SESSIONS:
            connection.execute("SET idle_session_timeout = 0")
        connection.execute("SELECT pg_catalog.pg_advisory_lock(%s)", (_lock_key(token),))
    except BaseException:
        connection.close()
        raise
    return connection


def _lock_key(token: str) -> int:
    return int.from_bytes(hashlib.sha256(token.encode()).digest()[:8], signed=True)


def _waits(lock_timeout_s: float) -> str:
    return f"-c lock_timeout={int(lock_timeout_s * 1000)}"


def session_settings(conninfo: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Return those of ``settings`` that a session must set; the others the server has already.

    Raises:
        UnsupportedError: a setting is not a session's to set and the server has another value.
        UnavailableError: the server does not answer.
    """
    try:
        with connect(conninfo) as connection:
            return {
                name: wanted
                for name, wanted in settings.items()
                if not _has(connection, name, wanted)
            }
    except psycopg.Error as error:
        raise UnavailableError(failure_text(error, conninfo)) from None


def _has(connection: Connection, name: str, wanted: str) -> bool:
    """Tell whether ``name`` is ``wanted``; if not, a session must be able to set it."""
    row = connection.execute(
        "SELECT pg_catalog.current_setting(name), setting, context FROM pg_catalog.pg_settings "
        "WHERE name OPERATOR(pg_catalog.=) pg_catalog.lower(%s)",
        (name,),
    ).fetchone()
    if row is None:
        raise UnsupportedError(f"the server has no setting {name!r}, asked for as {wanted!r}")
    shown, raw, context = (str(value) for value in row)
    if _plain(wanted) in {_plain(shown), _plain(raw)}:
        return True
    allowed = {"user", "backend"}
    privileged = connection.execute("SELECT pg_catalog.current_setting('is_superuser')").fetchone()
    if privileged == ("on",):
        allowed |= {"superuser", "superuser-backend"}
    if context not in allowed:
        raise UnsupportedError(
            f"the server runs with {name} = {shown!r}, {wanted!r} is needed, and a session cannot "
            "change it; set it in the server's configuration, or use the embedded server"
        )
    return False


def verify(conninfo: str, schema: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Read back over ``conninfo`` that a session works in ``schema`` with ``settings``.

    Returns what decides the durability of such a session.

    Raises:
        UnsupportedError: the session has another value, e.g. behind a pooler that drops options.
        UnavailableError: no session can be opened.
    """
    try:
        with open_session(conninfo) as connection:
            current = connection.execute("SELECT pg_catalog.current_schema()").fetchone()
            different = [
                name for name, wanted in settings.items() if not _has(connection, name, wanted)
            ]
            rows = connection.execute(
                "SELECT name, pg_catalog.current_setting(name) FROM pg_catalog.pg_settings "
                "WHERE name OPERATOR(pg_catalog.=) ANY(%s)",
                ([*POSTGRES_SETTINGS],),
            ).fetchall()
    except psycopg.Error as error:
        raise UnavailableError(failure_text(error, conninfo)) from None
    if current != (schema,) or different:
        what = ", ".join(different) or "search_path"
        raise UnsupportedError(f"the server does not take these settings for a session: {what}")
    return {str(name): str(value) for name, value in rows}


def _plain(value: str) -> str:
    lowered = value.strip().lower()
    return _TRUTH.get(lowered, lowered)


def _escape(value: str) -> str:
    return re.sub(r"([\\\s])", r"\\\1", value)
