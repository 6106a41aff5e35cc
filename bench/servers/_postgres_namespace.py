"""A Postgres schema of our own: made, checked and removed, and nothing beside it."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from bench.errors import InputError, UnavailableError, UnsupportedError
from bench.records.redaction import redact, secrets_of

_IDENTIFIER = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")
_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_TRUTH = {**dict.fromkeys(("true", "yes", "1"), "on"), **dict.fromkeys(("false", "no", "0"), "off")}

Connection = psycopg.Connection[TupleRow]


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


def connect(conninfo: str, *, within_s: int = 5, options: str | None = None) -> Connection:
    """Connect within ``within_s`` seconds, in autocommit; ``options`` replace the string's own.

    Raises:
        psycopg.Error: it failed; its text may hold the password, see :func:`failure_text`.
    """
    chosen = {} if options is None else {"options": options}
    given = make_conninfo(
        conninfo, connect_timeout=within_s, application_name="checkpoint-bench", **chosen
    )
    return psycopg.connect(given, autocommit=True)


def failure_text(error: psycopg.Error, conninfo: str) -> str:
    """Return the text of ``error`` without a password of ``conninfo``.

    Where an unencoded character in the password shifted the parts of a URL, libpq quotes pieces of
    the password as host or port: then nothing of its text is kept.
    """
    if "://" in conninfo and not _is_plain(conninfo):
        return (
            "the connection string cannot be understood; write special characters in the "
            "password percent-encoded (@ as %40, / as %2F, : as %3A)"
        )
    return redact(" ".join(str(error).split()), secrets_of(conninfo)) or type(error).__name__


def _is_plain(url: str) -> bool:
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return False
    port = str(parts.get("port") or "")
    return (
        url.count("@") <= 1
        and "@" not in f"{parts.get('host')}{parts.get('dbname')}"
        and (not port or port.replace(",", "").isdigit())
    )


class Schema:
    """One schema, known as ours by a token in its comment."""

    def __init__(self, conninfo: str, namespace: str) -> None:
        self.name = identifier(namespace)
        self._conninfo = conninfo
        self._token = f"checkpoint-bench {uuid.uuid4().hex}"

    def create(self) -> None:
        """Make the schema.

        Raises:
            UnavailableError: it exists already, or the user may not make one.
        """
        name = sql.Identifier(self.name)
        try:
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
            with connect(
                self._conninfo, options=f"-c lock_timeout={int(lock_timeout_s * 1000)}"
            ) as connection:
                comment = connection.execute(
                    "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace "
                    "WHERE nspname = %s",
                    (self.name,),
                ).fetchone()
                if comment == (self._token,):
                    name = sql.Identifier(self.name)
                    connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(name))
        except psycopg.Error as error:
            text = failure_text(error, self._conninfo)
            raise UnavailableError(
                f"the schema {self.name!r} could not be removed, do it by hand: {text}"
            ) from None

    def session_conninfo(self, session_settings: Mapping[str, str]) -> str:
        """Return the connection string whose sessions work in this schema with these settings."""
        chosen = {**session_settings, "search_path": self.name}
        added = [f"-c {name}={_escape(value)}" for name, value in chosen.items()]
        present = str(conninfo_to_dict(self._conninfo).get("options") or "")
        return make_conninfo(self._conninfo, options=" ".join([present, *added]).strip())


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
        "SELECT current_setting(name), setting, context FROM pg_settings WHERE name = lower(%s)",
        (name,),
    ).fetchone()
    if row is None:
        raise UnsupportedError(f"the server has no setting {name!r}, asked for as {wanted!r}")
    shown, raw, context = (str(value) for value in row)
    if _plain(wanted) in {_plain(shown), _plain(raw)}:
        return True
    allowed = {"user", "backend"}
    privileged = connection.execute("SELECT current_setting('is_superuser')").fetchone()
    if privileged == ("on",):
        allowed |= {"superuser", "superuser-backend"}
    if context not in allowed:
        raise UnsupportedError(
            f"the server runs with {name} = {shown!r}, {wanted!r} is needed, and a session cannot "
            "change it; set it in the server's configuration, or use the embedded server"
        )
    return False


def verify(conninfo: str, schema: str, settings: Mapping[str, str]) -> None:
    """Read back over ``conninfo`` that a session works in ``schema`` with ``settings``.

    Raises:
        UnsupportedError: the session has another value, e.g. behind a pooler that drops options.
        UnavailableError: no session can be opened.
    """
    try:
        with connect(conninfo) as connection:
            current = connection.execute("SELECT current_schema()").fetchone()
            different = [
                name for name, wanted in settings.items() if not _has(connection, name, wanted)
            ]
    except psycopg.Error as error:
        raise UnavailableError(failure_text(error, conninfo)) from None
    if current != (schema,) or different:
        what = ", ".join(different) or "search_path"
        raise UnsupportedError(f"the server does not take these settings for a session: {what}")


def _plain(value: str) -> str:
    lowered = value.strip().lower()
    return _TRUTH.get(lowered, lowered)


def _escape(value: str) -> str:
    return re.sub(r"([\\\s])", r"\\\1", value)
