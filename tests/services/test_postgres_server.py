from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench.contracts import Endpoint
from bench.errors import UnavailableError, UnsupportedError
from bench.servers import _embedded, postgres
from bench.servers._wheels import PostgresPrograms, find_postgres
from bench.servers.postgres import PostgresServer
from tests.services import _processes

pytestmark = pytest.mark.services

as_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root starts it as another user"
)


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


def directory_of(server: PostgresServer) -> Path:
    assert server._embedded is not None
    return server._embedded.directory


def test_an_embedded_server_starts_and_leaves_nothing() -> None:
    server = PostgresServer({})
    try:
        endpoint = server.start({"synchronous_commit": "off", "work_mem": "8MB"}, "bench_settings")
        directory = directory_of(server)
        processes = _processes.tree(endpoint.process_ids)
        assert (endpoint.kind, endpoint.namespace) == ("embedded", "bench_settings")
        assert value(endpoint.url, "SELECT current_schema()") == "bench_settings"
        assert value(endpoint.url, "SHOW synchronous_commit") == "off"
        assert value(endpoint.url, "SHOW work_mem") == "8MB"
        assert value(endpoint.url, "SHOW fsync") == "on"
        assert value(endpoint.url, "SHOW listen_addresses") == "127.0.0.1"
        assert value(endpoint.url, "SHOW server_version") == server.check().split()[-1]
        assert len(endpoint.process_ids) == 1
        assert len(processes) > 1
        assert directory.is_dir()
    finally:
        server.stop()
    assert _processes.running(processes) == []
    assert not directory.exists()
    server.stop()


def test_an_exception_leaves_nothing() -> None:
    server = PostgresServer({})

    def fail() -> None:
        try:
            server.start({}, "bench_exception")
            raise RuntimeError("in the middle")
        finally:
            found.extend(_processes.tree((server._embedded.process_id,)))  # type: ignore[union-attr]  # started
            server.stop()

    found: list[psutil.Process] = []
    with pytest.raises(RuntimeError):
        fail()
    assert found
    assert _processes.running(found) == []


def test_a_setting_that_does_not_exist_ends_with_the_servers_words() -> None:
    server = PostgresServer({})
    with pytest.raises(UnavailableError, match="unrecognized configuration parameter"):
        server.start({"no_such_setting": "1"}, "bench_wrong")
    assert server._embedded is None


def test_a_port_that_was_taken_is_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    choose = _embedded.free_port
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        ports = [occupied.getsockname()[1]]
        monkeypatch.setattr(_embedded, "free_port", lambda: ports.pop() if ports else choose())
        server = PostgresServer({})
        try:
            endpoint = server.start({}, "bench_port")
            port = conninfo_to_dict(endpoint.url)["port"]
            assert ports == []
            assert port != str(occupied.getsockname()[1])
        finally:
            server.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_runner_that_is_killed_leaves_no_server() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end), os.fdopen(write_end, "w"):
        left = _processes.run_runner_that_is_killed(
            "bench.servers.postgres", "PostgresServer", read_end
        )
        worker = psutil.Process(left.worker)
        ended = [
            psutil.Process(process_id)
            for process_id in (*left.server, left.keeper)
            if psutil.pid_exists(process_id)
        ]
        assert left.exit_code == -signal.SIGKILL
        assert _processes.running(ended) == []
        assert not left.directory.exists()
        # The server went although a worker, who might have held the pipe open, is still there.
        assert worker.is_running()
    assert _processes.running([worker]) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_keeper_that_is_killed_leaves_no_server() -> None:
    server = PostgresServer({})
    try:
        endpoint = server.start({}, "bench_keeper")
        processes = _processes.tree(endpoint.process_ids)
        directory = directory_of(server)
        keeper = server._embedded._keeper if server._embedded else None
        assert keeper is not None
        keeper.kill()
        assert _processes.running(processes) == []
    finally:
        server.stop()
    assert not directory.exists()


def test_a_server_that_was_killed_can_be_stopped() -> None:
    server = PostgresServer({})
    try:
        endpoint = server.start({}, "bench_killed")
        processes = _processes.tree(endpoint.process_ids)
        directory = directory_of(server)
        processes[0].kill()
        assert _processes.running(processes) == []
    finally:
        server.stop()
    assert not directory.exists()


@as_root
def test_root_starts_it_as_another_user() -> None:
    server = PostgresServer({})
    try:
        endpoint = server.start({}, "bench_root")
        owner = psutil.Process(endpoint.process_ids[0]).uids().effective
        assert owner != 0
        assert (directory_of(server) / "data").stat().st_uid == owner
    finally:
        server.stop()


@as_root
def test_programs_that_the_other_user_cannot_reach_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = find_postgres()
    assert real is not None
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for name in {part.parts[0] for part in real.parts}:
        (closed / name).symlink_to(real.root / name)
    hidden = PostgresPrograms(root=closed, bin=real.bin, parts=real.parts)
    monkeypatch.setattr(postgres, "find_postgres", lambda: hidden)
    server = PostgresServer({})
    try:
        endpoint = server.start({}, "bench_copied")
        program = Path(psutil.Process(endpoint.process_ids[0]).exe())
        assert program.is_relative_to(directory_of(server) / "programs")
        assert value(endpoint.url, "SELECT 1") == 1
    finally:
        server.stop()


@as_root
def test_anyone_else_starts_it_as_they_are() -> None:
    prefix = demoted_prefix()
    code = """
        import os, psutil
        from bench.servers.postgres import PostgresServer
        server = PostgresServer({})
        try:
            endpoint = server.start({}, "bench_demoted")
            owner = psutil.Process(endpoint.process_ids[0]).uids().effective
            print(os.geteuid(), owner)
        finally:
            server.stop()
    """
    done = _processes.run_code(code, prefix=prefix)
    assert done.stderr == ""
    assert done.stdout.split() == ["65534", "65534"]


def demoted_prefix() -> list[str]:
    """Return the command that runs Python as user 65534.

    Where the interpreter lies in a folder that is closed to others, that user keeps the right to
    read; the programs that are tested do not come from there.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is not installed")
    plain = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"]
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    for prefix in (plain, [*plain, *reading]):
        if _processes.run_code("import psycopg", prefix=prefix).returncode == 0:
            return prefix
    pytest.skip("another user cannot run this interpreter")


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


def test_a_password_works_and_is_never_shown(theirs: tuple[PostgresServer, str]) -> None:
    owner, dsn = theirs
    password = "p@ss/w:rd"  # noqa: S105  # of a server that lives for this test
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{password}'")
        connection.execute("GRANT CREATE ON DATABASE postgres TO guarded")
        rules = directory_of(owner) / "data" / "pg_hba.conf"
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
