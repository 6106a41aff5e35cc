"""What a killed run has left on a user's server is listed and removed; a live run's is spared."""

from __future__ import annotations

import os
import re
import signal
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
from bench.errors import EXIT_BAD_INPUT, EXIT_INTERRUPTED, EXIT_PASS, EXIT_UNAVAILABLE
from bench.records.redaction import secrets_of
from bench.servers._redis_namespace import _OURS
from bench.servers.postgres import PostgresServer
from bench.servers.redis import RedisServer
from tests.services._platforms import needs_redis
from tests.services._processes import running

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
]

SCENARIO = """
schema_version = 1
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
    """Return the schemas that have a table of checkpoints."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT schemaname FROM pg_tables WHERE tablename = 'checkpoints'"
        ).fetchall()
    return {str(name) for (name,) in rows}


def keys(url: str) -> set[str]:
    """Return what is in the place of the namespace in keys' names, or a whole name without one."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        names = [str(name) for name in client.scan_iter(count=1000)]
    return {match[0] if (match := _OURS.search(name)) else name for name in names}


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
def runners(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[list[psutil.Popen]]:
    """Two runs on the server that the test has asked for; whichever is left is killed."""
    subject = "redis" if "redis_url" in request.fixturenames else "postgres"
    started = [start(tmp_path / name, subject) for name in ("dead", "live")]
    yield started
    for runner in started:
        if runner.is_running():
            runner.kill()
        runner.wait()


def start(directory: Path, subject: str) -> psutil.Popen:
    directory.mkdir()
    path = directory / "left.toml"
    options = 'options = { persistence = "none" }' if subject == "redis" else ""
    path.write_text(SCENARIO.format(subject=subject, options=options), encoding="utf-8")
    places = ("--results", str(directory / "results"), "--reports", str(directory / "reports"))
    return psutil.Popen(
        [sys.executable, "-m", "bench", "run", str(path), *places], stdout=subprocess.DEVNULL
    )


def check_that_only_the_dead_one_goes(
    subject: str,
    url: str,
    present: Present,
    runners: list[psutil.Popen],
    capsys: pytest.CaptureFixture[str],
) -> None:
    dead, live = runners
    while len(present()) < len(runners):
        ended, _ = psutil.wait_procs(runners, timeout=0.1)
        assert ended == []
    family = dead.children(recursive=True)
    dead.kill()
    assert running(family) == []

    assert main(["clean"]) == EXIT_PASS
    listed = capsys.readouterr().out
    (left,) = re.findall(rf"{subject}: (\w+) \(.+\): left over", listed)
    (used,) = re.findall(rf"{subject}: (\w+) \(.+\): in use by a run, spared", listed)
    assert "clean --remove" in listed
    assert present() == {left, used}

    assert main(["clean", "--remove"]) == EXIT_PASS
    removed = capsys.readouterr().out
    assert re.findall(rf"{subject}: (\w+) \(.+\): removed", removed) == [left]
    assert present() == {used}

    # It removes what it has made: so what was spared was its own.
    live.send_signal(signal.SIGINT)
    assert live.wait() == EXIT_INTERRUPTED
    assert main(["clean"]) == EXIT_PASS
    told = capsys.readouterr().out
    assert told == f"{subject}: no run has left anything\n"
    assert present() == set()
    assert not any(secret in listed + removed + told for secret in secrets_of(url))


def test_a_killed_runs_schema_is_removed_and_a_live_ones_spared(
    postgres: str,
    runners: list[psutil.Popen],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA bench_0123456789ab")
        connection.execute("COMMENT ON SCHEMA bench_0123456789ab IS 'checkpoint-bench of ours'")
    check_that_only_the_dead_one_goes(
        "postgres", postgres, lambda: schemas(postgres), runners, capsys
    )
    with psycopg.connect(postgres) as connection:
        kept = connection.execute("SELECT 'bench_0123456789ab'::regnamespace").fetchone()
    assert kept is not None


@needs_redis
def test_a_killed_runs_keys_are_removed_and_a_live_ones_spared(
    redis_url: str,
    runners: list[psutil.Popen],
    capsys: pytest.CaptureFixture[str],
) -> None:
    theirs = {"bench_theirs:key", "my_bench_0123456789ab", "bench_0123456789abc", "bench_"}
    with redis.Redis.from_url(redis_url) as client:
        client.mset(dict.fromkeys(theirs, "theirs"))
    check_that_only_the_dead_one_goes(
        "redis", redis_url, lambda: keys(redis_url) - theirs, runners, capsys
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
    assert "set BENCH_POSTGRES_DSN or BENCH_REDIS_URL" in capsys.readouterr().err
