"""The emulated Proactor loop as asyncio's streams, datagrams and files use it."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from bench.loops._emulated_proactor import EmulatedProactorEventLoop

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has the real one")

Result = TypeVar("Result")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    left.setblocking(False)
    right.setblocking(False)
    with left, right:
        yield left, right


def run(make: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    with asyncio.Runner(loop_factory=EmulatedProactorEventLoop) as runner:
        return runner.run(make())


def test_there_are_no_readers_writers_or_signal_handlers(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    loop = EmulatedProactorEventLoop()
    try:
        for add in (loop.add_reader, loop.add_writer):
            with pytest.raises(NotImplementedError):
                add(pair[0], print)
        with pytest.raises(NotImplementedError):
            loop.add_signal_handler(signal.SIGTERM, print)
    finally:
        loop.close()


def test_a_stream_that_is_reset_closes_its_socket(caplog: pytest.LogCaptureFixture) -> None:
    async def exchange() -> int:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            connection, _ = listener.accept()
            linger = (1).to_bytes(4, sys.byteorder) + bytes(4)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.close()
            with pytest.raises(ConnectionResetError):
                await reader.read()
            with pytest.raises(ConnectionResetError):
                await writer.wait_closed()
            descriptor: int = writer.get_extra_info("socket").fileno()
            return descriptor

    assert run(exchange) == -1
    assert caplog.messages == []


def test_datagrams_are_exchanged() -> None:
    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            self.transport.sendto(data[::-1], addr)

    async def exchange() -> bytes:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            address = transport.get_extra_info("sockname")
            await loop.sock_sendto(client, b"abc", address)
            received, sender = await loop.sock_recvfrom(client, 100)
        assert sender == address
        transport.close()
        await asyncio.sleep(0)
        return bytes(received)

    assert run(exchange) == b"cba"


def test_a_file_is_sent_without_sendfile(
    pair: tuple[socket.socket, socket.socket], tmp_path: Any
) -> None:
    path = tmp_path / "content"
    path.write_bytes(b"content")

    async def exchange() -> tuple[int, bytes]:
        with path.open("rb") as file:
            sent = await asyncio.get_running_loop().sock_sendfile(pair[0], file)
        return sent, await asyncio.get_running_loop().sock_recv(pair[1], 100)

    assert run(exchange) == (7, b"content")


def test_a_loop_runs_again_after_it_stopped() -> None:
    loop = EmulatedProactorEventLoop()
    try:
        results = [
            loop.run_until_complete(asyncio.wait_for(asyncio.to_thread(pow, 2, n), timeout=30))
            for n in range(3)
        ]
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
    assert results == [1, 2, 4]
