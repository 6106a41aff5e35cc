"""Connecting to a Postgres server for what is not measured, and telling why it failed.

What others have put into the user's ``search_path`` is never called: names are looked up in
``pg_catalog`` alone.

What the environment says about the user's servers is kept away from ours. libpq reads some thirty
variables. A connection string overrides most of them, but not ``PGSERVICE`` (an empty ``service``
is looked up too), ``PGTZ``, ``PGDATESTYLE`` and ``PGGEQO``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from bench.records.redaction import redact, secrets_of

Connection = psycopg.Connection[TupleRow]
LIBPQ_VARIABLES = "PG"
_ENVIRONMENT_LOCK = threading.RLock()


def connect(conninfo: str, *, within_s: int = 5, options: str = "") -> Connection:
    """Connect within ``within_s`` seconds, in autocommit; names are those of ``pg_catalog`` alone.

    ``options`` are added to the string's own.

    Raises:
        psycopg.Error: it failed; its text may hold the password, see :func:`failure_text`.
    """
    present = str(conninfo_to_dict(conninfo).get("options") or "")
    chosen = f"{present} {options} -c search_path=pg_catalog".strip()
    return open_session(make_conninfo(conninfo, options=chosen), within_s)


def open_session(conninfo: str, within_s: int = 5) -> Connection:
    """Connect as :func:`connect` does, but with the string's own search path."""
    given = make_conninfo(
        conninfo, connect_timeout=within_s, application_name="checkpoint-bench", keepalives_idle=60
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


@contextmanager
def without_libpq_variables() -> Iterator[None]:
    """Take every variable that begins with ``PG`` out of this process's environment meanwhile.

    One thread at a time: a server may start while another one's schema is dropped.
    """
    with _ENVIRONMENT_LOCK:
        hidden = {
            name: value for name, value in os.environ.items() if name.startswith(LIBPQ_VARIABLES)
        }
        try:
            for name in hidden:
                del os.environ[name]
            yield
        finally:
            os.environ.update(hidden)
