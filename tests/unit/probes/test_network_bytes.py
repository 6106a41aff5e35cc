"""The bytes that a process has sent and received."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest

from bench.probes.network_bytes import NetworkBytes
from bench.records.trial import Reading
from tests.unit.probes.subjects import Scripted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not tell")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        one = stack.enter_context(socket.create_connection(listening.getsockname()))
        other, _ = listening.accept()
        stack.enter_context(other)
        yield one, other


def readings(act: Callable[[], object], checkpoints: int) -> dict[str, float]:
    async def main() -> Sequence[Reading]:
        probe = NetworkBytes()
        await probe.start(Scripted())
        act()
        return await probe.stop(checkpoints)

    found = asyncio.run(main())
    return {reading.name.split(".")[1]: reading.value for reading in found}


def test_what_each_connection_carried_is_added_up(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    one, other = pair
    one.sendall(b"before")
    other.recv(6)

    def act() -> None:
        one.sendall(b"a" * 300)
        assert other.recv(300, socket.MSG_WAITALL) == b"a" * 300

    # Both ends are in this process: what one sends the other receives.
    assert readings(act, 3) == {
        "bytes_per_checkpoint": 200.0,
        "sent_bytes_per_checkpoint": 100.0,
        "received_bytes_per_checkpoint": 100.0,
    }


def test_where_a_connection_has_gone_nothing_is_said(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    assert readings(pair[0].close, 3) == {}


def test_without_a_checkpoint_nothing_is_said(pair: tuple[socket.socket, socket.socket]) -> None:
    assert readings(lambda: pair[0].send(b"a"), 0) == {}
