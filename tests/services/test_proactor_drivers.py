"""What each driver does on a Proactor loop, the platform's own or the emulated one."""

from __future__ import annotations

import asyncio
import sys

import psycopg
import pytest
import redis.asyncio

from bench.loops.proactor import ProactorLoop
from bench.servers.postgres import PostgresServer
from bench.servers.redis import RedisServer
from tests.services._platforms import needs_redis

pytestmark = pytest.mark.services


def test_async_psycopg_refuses() -> None:
    refusal: type[Exception] = (
        psycopg.InterfaceError if sys.platform == "win32" else NotImplementedError
    )
    server = PostgresServer({})
    try:
        endpoint = server.start({}, "bench_proactor")

        async def connect() -> None:
            await psycopg.AsyncConnection.connect(endpoint.url)

        with (
            asyncio.Runner(loop_factory=ProactorLoop().new_event_loop) as runner,
            pytest.raises(refusal),
        ):
            runner.run(connect())
    finally:
        server.stop()


@needs_redis
def test_async_redis_works() -> None:
    content = "x" * 1_000_000
    server = RedisServer({})
    try:
        endpoint = server.start({}, "bench_proactor")

        async def exchange() -> tuple[int, set[object]]:
            async with redis.asyncio.Redis.from_url(endpoint.url) as client:
                names = [f"bench_proactor:{number}" for number in range(8)]
                await asyncio.gather(*(client.set(name, content) for name in names))
                read = await asyncio.gather(*(client.get(name) for name in names))
            return len(read), set(read)

        with asyncio.Runner(loop_factory=ProactorLoop().new_event_loop) as runner:
            assert runner.run(exchange()) == (8, {content.encode()})
    finally:
        server.stop()
