"""The emulated Proactor loop: its completion object, socket by socket."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from bench.loops._completion import SelectorCompletion
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


def completion() -> SelectorCompletion:
    found = getattr(asyncio.get_running_loop(), "_proactor")  # noqa: B009  # absent from the stubs
    assert isinstance(found, SelectorCompletion)
    return found


def watched(sock: socket.socket) -> bool:
    return sock.fileno() in completion()._interests


def test_what_does_not_block_completes_without_registration(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    async def exchange() -> tuple[int, bytes, bool]:
        sent = completion().send(pair[0], b"ready")
        received = completion().recv(pair[1], 100)
        assert sent.done()
        assert received.done()
        return sent.result(), received.result(), watched(pair[0]) or watched(pair[1])

    assert run(exchange) == (5, b"ready", False)


def test_a_send_completes_when_all_is_sent(pair: tuple[socket.socket, socket.socket]) -> None:
    payload = bytearray(range(256)) * 8192

    async def exchange() -> tuple[bool, int, bytes]:
        sending = completion().send(pair[0], payload)
        at_once = sending.done()
        received = bytearray()
        while len(received) < len(payload):
            received += await completion().recv(pair[1], 65_536)
        return at_once, await sending, bytes(received)

    assert run(exchange) == (False, len(payload), bytes(payload))


def test_one_socket_receives_and_sends_at_once(pair: tuple[socket.socket, socket.socket]) -> None:
    payload = b"x" * 2_000_000

    async def exchange() -> tuple[bytes, int]:
        receiving = completion().recv(pair[0], 100)
        sending = completion().send(pair[0], payload)
        assert not receiving.done()
        assert not sending.done()
        await completion().send(pair[1], b"answer")
        answer = await receiving
        total = 0
        while total < len(payload):
            total += len(await completion().recv(pair[1], 65_536))
        assert await sending == len(payload)
        return answer, total

    assert run(exchange) == (b"answer", len(payload))


def test_reads_of_one_socket_complete_in_order(pair: tuple[socket.socket, socket.socket]) -> None:
    async def exchange() -> list[bytes]:
        reads = [completion().recv(pair[0], 3) for _ in range(3)]
        await completion().send(pair[1], b"onetwosix")
        return await asyncio.gather(*reads)

    assert run(exchange) == [b"one", b"two", b"six"]


def test_cancelling_unregisters_at_once(pair: tuple[socket.socket, socket.socket]) -> None:
    async def exchange() -> tuple[bool, bool, bytes]:
        reading = completion().recv(pair[0], 100)
        before = watched(pair[0])
        reading.cancel()
        after = watched(pair[0])
        await completion().send(pair[1], b"kept")
        return before, after, await completion().recv(pair[0], 100)

    assert run(exchange) == (True, False, b"kept")


def test_cancelling_the_read_keeps_the_write(pair: tuple[socket.socket, socket.socket]) -> None:
    payload = b"x" * 2_000_000

    async def exchange() -> int:
        reading = completion().recv(pair[0], 100)
        sending = completion().send(pair[0], payload)
        reading.cancel()
        total = 0
        while total < len(payload):
            total += len(await completion().recv(pair[1], 65_536))
        return await sending

    assert run(exchange) == len(payload)


def test_a_socket_closed_under_its_read_resets_the_read() -> None:
    async def exchange() -> tuple[type[object], bool]:
        left, right = socket.socketpair()
        left.setblocking(False)
        descriptor = left.fileno()
        with right:
            reading = completion().recv(left, 100)
            left.close()
            (outcome,) = await asyncio.wait_for(
                asyncio.gather(reading, return_exceptions=True), timeout=30
            )
        return type(outcome), descriptor in completion()._interests

    assert run(exchange) == (ConnectionResetError, False)


def test_a_descriptor_that_is_used_again_belongs_to_the_new_socket() -> None:
    async def exchange() -> tuple[bool, BaseException | None, bytes]:
        left, right = socket.socketpair()
        left.setblocking(False)
        stale = completion().recv(left, 100)
        descriptor = left.fileno()
        left.close()
        again, other = socket.socketpair()
        with right, again, other:
            again.setblocking(False)
            fresh = completion().recv(again, 100)
            other.send(b"fresh")
            # Withdrawing the old operation must not touch the new socket's registration.
            stale.cancel()
            received = await asyncio.wait_for(fresh, timeout=30)
            return again.fileno() == descriptor, stale.exception(), received

    reused, stale_error, received = run(exchange)
    assert reused
    assert isinstance(stale_error, ConnectionResetError)
    assert received == b"fresh"


def test_readiness_without_a_read_stops_being_watched(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    async def exchange() -> tuple[bool, bool]:
        reading = completion().recv(pair[0], 3)
        await completion().send(pair[1], b"onetwo")
        await reading
        kept = watched(pair[0])
        for _ in range(3):
            await asyncio.sleep(0)
        return kept, watched(pair[0])

    assert run(exchange) == (True, False)


def test_end_of_stream_is_an_empty_read(pair: tuple[socket.socket, socket.socket]) -> None:
    async def exchange() -> tuple[bytes, int]:
        reading = completion().recv(pair[0], 100)
        pair[1].close()
        return await reading, await completion().recv_into(pair[0], bytearray(8))

    assert run(exchange) == (b"", 0)


def test_a_reset_by_the_peer_is_raised_by_the_waiting_read() -> None:
    async def exchange() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            client = socket.create_connection(listener.getsockname())
            connection, _ = await completion().accept(listener)
            with connection:
                reading = completion().recv(connection, 100)
                linger = (1).to_bytes(4, sys.byteorder) + bytes(4)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                client.close()
                return await reading

    with pytest.raises(ConnectionResetError):
        run(exchange)


def test_accepted_connections_do_not_block() -> None:
    async def exchange() -> tuple[float | None, Any, Any]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            accepting = completion().accept(listener)
            assert not accepting.done()
            with socket.socket() as client:
                client.setblocking(False)
                await completion().connect(client, listener.getsockname())
                connection, address = await accepting
                with connection:
                    return connection.gettimeout(), address, client.getsockname()

    timeout, address, expected = run(exchange)
    assert timeout == 0.0
    assert address == expected


def test_closing_the_loop_cancels_what_waits(pair: tuple[socket.socket, socket.socket]) -> None:
    loop = EmulatedProactorEventLoop()
    waiting: list[asyncio.Future[bytes]] = []

    async def begin() -> None:
        waiting.append(completion().recv(pair[0], 100))

    loop.run_until_complete(begin())
    loop.close()
    assert waiting[0].cancelled()
