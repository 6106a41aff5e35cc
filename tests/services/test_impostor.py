"""Who took the port that a server of ours was to have is not sent its password."""

from __future__ import annotations

import pytest

from bench.servers import _embedded
from bench.servers.postgres import PostgresServer
from bench.servers.redis import RedisServer
from tests.impostor import Impostor
from tests.services._platforms import skip_without

pytestmark = pytest.mark.services


@pytest.mark.parametrize("plugin", [PostgresServer, RedisServer])
def test_an_impostor_on_the_port_is_sent_nothing(
    plugin: type[PostgresServer | RedisServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without("redis" if plugin is RedisServer else None)
    choose = _embedded.free_port
    with Impostor() as impostor:
        ports = [impostor.port]
        monkeypatch.setattr(_embedded, "free_port", lambda: ports.pop() if ports else choose())
        server = plugin({})
        try:
            server.start({}, "bench_impostor")
            assert server._embedded is not None
            assert server._embedded.port != impostor.port
        finally:
            server.stop()
    assert impostor.received == b""
