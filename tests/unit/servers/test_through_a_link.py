"""How an address is reached by way of a link: host and port change, all else stays."""

from __future__ import annotations

import pytest
from psycopg.conninfo import conninfo_to_dict

from bench.contracts import Endpoint, Server
from bench.errors import UnsupportedError
from bench.servers.postgres import PostgresServer
from bench.servers.redis import RedisServer


def through(server: type[Server], url: str) -> tuple[str, list[tuple[str, int]]]:
    asked: list[tuple[str, int]] = []

    def open_link(host: str, port: int) -> int:
        asked.append((host, port))
        return 4321

    return server({}).through(Endpoint("external", url, "n"), open_link).url, asked


def test_postgres_keeps_the_name_of_its_host() -> None:
    url = "host=db.example port=5433 user=me password=secret sslmode=verify-full options='-c a=b'"
    found, asked = through(PostgresServer, url)

    assert asked == [("db.example", 5433)]
    changed = {"hostaddr": "127.0.0.1", "port": "4321"}
    assert conninfo_to_dict(found) == {**conninfo_to_dict(url), **changed}


def test_redis_keeps_account_and_database() -> None:
    found, asked = through(RedisServer, "redis://me:se%40cret@db.example/3?protocol=2")

    assert asked == [("db.example", 6379)]
    assert found == "redis://me:se%40cret@127.0.0.1:4321/3?protocol=2"


@pytest.mark.parametrize(
    ("server", "url"),
    [
        (PostgresServer, "host=/var/run/postgresql dbname=d"),
        (PostgresServer, "host=one,two port=1,2"),
        (RedisServer, "rediss://db.example/0"),
        (RedisServer, "unix:///var/run/redis.sock"),
    ],
)
def test_what_has_no_single_tcp_address_is_not_supported(server: type[Server], url: str) -> None:
    with pytest.raises(UnsupportedError, match="a link needs"):
        through(server, url)
