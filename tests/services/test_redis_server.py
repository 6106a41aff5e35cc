from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.redis.aio import AsyncRedisSaver
from langgraph.checkpoint.redis.ashallow import AsyncShallowRedisSaver

from bench.errors import UnavailableError, UnsupportedError
from bench.records.redaction import secrets_of
from bench.servers import _redis_modules, _redis_namespace
from bench.servers._redis_modules import text_of
from bench.servers.redis import RedisPrograms, RedisServer, find_redis
from tests.services import _processes
from tests.services._platforms import needs_redis
from tests.waiting import running

pytestmark = [pytest.mark.services, needs_redis]

as_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root starts it as another user"
)


def keys(url: str) -> set[bytes]:
    with redis.Redis.from_url(url) as client:
        return set(client.scan_iter(count=1000))


def indexes(url: str) -> set[str]:
    with redis.Redis.from_url(url) as client:
        return {text_of(name) for name in command(client, "FT._LIST")}


def command(client: Any, *arguments: str) -> Any:
    return client.execute_command(*arguments)


def make_index(client: redis.Redis, name: str, prefix: str) -> None:
    schema = ("SCHEMA", "$.a", "AS", "a", "TAG")
    command(client, "FT.CREATE", name, "ON", "JSON", "PREFIX", "1", prefix, *schema)


@pytest.fixture(scope="module")
def their_server() -> Iterator[str]:
    """The URL of a server in the place of the user's own."""
    server = RedisServer({})
    try:
        yield server.start({}, "bench_theirs").url
    finally:
        server.stop()


@pytest.fixture
def theirs(their_server: str) -> str:
    """The URL of that server, which holds nothing."""
    with redis.Redis.from_url(their_server) as client:
        for name in indexes(their_server):
            command(client, "FT.DROPINDEX", name)
        client.flushall()
    return their_server


def external(url: str) -> RedisServer:
    return RedisServer({"BENCH_REDIS_URL": url})


@pytest.mark.parametrize(
    "settings",
    [
        {"appendonly": "no", "save": ""},
        {"appendonly": "yes", "appendfsync": "everysec", "save": ""},
        {"appendonly": "yes", "appendfsync": "always", "save": ""},
        {"appendonly": "no", "save": "3600 1 300 100"},
    ],
)
def test_an_embedded_server_starts_and_leaves_nothing(settings: dict[str, str]) -> None:
    server = RedisServer({})
    try:
        endpoint = server.start(settings, "bench_settings")
        processes = _processes.tree(endpoint.process_ids)
        directory = directory_of(server)
        assert (endpoint.kind, endpoint.namespace) == ("embedded", "bench_settings")
        with redis.Redis.from_url(endpoint.url) as client:
            read_back: Any = {name: client.config_get(name) for name in settings}
            assert read_back == {name: {name: wanted} for name, wanted in settings.items()}
            assert client.config_get("bind") == {"bind": "127.0.0.1"}
            assert set(_redis_modules.loaded(client)) >= {"search", "rejson"}
            facts: Any = client.info("server")
            assert facts["redis_version"] == server.check().split()[-1]
            client.set("bench_settings:key", "x" * 1000)
        assert len(endpoint.process_ids) == 1
        assert secret_of(server) not in str(processes[0].cmdline())
    finally:
        server.stop()
    assert running(processes) == []
    assert not directory.exists()
    server.stop()


def secret_of(server: RedisServer) -> str:
    assert server._embedded is not None
    assert len(server._embedded.password) > 20
    return server._embedded.password


