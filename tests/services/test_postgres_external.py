"""PostgresServer over a server in the place of the user's own, given through the environment."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench.contracts import Endpoint
from bench.errors import UnavailableError, UnsupportedError
from bench.servers._postgres_namespace import Schema
from bench.servers.postgres import PostgresServer

pytestmark = pytest.mark.services


def value(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def schemas(url: str) -> list[str]:
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' "
            "AND nspname <> 'information_schema' ORDER BY 1"
        ).fetchall()
    return [str(name) for (name,) in rows]


@pytest.fixture(scope="module")
def theirs() -> Iterator[tuple[PostgresServer, str]]:
    """A server in the place of the user's own, with its connection string."""
    server = PostgresServer({})
    try:
        endpoint = server.start({}, "bench_theirs")
        yield server, make_conninfo(endpoint.url, options="")
    finally:
        server.stop()


def external(dsn: str) -> PostgresServer:
    return PostgresServer({"BENCH_POSTGRES_DSN": dsn})


def started(server: PostgresServer, settings: dict[str, str], namespace: str) -> Endpoint:
    endpoint = server.start(settings, namespace)
    assert endpoint.kind == "external"
    assert endpoint.process_ids == ()
    return endpoint


def test_an_external_server_loses_our_schema_only(theirs: tuple[PostgresServer, str]) -> None:
    _, dsn = theirs
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA foreign_one")
        connection.execute("CREATE TABLE public.kept AS SELECT 1 AS value")
    before = schemas(dsn)
    server = external(dsn)
    assert server.check() == PostgresServer({}).check().replace("embedded", "external")
    try:
        endpoint = started(server, {"synchronous_commit": "off", "fsync": "on"}, "Trial-7")
        assert value(endpoint.url, "SHOW synchronous_commit") == "off"
        with psycopg.connect(endpoint.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE made (value integer)")
        assert schemas(dsn) == sorted([*before, endpoint.namespace])
    finally:
        server.stop()
    assert schemas(dsn) == before
    assert value(dsn, "SELECT value FROM public.kept") == 1
    assert value(dsn, "SHOW synchronous_commit") == "on"


def test_a_schema_that_exists_is_neither_used_nor_dropped(
    theirs: tuple[PostgresServer, str],
) -> None:
    _, dsn = theirs
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA bench_present")
    server = external(dsn)
    with pytest.raises(UnavailableError, match="holds a schema named 'bench_present' already"):
        server.start({}, "bench_present")
    server.stop()
    assert "bench_present" in schemas(dsn)


def test_a_schema_that_was_made_anew_by_another_is_left(
    theirs: tuple[PostgresServer, str],
) -> None:
    _, dsn = theirs
    server = external(dsn)
    started(server, {}, "bench_anew")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP SCHEMA bench_anew")
        connection.execute("CREATE SCHEMA bench_anew")
    server.stop()
    assert "bench_anew" in schemas(dsn)


def test_a_setting_that_no_session_may_set_is_compared(theirs: tuple[PostgresServer, str]) -> None:
    _, dsn = theirs
    before = schemas(dsn)
    with pytest.raises(UnsupportedError, match="wal_level = 'replica', 'minimal' is needed"):
        external(dsn).start({"wal_level": "minimal"}, "bench_wal")
    with pytest.raises(UnsupportedError, match="no setting 'no_such_setting'"):
        external(dsn).start({"no_such_setting": "1"}, "bench_wal")
    assert schemas(dsn) == before


def test_a_schema_that_cannot_be_dropped_is_reported(theirs: tuple[PostgresServer, str]) -> None:
    _, dsn = theirs
    server = external(dsn)
    started(server, {}, "bench_stuck")
    server._schema._conninfo = "host=127.0.0.1 port=1 password=hunter2"  # type: ignore[union-attr]  # it is started
    with pytest.raises(UnavailableError, match="'bench_stuck' could not be removed") as caught:
        server.stop()
    assert "hunter2" not in str(caught.value)
    server.stop()


def test_an_interruption_of_the_removal_is_obeyed_once_the_schema_is_gone(
    theirs: tuple[PostgresServer, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, dsn = theirs
    real, calls = Schema.drop, 0

    def drop(self: Schema, lock_timeout_s: float) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise KeyboardInterrupt
        real(self, lock_timeout_s)

    server = external(dsn)
    namespace = started(server, {}, "bench_interrupted").namespace
    monkeypatch.setattr(Schema, "drop", drop)
    with pytest.raises(KeyboardInterrupt):
        server.stop()
    assert namespace not in schemas(dsn)


@pytest.mark.parametrize(
    ("function", "path"),
    [
        ("obj_description(a oid, b text) RETURNS text", ""),
        ("current_setting(a text) RETURNS text", "-c search_path=public,pg_catalog"),
        ("current_schema() RETURNS name", "-c search_path=public,pg_catalog"),
    ],
)
def test_what_another_role_made_is_never_called(
    function: str, path: str, theirs: tuple[PostgresServer, str]
) -> None:
    """A role that may create in ``public`` would have it run as who measures."""
    _, dsn = theirs
    body = "INSERT INTO public.called VALUES (current_user); SELECT NULL"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE ROLE mallory")
        connection.execute("GRANT CREATE ON SCHEMA public TO mallory")
        connection.execute("CREATE TABLE public.called (by name)")
        connection.execute("SET ROLE mallory")
        connection.execute(f"CREATE FUNCTION public.{function} LANGUAGE sql AS '{body}'")
        connection.execute("RESET ROLE")
    try:
        server = external(make_conninfo(dsn, options=path))
        try:
            endpoint = started(server, {"synchronous_commit": "off"}, "bench_mallory")
        finally:
            server.stop()
        assert value(dsn, "SELECT pg_catalog.count(*) FROM public.called") == 0
        assert endpoint.namespace not in schemas(dsn)
    finally:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS bench_mallory CASCADE")
            connection.execute("DROP TABLE public.called")
            connection.execute("DROP OWNED BY mallory CASCADE")
            connection.execute("DROP ROLE mallory")


def test_a_password_works_and_is_never_shown(theirs: tuple[PostgresServer, str]) -> None:
    owner, dsn = theirs
    password = "p@ss/w:rd"  # noqa: S105  # of a server that lives for this test
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{password}'")
        connection.execute("GRANT CREATE ON DATABASE postgres TO guarded")
        assert owner._embedded is not None
        rules = owner._embedded.directory / "data" / "pg_hba.conf"
        rules.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        connection.execute("SELECT pg_reload_conf()")
    port = conninfo_to_dict(dsn)["port"]
    right = f"postgresql://guarded:p%40ss%2Fw%3Ard@127.0.0.1:{port}/postgres"
    server = external(right)
    try:
        endpoint = started(server, {"synchronous_commit": "off"}, "bench_guarded")
        assert value(endpoint.url, "SELECT current_user") == "guarded"
        assert password not in repr(endpoint)
    finally:
        server.stop()
    wrong = f"postgresql://guarded:hunter2@127.0.0.1:{port}/postgres"
    with pytest.raises(UnavailableError, match="password authentication failed") as caught:
        external(wrong).check()
    assert "hunter2" not in str(caught.value)
