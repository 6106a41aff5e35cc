"""What a killed run has left on a user's server is listed and removed; a live run's is spared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from psycopg.conninfo import make_conninfo

from bench.cli import main
from bench.contracts import NAMESPACE, new_namespace
from bench.errors import EXIT_BAD_INPUT, EXIT_PASS, EXIT_UNAVAILABLE
from bench.records.redaction import secrets_of
from bench.servers._redis_namespace import _index_names, namespace_of
from bench.servers.postgres import PostgresServer
from bench.servers.redis import RedisServer
from tests.services._platforms import needs_redis
from tests.waiting import running, until

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
]

SCENARIO = """
schema_version = 2
question = "Is it left over?"
seed = 1
repetitions = 1
warmup_s = 0.05
duration_s = 60

[subjects.killed]
use = "{subject}"
{options}

[workloads.steps]
use = "append_steps"

[payloads.small]
use = "nested"

[arrivals.slow]
kind = "closed"
clients = 1
think_s = 0.02

[sweeps.all]
subjects = ["killed"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["slow"]
loops = ["selector"]
"""

Present = Callable[[], set[str]]


def schemas(dsn: str) -> set[str]:
    """Return the schemas that are named as a run's, but for the one that is the test's own."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        rows = connection.execute("SELECT nspname FROM pg_namespace").fetchall()
    names = {str(name) for (name,) in rows} - {"bench_0123456789ab"}
    return {name for name in names if re.fullmatch(NAMESPACE, name)}


def keys(url: str) -> set[str]:
    """Return the namespaces in the names of keys and indexes, or a whole name without one."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        names = [str(name) for name in client.scan_iter(count=1000)] + _index_names(client)
    return {namespace_of(name) or name for name in names}


@pytest.fixture(autouse=True)
def _no_interpreters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those that whoever runs this has kept are none of its business."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def postgres(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server in the place of the user's own; its connection string."""
    server = PostgresServer({})
    try:
        dsn = make_conninfo(server.start({}, "bench_theirs").url, options="")
        monkeypatch.setenv("BENCH_POSTGRES_DSN", dsn)
        yield dsn
    finally:
        server.stop()


@pytest.fixture
def redis_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """As above."""
    server = RedisServer({})
    try:
        url = server.start({"appendonly": "no", "save": ""}, "bench_theirs").url
        monkeypatch.setenv("BENCH_REDIS_URL", url)
        yield url
    finally:
        server.stop()


@pytest.fixture
def runner(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[psutil.Popen]:
    """A run on the server that the test has asked for."""
    subject = "redis" if "redis_url" in request.fixturenames else "postgres"
    path = tmp_path / "left.toml"
    options = 'options = { persistence = "none" }' if subject == "redis" else ""
    path.write_text(SCENARIO.format(subject=subject, options=options), encoding="utf-8")
    places = ("--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports"))
    started = psutil.Popen(
        [sys.executable, "-m", "bench", "run", str(path), *places], stdout=subprocess.DEVNULL
    )
    yield started
    if started.is_running():
        started.kill()
    started.wait()


def kill_once_it_has_stored(runner: psutil.Popen, present: Present) -> None:
    """Kill ``runner``, which leaves the namespace of a trial or some of its checks."""
    until(present, runner)
    family = runner.children(recursive=True)
    runner.kill()
    assert running(family) == []


def check_that_only_the_dead_one_goes(
    plugin: type[PostgresServer | RedisServer],
    present: Present,
    capsys: pytest.CaptureFixture[str],
) -> None:
    subject, live = ("redis" if plugin is RedisServer else "postgres"), new_namespace()
    # What a run has while it measures; this one lives.
    server = plugin(os.environ)
    url = server.start({}, live).url
    fill(url, live)
    try:
        assert main(["clean"]) == EXIT_PASS
        listed = capsys.readouterr().out
        dead = set(re.findall(rf"{subject}: (\w+) \(.+\): left over", listed))
        assert len(dead) > 0
        assert re.findall(rf"{subject}: (\w+) \(.+\): in use by a run, spared", listed) == [live]
        assert "clean --remove" in listed
        assert present() == {*dead, live}

        assert main(["clean", "--remove"]) == EXIT_PASS
        removed = capsys.readouterr().out
        assert set(re.findall(rf"{subject}: (\w+) \(.+\): removed", removed)) == dead
        assert present() == {live}
    finally:
        server.stop()
    assert main(["clean"]) == EXIT_PASS
    told = capsys.readouterr().out
    assert told == f"{subject}: no run has left anything\n"
    assert present() == set()
    assert not any(secret in listed + removed + told for secret in secrets_of(url))


def fill(url: str, namespace: str) -> None:
    """Store something, as a saver would."""
    if url.startswith("redis"):
        with redis.Redis.from_url(url) as client:
            client.set(f"write_keys_zset:{namespace}-1:", "stored")
    else:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE checkpoints ()")


def test_a_killed_runs_schema_is_removed_and_a_live_ones_spared(
    postgres: str,
    runner: psutil.Popen,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA bench_0123456789ab")
        connection.execute("COMMENT ON SCHEMA bench_0123456789ab IS 'checkpoint-bench of ours'")

    def present() -> set[str]:
        return schemas(postgres)

    kill_once_it_has_stored(runner, present)
    check_that_only_the_dead_one_goes(PostgresServer, present, capsys)
    with psycopg.connect(postgres) as connection:
        kept = connection.execute("SELECT 'bench_0123456789ab'::regnamespace").fetchone()
    assert kept is not None


@needs_redis
def test_a_killed_runs_keys_are_removed_and_a_live_ones_spared(
    redis_url: str,
    runner: psutil.Popen,
    capsys: pytest.CaptureFixture[str],
) -> None:
    theirs = {"bench_theirs:key", "app:bench_0123456789ab:users", "bench_0123456789abc", "bench_"}
    with redis.Redis.from_url(redis_url) as client:
        client.mset(dict.fromkeys(theirs, "theirs"))

    def present() -> set[str]:
        return keys(redis_url) - theirs

    kill_once_it_has_stored(runner, present)
    check_that_only_the_dead_one_goes(RedisServer, present, capsys)
    with redis.Redis.from_url(redis_url) as client:
        client.set("bench_0123456789ab:checkpoint", "left over")
    assert main(["clean", "--remove"]) == EXIT_PASS
    assert capsys.readouterr().out == (
        "redis: bench_0123456789ab (1 keys, 0 indexes, e.g. 'bench_0123456789ab:checkpoint'): "
        "removed\n"
    )
    assert keys(redis_url) == theirs


def test_what_cannot_be_removed_is_told_without_the_password(
    postgres: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    comment = f"checkpoint-bench {'0' * 32}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA bench_0123456789ab")
        connection.execute(f"COMMENT ON SCHEMA bench_0123456789ab IS '{comment}'")
        connection.execute("CREATE ROLE other LOGIN PASSWORD 'hunter2'")
    other = make_conninfo(postgres, user="other", password="hunter2")  # noqa: S106  # lives for this test
    monkeypatch.setenv("BENCH_POSTGRES_DSN", other)

    assert main(["clean", "--remove"]) == EXIT_UNAVAILABLE
    told = capsys.readouterr().out
    assert told.startswith("postgres: bench_0123456789ab (0 tables, 0.0 MB): could not be removed")
    assert "must be owner" in told
    assert "hunter2" not in told


def test_without_a_server_of_the_users_there_is_nothing_to_clean(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("BENCH_")]:
        monkeypatch.delenv(name)
    assert main(["clean"]) == EXIT_BAD_INPUT
    told = capsys.readouterr().err
    # Tests of servers from outside may have declared others.
    assert {"BENCH_POSTGRES_DSN", "BENCH_REDIS_URL"} <= set(re.findall(r"BENCH_\w+", told))