def test_only_who_knows_the_password_is_let_in() -> None:
    server = RedisServer({})
    try:
        endpoint = server.start({}, "bench_guarded")
        with (
            redis.Redis.from_url(f"redis://{endpoint.url.rpartition('@')[2]}") as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()
        assert secret_of(server) not in (directory_of(server) / "server.log").read_text()
        assert secret_of(server) not in repr(endpoint)
        assert secret_of(server) in secrets_of(endpoint.url)
    finally:
        server.stop()


def test_an_interruption_of_the_removal_is_obeyed_once_the_keys_are_gone(
    theirs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = _redis_namespace.Keys.remove, 0

    def remove(self: _redis_namespace.Keys, client: redis.Redis) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise KeyboardInterrupt
        real(self, client)

    server = external(theirs)
    server.start({}, "bench_interrupted")
    with redis.Redis.from_url(theirs) as client:
        client.set("bench_interrupted:key", "ours")
        monkeypatch.setattr(_redis_namespace.Keys, "remove", remove)
        with pytest.raises(KeyboardInterrupt):
            server.stop()
    assert keys(theirs) == set()


def directory_of(server: RedisServer) -> Path:
    assert server._embedded is not None
    return server._embedded.directory


@as_root
def test_root_starts_it_as_another_user() -> None:
    server = RedisServer({})
    try:
        endpoint = server.start({}, "bench_root")
        owner = psutil.Process(endpoint.process_ids[0]).uids().effective
        assert owner != 0
        directory = directory_of(server)
        owners = [(path.stat().st_uid, path.name) for path in (directory, *directory.iterdir())]
        assert sorted(owners) == sorted(
            [(0, directory.name), (0, "server.log"), (owner, "data"), (owner, "password.conf")]
        )
    finally:
        server.stop()


@as_root
def test_the_program_and_each_module_are_named_by_version_and_digest() -> None:
    texts = RedisServer({}).programs()

    assert set(texts) == {"redis-server", "redisearch.so", "rejson.so"}
    form = r"\d+\.\d+(\.\d+)?, SHA-256 [0-9a-f]{64}"
    assert [text for text in texts.values() if not re.fullmatch(form, text)] == []


def test_programs_that_the_other_user_cannot_reach_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = find_redis()
    assert real is not None
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for path in (real.server, *real.modules):
        (closed / path.name).symlink_to(path)
    hidden = RedisPrograms(
        server=closed / real.server.name, modules=tuple(closed / p.name for p in real.modules)
    )
    monkeypatch.setattr("bench.servers.redis.find_redis", lambda: hidden)
    server = RedisServer({})
    try:
        endpoint = server.start({}, "bench_copied")
        program = Path(psutil.Process(endpoint.process_ids[0]).exe())
        assert program.is_relative_to(directory_of(server) / "programs")
        assert program.stat().st_uid == 0
        with redis.Redis.from_url(endpoint.url) as client:
            assert set(_redis_modules.loaded(client)) >= {"search", "rejson"}
    finally:
        server.stop()


def test_a_setting_that_does_not_exist_ends_with_the_servers_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    server = RedisServer({})
    with pytest.raises(UnavailableError, match="no-such-setting"):
        server.start({"no-such-setting": "1"}, "bench_wrong")
    assert server._embedded is None
    assert list(tmp_path.iterdir()) == []


def test_a_runner_that_is_killed_leaves_no_server() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end), os.fdopen(write_end, "w"):
        left = _processes.run_runner_that_is_killed("bench.servers.redis", "RedisServer", read_end)
        worker = psutil.Process(left.worker)
        ended = [
            psutil.Process(process_id)
            for process_id in (*left.server, left.keeper)
            if psutil.pid_exists(process_id)
        ]
        assert left.exit_code == -signal.SIGKILL
        assert running(ended) == []
        assert not left.directory.exists()
        assert worker.is_running()
    assert running([worker]) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_keeper_that_is_killed_leaves_no_server() -> None:
    server = RedisServer({})
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


def test_an_external_server_loses_our_keys_only(theirs: str) -> None:
    namespace = "bench_ab*[c]?"
    with redis.Redis.from_url(theirs) as client:
        foreign = {b"checkpoint:1", b"bench_abXc", b"bench_ab*c", b"write_keys_zset:other:x"}
        for key in foreign:
            client.set(key, "kept")
        make_index(client, "foreign", "foreign:")
        server = external(theirs)
        endpoint = server.start({}, namespace)
        try:
            assert (endpoint.kind, endpoint.process_ids) == ("external", ())
            assert endpoint.url == theirs
            for number in range(2500):
                client.set(f"write_keys_zset:{namespace}-{number}:x", "ours")
            client.set(f"{namespace}:first", "ours")
            client.set(f"last:{namespace}", "ours")
            make_index(client, f"{namespace}:index", f"{namespace}:")
            assert len(keys(theirs)) == len(foreign) + 2502
        finally:
            server.stop()
        assert keys(theirs) == foreign
        assert indexes(theirs) == {"foreign"}


def test_keys_that_exist_are_neither_used_nor_removed(theirs: str) -> None:
    with redis.Redis.from_url(theirs) as client:
        client.set("x:bench_present:y", "kept")
    server = external(theirs)
    with pytest.raises(UnavailableError, match="'bench_present' already"):
        server.start({}, "bench_present")
    server.stop()
    assert keys(theirs) == {b"x:bench_present:y"}


def test_an_index_that_exists_is_neither_used_nor_dropped(theirs: str) -> None:
    with redis.Redis.from_url(theirs) as client:
        make_index(client, "bench_present", "p:")
    server = external(theirs)
    with pytest.raises(UnavailableError, match="'bench_present' already"):
        server.start({}, "bench_present")
    server.stop()
    assert indexes(theirs) == {"bench_present"}


@pytest.mark.filterwarnings("ignore:get_async_redis_connection will become:DeprecationWarning")
def test_what_the_savers_write_is_removed(theirs: str) -> None:
    namespace = "bench_savers"

    async def write(saver_class: type[AsyncRedisSaver | AsyncShallowRedisSaver]) -> None:
        async with saver_class.from_conn_string(
            theirs,
            checkpoint_prefix=f"{namespace}:checkpoint",
            checkpoint_write_prefix=f"{namespace}:checkpoint_write",
        ) as saver:
            await saver.setup()
            config: Any = {
                "configurable": {
                    "thread_id": f"{namespace}-{saver_class.__name__}",
                    "checkpoint_ns": "",
                }
            }
            stored = await saver.aput(
                config, empty_checkpoint(), {"source": "input", "step": 1}, {}
            )
            await saver.aput_writes(stored, [("channel", {"value": 1})], "task")

    server = external(theirs)
    try:
        server.start({}, namespace)
        for saver_class in (AsyncRedisSaver, AsyncShallowRedisSaver):
            asyncio.run(write(saver_class))
        assert len(keys(theirs)) >= 4
        assert indexes(theirs)
    finally:
        server.stop()
    assert keys(theirs) == set()
    assert indexes(theirs) == set()


def test_a_users_settings_are_compared_and_never_changed(theirs: str) -> None:
    with pytest.raises(UnsupportedError, match="appendonly = 'no', 'yes' is needed"):
        external(theirs).start({"appendonly": "yes"}, "bench_compared")
    with pytest.raises(UnsupportedError, match="no setting 'no-such-setting'"):
        external(theirs).start({"no-such-setting": "1"}, "bench_compared")
    with redis.Redis.from_url(theirs) as client:
        assert client.config_get("appendonly") == {"appendonly": "no"}
    server = external(theirs)
    assert server.start({"appendonly": "no"}, "bench_compared").kind == "external"
    server.stop()


def test_a_user_who_may_not_show_that_a_run_is_under_way_is_refused(theirs: str) -> None:
    with redis.Redis.from_url(theirs) as client:
        command(client, "ACL", "SETUSER", "quiet", "on", ">hunter2", "~*", "+@all", "resetchannels")
    server = external(f"redis://quiet:hunter2@{theirs.rpartition('@')[2]}")
    with pytest.raises(UnavailableError, match=r"may not subscribe .* &checkpoint-bench:\*"):
        server.start({}, "bench_quiet")
    with redis.Redis.from_url(theirs) as client:
        command(client, "ACL", "SETUSER", "quiet", "&checkpoint-bench:*")
    try:
        server.start({}, "bench_quiet")
    finally:
        server.stop()


def test_an_external_server_is_named_with_its_modules(theirs: str) -> None:
    version = RedisServer({}).check().split()[-1]
    assert external(theirs).check() == f"external Redis {version} with search 2.10, ReJSON 2.8"


def test_a_missing_module_is_named(theirs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.servers._redis_modules.loaded", lambda _: {"search": "2.10"})
    with pytest.raises(UnavailableError, match="lacks RedisJSON"):
        external(theirs).check()


def test_a_password_works_and_is_never_shown(theirs: str) -> None:
    address = theirs.rpartition("@")[2]
    with redis.Redis.from_url(theirs) as client:
        before: Any = client.config_get("requirepass")
        client.config_set("requirepass", "p@ss/word")
        try:
            server = external(f"redis://:p%40ss%2Fword@{address}")
            endpoint = server.start({}, "bench_guarded")
            server.stop()
        finally:
            client.config_set("requirepass", before["requirepass"])
    assert "p@ss" not in repr(endpoint)
    assert "p%40ss" not in repr(endpoint)
    with pytest.raises(UnavailableError, match="BENCH_REDIS_URL") as caught:
        external(f"redis://:hunter2@{address}").check()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("none", set()), ("search", {"search"}), ("json", {"rejson"}), ("both", {"search", "rejson"})],
)
def test_an_embedded_server_has_the_modules_that_are_asked_for(
    choice: str, expected: set[str]
) -> None:
    server = RedisServer({})
    try:
        endpoint = server.start({"modules": choice, "save": ""}, "bench_modules")
        with redis.Redis.from_url(endpoint.url) as client:
            assert {"search", "rejson"} & set(_redis_modules.loaded(client)) == expected
    finally:
        server.stop()


