from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench.errors import UnavailableError
from bench.measure.site import Site, core_each
from bench.records.redaction import secrets_of
from bench.scenario.plan import expand
from bench.scenario.scenario_file import parse_scenario
from bench.servers import _embedded, postgres
from bench.servers.postgres import PostgresPrograms, PostgresServer, find_postgres
from tests.services import _processes
from tests.waiting import running

pytestmark = pytest.mark.services

as_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root starts it as another user"
)


def value(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def directory_of(server: PostgresServer) -> Path:
    assert server._embedded is not None
    return server._embedded.directory


def secret_of(server: PostgresServer) -> str:
    assert server._embedded is not None
    assert len(server._embedded.password) > 20
    return server._embedded.password


def test_a_server_that_was_prepared_has_its_directory_before_it_starts() -> None:
    server = PostgresServer({})
    try:
        server.prepare()
        directory = directory_of(server)
        assert (directory / "data" / "PG_VERSION").is_file()
        if os.geteuid() == 0:
            assert (directory / "data").stat().st_uid == 0
        endpoint = server.start({}, "bench_prepared")
        assert directory_of(server) == directory
        assert value(endpoint.url, "SHOW data_directory") == str(directory / "data")
    finally:
        server.stop()
    assert not directory.exists()


PINNED = """
schema_version = 2
question = "Where does it run?"
seed = 3
repetitions = 1
warmup_s = 0.05
duration_s = 0.1
probes = []
[subjects.postgres]
use = "postgres"
[workloads.steps]
use = "append_steps"
[payloads.small]
use = "nested"
[arrivals.one]
kind = "closed"
clients = 1
placement = "pinned"
"""


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs 2 cores"
)
def test_a_server_that_was_prepared_ahead_has_a_core_of_its_own() -> None:
    scenario = parse_scenario(PINNED, "f.toml")
    site = Site(scenario, expand(scenario).trials[0], {})
    site.start_ahead()
    with site:
        assert site.cores == {
            f"{name}_cores": str(core)
            for name, core in zip(("worker", "server"), core_each(), strict=True)
        }


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
        assert secret_of(server) not in str(processes[0].cmdline())
        assert directory.is_dir()
    finally:
        server.stop()
    assert running(processes) == []
    assert not directory.exists()
    server.stop()


def test_only_who_knows_the_password_is_let_in(tmp_path: Path) -> None:
    server = PostgresServer({})
    try:
        endpoint = server.start({}, "bench_guarded")
        for password in ("", "guessed"):
            passfile = str(tmp_path / "none")
            wrong = make_conninfo(endpoint.url, password=password, passfile=passfile)
            with pytest.raises(psycopg.OperationalError, match="password"):
                value(wrong, "SELECT 1")
        log = (directory_of(server) / "server.log").read_text()
        assert "password authentication failed" in log
        assert secret_of(server) not in log
        assert secret_of(server) not in repr(endpoint)
        assert secret_of(server) in secrets_of(endpoint.url)
    finally:
        server.stop()


def test_what_the_environment_says_about_a_server_of_the_user_s_is_not_for_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment = {
        "PGSSLMODE": "require",
        "PGSERVICE": "theirs",
        "PGHOSTADDR": "127.0.0.2",
        "PGOPTIONS": "-c synchronous_commit=off",
        "PGTZ": "no such zone",
        "PGREQUIREAUTH": "none",
        "PGTARGETSESSIONATTRS": "standby",
    }
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    server = PostgresServer({})
    try:
        endpoint = server.start({}, "bench_environment")
        # To the user's own programs, and to other savers, it is as it was.
        assert {name: os.environ[name] for name in environment} == environment
        for name in ("PGSERVICE", "PGTZ", "PGREQUIREAUTH", "PGTARGETSESSIONATTRS"):
            monkeypatch.delenv(name)
        # The rest is stated in the connection string.
        assert value(endpoint.url, "SELECT current_schema()") == "bench_environment"
        assert value(endpoint.url, "SHOW synchronous_commit") == "on"
    finally:
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
    assert running(found) == []


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
        assert running(ended) == []
        assert not left.directory.exists()
        # The server went although a worker, who might have held the pipe open, is still there.
        assert worker.is_running()
    assert running([worker]) == []


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
        assert running(processes) == []
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
        assert running(processes) == []
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
    read. PostgreSQL's programs do not make use of it: if they lie there too, the test is skipped.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is not installed")
    plain = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"]
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    probe = """
        import subprocess, sys
        from bench.servers.postgres import find_postgres
        subprocess.run([sys.executable, "-I", "-c", ""], check=True)
        initdb = find_postgres().postgres.with_name("initdb")
        subprocess.run([initdb, "--show", "--pgdata", "/none"], check=True)
    """
    for prefix in (plain, [*plain, *reading]):
        if _processes.run_code(probe, prefix=prefix).returncode == 0:
            return prefix
    pytest.skip("the environment lies in a folder that is closed to other users")
