"""What a relay passes on, and that it ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from bench.links._relay import _Client, _Direction, _Wires
from bench.links.relay import Relay
from bench.servers._embedded import free_port

CONTENT = bytes(range(256)) * 4_000


@contextlib.contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Have ``answer`` serve each connection; what it raises is raised when the server is left."""
    failed: list[Exception] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection:
                    try:
                        answer(connection)
                    except Exception as error:  # noqa: BLE001 - raised below
                        failed.append(error)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        # Closing alone does not wake a thread that accepts.
        listening.shutdown(socket.SHUT_RDWR)
    if failed:
        raise failed[0]


def reverse(connection: socket.socket) -> None:
    """Answer, once the client has said that it ends, with all of it reversed."""
    connection.sendall(received(connection)[::-1])


def answer_in_part(connection: socket.socket) -> None:
    """Reset the connection in the middle of an answer."""
    connection.recv(1)
    connection.sendall(b"the first half")
    at_once = struct.pack("HH" if sys.platform == "win32" else "ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)


def received(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def exchanged(port: int, content: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        return received(connection)


@pytest.mark.parametrize("delay_s", [0.0, 0.005])
def test_everything_arrives_in_order_and_so_does_the_end(delay_s: float) -> None:
    with answering(reverse) as port, Relay("127.0.0.1", port, delay_s) as relay:
        assert exchanged(relay.port, CONTENT) == CONTENT[::-1]
        assert exchanged(relay.port, b"again") == b"niaga"


def test_what_is_cut_off_does_not_look_whole() -> None:
    with (
        answering(answer_in_part) as port,
        Relay("127.0.0.1", port, 0.0) as relay,
        socket.create_connection(("127.0.0.1", relay.port)) as connection,
    ):
        connection.sendall(b"?")
        with pytest.raises(ConnectionResetError):
            received(connection)


def test_a_server_that_is_not_there_closes_the_connection() -> None:
    with (
        Relay("127.0.0.1", free_port(), 0.0) as relay,
        socket.create_connection(("127.0.0.1", relay.port)) as connection,
        contextlib.suppress(ConnectionResetError),
    ):
        assert connection.recv(1) == b""


@contextlib.contextmanager
def echoing(port: int) -> Iterator[tuple[Relay, socket.socket]]:
    """Give a connection that has had an answer to what it sent, and its relay."""
    with (
        Relay("127.0.0.1", port, 0.0) as relay,
        socket.create_connection(("127.0.0.1", relay.port)) as connection,
    ):
        connection.sendall(b"first")
        assert connection.recv(100) == b"first"
        yield relay, connection


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that answers each chunk with itself."""

    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while part := connection.recv(1 << 16):
                if part != b"no answer":
                    connection.sendall(part)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def test_a_reset_is_told_and_new_connections_work(echo_port: int) -> None:
    with echoing(echo_port) as (relay, connection):
        relay.disturb("reset")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
        with socket.create_connection(("127.0.0.1", relay.port)) as again:
            again.sendall(b"again")
            assert again.recv(100) == b"again"


def test_only_idle_connections_are_closed_and_in_order(echo_port: int) -> None:
    with (
        echoing(echo_port) as (relay, idle),
        socket.create_connection(("127.0.0.1", relay.port)) as waiting,
    ):
        waiting.sendall(b"waits")
        assert waiting.recv(100) == b"waits"
        waiting.sendall(b"no answer")
        # What comes back on another connection has been sent after that.
        idle.sendall(b"second")
        assert idle.recv(100) == b"second"
        relay.disturb("idle_closed")
        assert idle.recv(1) == b""
        waiting.sendall(b"still there")
        assert waiting.recv(100) == b"still there"


class Written(asyncio.Transport):
    """Keeps what is written to it, and whether it was ended."""

    def __init__(self, socket_: socket.socket) -> None:
        super().__init__({"socket": socket_})
        self.done: list[bytes] = []
        self.has_written = asyncio.Event()

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def write(self, data: Any) -> None:
        self.done.append(bytes(data))
        self.has_written.set()

    def abort(self) -> None:
        self.done.append(b"(reset)")


@pytest.mark.parametrize("is_lost", [False, True])
def test_what_is_stalled_arrives_afterwards_even_from_a_connection_that_was_reset(
    *, is_lost: bool
) -> None:
    async def passed_on() -> tuple[list[bytes], list[bytes], int]:
        wires = _Wires()
        client, server = _Direction(0.0, wires), _Direction(0.0, wires)
        client.to = server
        client.connection_made(Written(own))
        server.connection_made(arrived)
        wires.obey("stalled")
        client.data_received(b"held ")
        client.data_received(b"back")
        if is_lost:
            client.connection_lost(ConnectionResetError())
        # Timers that are due run in the order in which they were set.
        due = asyncio.Event()
        asyncio.get_running_loop().call_later(0.0, due.set)
        await due.wait()
        before = [*arrived.done]
        wires.obey("pass")
        return before, arrived.done, len(wires.directions)

    with socket.socket() as own:
        arrived = Written(own)
        before, after, directions = asyncio.run(passed_on())
    assert before == []
    assert after == [b"held ", b"back", *[b"(reset)"] * is_lost]
    assert directions == 2 - is_lost


async def has_lost(direction: _Direction | None) -> None:
    """Return once the connection of ``direction`` has gone."""
    while direction is not None and not direction.is_lost:  # noqa: ASYNC110 - the relay has no event
        await asyncio.sleep(0)


def test_what_comes_before_the_server_is_there_arrives(echo_port: int) -> None:
    async def answer(own: socket.socket) -> bytes:
        client = _Client({"host": "127.0.0.1", "port": echo_port, "delay_s": 0.0}, _Wires())
        written = Written(own)
        client.connection_made(written)
        # As of a transport that was told to pause and reads on.
        client.data_received(b"early")
        await written.has_written.wait()
        arrived = b"".join(written.done)
        client.connection_lost(None)
        await has_lost(client.to)
        return arrived

    with socket.socket() as own:
        assert asyncio.run(asyncio.wait_for(answer(own), 20.0)) == b"early"


def test_what_is_half_open_says_nothing_for_good(echo_port: int) -> None:
    with echoing(echo_port) as (relay, connection):
        relay.disturb("half_open")
        connection.sendall(b"vanishes")
        relay.disturb("pass")
        with socket.create_connection(("127.0.0.1", relay.port)) as later:
            later.sendall(b"works")
            assert later.recv(100) == b"works"
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)


def test_it_ends_when_it_is_left() -> None:
    with Relay("127.0.0.1", free_port(), 0.0) as relay:
        process = psutil.Process(relay.process_id)

    assert not process.is_running()
