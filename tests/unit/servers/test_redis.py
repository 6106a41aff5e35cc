from __future__ import annotations

import pytest

from bench.errors import InputError, UnavailableError
from bench.servers import redis as redis_server
from bench.servers._redis_namespace import escape_pattern
from bench.servers.redis import RedisServer


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hun/ter2@127.0.0.1:1/0",
        "redis://:1/ter2@127.0.0.1:1/0",
        "redis://:hun?ter2@127.0.0.1:1/0",
        "redis://:1?ter2@127.0.0.1:1/0",
        "redis://:hun#ter2@127.0.0.1:1/0",
        "http://:ter2@127.0.0.1:1/0",
        "ter2",
        "redis://:[ter2@127.0.0.1:1/0",
    ],
)
def test_a_malformed_url_is_not_quoted(url: str) -> None:
    with pytest.raises(UnavailableError) as caught:
        RedisServer({"BENCH_REDIS_URL": url}).check()
    assert "BENCH_REDIS_URL is not a valid URL" in str(caught.value)
    assert "ter2" not in str(caught.value)


def test_a_server_that_does_not_answer_is_named_by_its_variable() -> None:
    with pytest.raises(UnavailableError) as caught:
        RedisServer({"BENCH_REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}).check()
    text = str(caught.value)
    assert text.startswith("the Redis server that BENCH_REDIS_URL names does not answer")
    assert "hunter2" not in text


def test_only_database_0_can_be_searched() -> None:
    with pytest.raises(UnavailableError, match="another database than 0"):
        RedisServer({"BENCH_REDIS_URL": "redis://127.0.0.1:1/3"}).check()


def test_without_the_wheels_the_ways_out_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_server, "find_redis", lambda: None)
    monkeypatch.setattr(redis_server, "is_built_here", lambda _: True)
    for call in (RedisServer({}).check, lambda: RedisServer({}).start({}, "bench_abc")):
        with pytest.raises(UnavailableError) as caught:
            call()
        for way in ("BENCH_REDIS_URL", '"checkpoint-bench[embedded]"', "docker compose up"):
            assert way in str(caught.value)


def test_where_there_are_no_wheels_none_are_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_server, "find_redis", lambda: None)
    monkeypatch.setattr(redis_server, "is_built_here", lambda _: False)
    with pytest.raises(UnavailableError, match="set BENCH_REDIS_URL") as caught:
        RedisServer({}).check()
    assert "pip install" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", "1"), ("dir", "/"), ("a b", "1"), ("", "1"), ("save", "--dir"), ("save", "a\nb")],
)
def test_a_setting_that_is_not_the_scenarios_is_refused(name: str, value: str) -> None:
    with pytest.raises(InputError, match="cannot"):
        RedisServer({}).start({name: value}, "bench_abc")


def test_a_short_namespace_is_refused() -> None:
    with pytest.raises(InputError, match="at least 8 characters"):
        RedisServer({}).start({}, "bench_a")


def test_what_means_something_in_a_pattern_is_escaped() -> None:
    assert escape_pattern(r"a*b?[c]^\d-e") == r"a\*b\?\[c\]\^\\d-e"


def test_stopping_what_never_started_does_nothing() -> None:
    server = RedisServer({})
    server.stop()
    server.stop()
