"""The relay: passes on what a client and a server send, each chunk so long after it arrived.

It is a program, not a module of this package: ``python -I _relay.py``, standard library only. The
runner writes an order (one line of JSON, :class:`Order`) to its standard input and keeps that pipe
open. The relay answers with one line, ``{"port"}`` or ``{"error"}``. When the pipe closes, however
the runner ended, it ends.

Nothing is held back but by the delay: chunks travel beside each other, as on a long wire, in the
order in which they came.

Further lines disturb the connections that there are, each answered with ``{"connections"}``:
``reset`` (both sides are told that the other is gone), ``idle_closed`` (those are closed in order
that wait for no answer), ``half_open`` (what is sent vanishes, and nobody is told, for good; with
new connections it is the same) and ``stalled`` (what is sent is held back). ``pass`` ends the last
two: what was held back arrives, and new connections work.
"""

from __future__ import annotations

import asyncio
import json
import os
import selectors
import signal
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import TypedDict, cast

# Closing does not linger for what is to be sent: the other side is reset.
_AT_ONCE = struct.pack("HH" if sys.platform == "win32" else "ii", 1, 0)


class Order(TypedDict):
    """Where to connect to, and the delay of each direction."""

    host: str
    port: int
    delay_s: float


class _Wires:
    """All connections, and how they are disturbed."""

    def __init__(self) -> None:
        self.directions: set[_Direction] = set()
        self.state = "pass"

    def obey(self, command: str) -> int:
        """Disturb the connections, or no longer; return how many directions that were."""
        if command in ("reset", "idle_closed"):
            there = [each for each in self.directions if not each.is_lost]
            chosen = [each for each in there if command == "reset" or each.is_idle]
            for direction in chosen:
                direction.end(is_reset=command == "reset")
            return len(chosen)
        self.state = command
        for direction in tuple(self.directions):
            direction.is_dead |= command == "half_open"
            if command == "pass":
                direction.catch_up()
        return len(self.directions)


class _Direction(asyncio.Protocol):
    """Takes what one side sends, and gives it to ``to`` once that side is there."""

    is_server = True

    def __init__(self, delay_s: float, wires: _Wires) -> None:
        self._delay_s = delay_s
        self._wires = wires
        self._under_way: deque[Callable[[asyncio.Transport], None]] = deque()
        self._held_back = 0
        self.is_dead = wires.state == "half_open"
        self.spoke_last = False
        self.has_ended = False
        self.is_lost = False
        self.transport: asyncio.Transport | None = None
        self.to: _Direction | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._wires.directions.add(self)

    @property
    def is_idle(self) -> bool:
        """Whether the server spoke last, so that nobody waits for an answer."""
        server = self if self.is_server else self.to
        return server is not None and server.spoke_last

    def end(self, *, is_reset: bool) -> None:
        """Close this side, by a reset or in order."""
        if self.transport is not None and is_reset:
            _reset(self.transport)
        elif self.transport is not None:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        self.spoke_last = True
        if self.to is not None:
            self.to.spoke_last = False
        self._send(lambda to: to.write(data))

    def eof_received(self) -> bool:
        """Pass on that nothing more is sent, after what was; the other direction stays open."""
        self.has_ended = True
        self._send(self._end)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other side in the same way, once all has arrived there.

        A reset must not become an orderly end: what was cut off would look whole.
        """
        self.is_lost = True
        self._send(_reset if exc else lambda to: to.close())

    def _end(self, to: asyncio.Transport) -> None:
        if self.to is not None and self.to.has_ended:
            to.close()
        else:
            to.write_eof()

    def _send(self, what: Callable[[asyncio.Transport], None]) -> None:
        self._under_way.append(what)
        asyncio.get_running_loop().call_later(self._delay_s, self._arrive)

    def catch_up(self) -> None:
        """Pass on what was held back."""
        for _ in range(self._held_back):
            self._pass_on()
        self._held_back = 0

    def _arrive(self) -> None:
        # Some CPythons 3.11 read on, though they were told to pause until the server is there.
        if self._wires.state == "stalled" or self.to is None:
            self._held_back += 1
        else:
            self._pass_on()

    def _pass_on(self) -> None:
        # Not what the timer was set for, but the oldest: two timers may be due at once.
        what = self._under_way.popleft()
        to = self.to.transport if self.to is not None else None
        if to is not None and not to.is_closing() and not self.is_dead:
            what(to)
        if self.is_lost and not self._under_way:
            self._wires.directions.discard(self)


class _Client(_Direction):
    """The client's side; connects to the server for it."""

    is_server = False

    def __init__(self, order: Order, wires: _Wires) -> None:
        super().__init__(order["delay_s"], wires)
        self._order = order
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        cast("asyncio.Transport", transport).pause_reading()
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        server = _Direction(self._order["delay_s"], self._wires)
        server.to = self
        client = cast("asyncio.Transport", self.transport)
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: server, self._order["host"], self._order["port"]
            )
        except OSError:
            client.abort()
        self.to = server
        if self._wires.state != "stalled":
            self.catch_up()
        client.resume_reading()


def _reset(transport: asyncio.Transport) -> None:
    own: socket.socket = transport.get_extra_info("socket")
    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()


async def _relay(order: Order) -> None:
    loop = asyncio.get_running_loop()
    wires = _Wires()
    try:
        listening = await loop.create_server(lambda: _Client(order, wires), "127.0.0.1", 0)
    except OSError as error:
        _answer({"error": str(error)})
        return
    _answer({"port": listening.sockets[0].getsockname()[1]})
    threading.Thread(target=_obey_until_the_end, args=(loop, wires), daemon=True).start()
    await listening.serve_forever()


def _obey_until_the_end(loop: asyncio.AbstractEventLoop, wires: _Wires) -> None:
    def obey(command: str) -> None:
        _answer({"connections": wires.obey(command)})

    while line := sys.stdin.buffer.readline():
        loop.call_soon_threadsafe(obey, json.loads(line))
    os._exit(0)


def _answer(message: dict[str, object]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


def _new_event_loop() -> asyncio.AbstractEventLoop:
    # epoll rounds a delay up to whole milliseconds, select does not.
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def main() -> None:
    """Read the order and pass on until the runner has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = sys.stdin.buffer.readline()
    if line:
        with asyncio.Runner(loop_factory=_new_event_loop) as runner:
            runner.run(_relay(json.loads(line)))


if __name__ == "__main__":
    main()
