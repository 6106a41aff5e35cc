"""Who listens on a port, as the table of the operating system says."""

from __future__ import annotations

import os
import socket
import sys
from types import SimpleNamespace

import psutil
import pytest

from bench.servers import _embedded
from bench.servers._embedded import EmbeddedServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this table")


def test_a_listener_is_told_by_its_user() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert _embedded._listener_of(port) == os.getuid()
    assert _embedded._listener_of(port) is None


@pytest.mark.parametrize(("difference", "expected"), [(0, True), (1, False)])
def test_where_a_process_cannot_be_looked_into_its_user_must_hold_the_port(
    difference: int, expected: bool
) -> None:
    """As root of a container, who may not look into another user's processes."""

    def denied(_: str) -> None:
        raise psutil.AccessDenied

    server = EmbeddedServer()
    user = SimpleNamespace(effective=os.getuid() + difference)
    server._server = SimpleNamespace(net_connections=denied, uids=lambda: user)  # type: ignore[assignment]  # all that is asked of it
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        assert server._holds_its_port() is expected