def test_a_users_server_with_modules_is_not_used_where_none_are_wanted(theirs: str) -> None:
    with pytest.raises(UnsupportedError, match="has RediSearch and RedisJSON, no module is needed"):
        external(theirs).start({"modules": "none"}, "bench_modules")
    with redis.Redis.from_url(theirs) as client:
        assert {"search", "rejson"} <= set(_redis_modules.loaded(client))


def test_a_users_server_without_modules_serves_what_wants_none() -> None:
    bare = RedisServer({})
    try:
        url = bare.start({"modules": "none"}, "bench_theirs").url
        wanted = [{"modules": "none"}]
        assert external(url).check(wanted).endswith("with search missing, ReJSON missing")
        with pytest.raises(UnavailableError, match="lacks RediSearch and RedisJSON"):
            external(url).check([*wanted, {"save": ""}])
        server = external(url)
        assert server.start(wanted[0], "bench_modules").kind == "external"
        server.stop()
        # Redis 8 it is: whether it has its modules built in is what the saver will show.
        server = external(url)
        assert server.start({"modules": "built-in"}, "bench_modules").kind == "external"
        server.stop()
    finally:
        bare.stop()


def test_the_embedded_server_has_no_modules_of_its_own_to_show() -> None:
    server = RedisServer({})
    with pytest.raises(UnsupportedError, match="bare core"):
        server.start({"modules": "built-in"}, "bench_modules")
    server.stop()
