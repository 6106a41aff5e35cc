"""Completion of socket operations over ``selectors``: what asyncio's Proactor loop stands on.

``asyncio.proactor_events.BaseProactorEventLoop`` is in every CPython; only the completion port
below it is Windows'. Here an operation is tried at once; if it would block, it waits in a queue of
its socket and direction, is tried again when the selector reports the socket, and completes its
future.

As on Windows a send completes when all its bytes are sent, operations may be under way in both
directions at once, and there is no ``add_reader``. Sockets only: no pipes, no subprocesses.
"""

from __future__ import annotations

import asyncio
import errno
import selectors
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

_READ = selectors.EVENT_READ
_WRITE = selectors.EVENT_WRITE

Attempt = Callable[[], Any]
Buffer = bytes | bytearray | memoryview


class _Interest:
    """The operations that wait for one socket, oldest first, and the events asked for.

    A read that completes leaves its event asked for: nearly always the next read follows before
    the socket is readable again, and so costs no system call.
    """

    __slots__ = ("descriptor", "events", "sock", "waiting")

    def __init__(self, sock: socket.socket, descriptor: int) -> None:
        self.sock = sock
        self.descriptor = descriptor
        self.events = 0
        self.waiting: dict[int, deque[_Operation]] = {_READ: deque(), _WRITE: deque()}

    @property
    def is_stale(self) -> bool:
        """Whether the socket was closed, so that the descriptor may be another's by now."""
        return self.sock.fileno() != self.descriptor

    @property
    def needed(self) -> int:
        """The events that operations wait for."""
        return sum(event for event, queue in self.waiting.items() if queue)


class _Operation(asyncio.Future[Any]):
    """An operation that would have blocked. Cancelling it withdraws it at once."""

    def __init__(
        self, completion: SelectorCompletion, interest: _Interest, event: int, attempt: Attempt
    ) -> None:
        super().__init__(loop=completion.loop)
        self._completion = completion
        self._interest = interest
        self._event = event
        self.attempt = attempt

    def cancel(self, msg: Any | None = None) -> bool:
        if not self.done():
            self._completion.withdraw(self, self._interest, self._event)
        return super().cancel(msg)


class SelectorCompletion:
    """Stands where the Proactor loop expects its I/O completion port."""

    def __init__(self) -> None:
        self._selector: selectors.BaseSelector = selectors.DefaultSelector()
        self._interests: dict[int, _Interest] = {}
        self.loop: asyncio.AbstractEventLoop | None = None

    def set_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Remember the loop that makes the futures."""
        self.loop = loop

    # ---------------------------------------------------------------------------- operations

    def recv(self, sock: socket.socket, nbytes: int, flags: int = 0) -> asyncio.Future[bytes]:
        """Receive up to ``nbytes``; an empty result is the end of the stream."""
        return self._begin(sock, _READ, lambda: sock.recv(nbytes, flags))

    def recv_into(self, sock: socket.socket, buffer: Any, flags: int = 0) -> asyncio.Future[int]:
        """Receive into ``buffer``; the result is the number of bytes, 0 at the end."""
        return self._begin(sock, _READ, lambda: sock.recv_into(buffer, 0, flags))

    def recvfrom(self, sock: socket.socket, nbytes: int, flags: int = 0) -> asyncio.Future[Any]:
        """Receive one datagram; the result is (data, address)."""
        return self._begin(sock, _READ, lambda: sock.recvfrom(nbytes, flags))

    def recvfrom_into(
        self, sock: socket.socket, buffer: Any, nbytes: int = 0
    ) -> asyncio.Future[Any]:
        """Receive one datagram into ``buffer``; the result is (number of bytes, address)."""
        return self._begin(sock, _READ, lambda: sock.recvfrom_into(buffer, nbytes))

    def send(self, sock: socket.socket, data: Buffer, flags: int = 0) -> asyncio.Future[int]:
        """Send all of ``data``; the result is the number of bytes."""
        rest = memoryview(data).cast("B")
        total = len(rest)

        def attempt() -> int:
            nonlocal rest
            while rest:
                rest = rest[sock.send(rest, flags) :]
            return total

        return self._begin(sock, _WRITE, attempt)

    def sendto(
        self, sock: socket.socket, data: Buffer, flags: int = 0, addr: Any = None
    ) -> asyncio.Future[int]:
        """Send one datagram; the result is the number of bytes."""
        return self._begin(sock, _WRITE, lambda: sock.sendto(data, flags, addr))

    def sendfile(self, *arguments: object) -> asyncio.Future[int]:
        """Raise ``SendfileNotAvailableError``, upon which asyncio reads and sends by itself."""
        del arguments
        raise asyncio.SendfileNotAvailableError("the emulated Proactor loop has no sendfile")

    def accept(self, sock: socket.socket) -> asyncio.Future[tuple[socket.socket, Any]]:
        """Accept a connection; the result is (socket, address), the socket non-blocking."""

        def attempt() -> tuple[socket.socket, Any]:
            try:
                connection, address = sock.accept()
            except ConnectionAbortedError as error:
                # The peer left before it was accepted; the next one may be there already.
                raise BlockingIOError from error
            connection.setblocking(False)
            return connection, address

        return self._begin(sock, _READ, attempt)

    def connect(self, sock: socket.socket, address: Any) -> asyncio.Future[None]:
        """Connect ``sock`` to ``address``, which has been resolved."""
        begun = False

        def attempt() -> None:
            nonlocal begun
            if not begun:
                begun = True
                sock.connect(address)
                return
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, f"Connect call failed {address}")

        return self._begin(sock, _WRITE, attempt)

    # --------------------------------------------------------------------------- completion

    def select(self, timeout: float | None = None) -> list[Any]:
        """Wait up to ``timeout`` seconds and complete what can be; return an empty list."""
        if (timeout is None or timeout > 0) and self._drop_closed():
            # Their futures' callbacks are ready: there is nothing to wait for any more.
            timeout = 0
        for key, ready in self._selector.select(timeout):
            interest: _Interest = key.data
            for event in (_READ, _WRITE):
                if ready & event:
                    self._advance(interest, event)
        return []

    def withdraw(self, operation: _Operation, interest: _Interest, event: int) -> None:
        """Take back an operation that waits; it may have been dropped already."""
        queue = interest.waiting[event]
        if operation in queue:
            queue.remove(operation)
            self._ask_for(interest, interest.needed)

    def close(self) -> None:
        """Cancel what waits and close the selector. Safe to call twice."""
        for interest in list(self._interests.values()):
            for queue in interest.waiting.values():
                for operation in list(queue):
                    operation.cancel()
        self._interests.clear()
        self._selector.close()

    def _stop_serving(self, sock: socket.socket) -> None:
        """Forget a listening socket that is about to be closed (asyncio calls this)."""
        interest = self._interests.get(sock.fileno())
        if interest is not None:
            self._fail(interest)

    def _begin(self, sock: socket.socket, event: int, attempt: Attempt) -> asyncio.Future[Any]:
        if self.loop is None:
            raise RuntimeError("the completion object has no event loop yet")
        interest = self._interests.get(sock.fileno())
        if interest is not None and interest.is_stale:
            self._fail(interest)
            interest = None
        # An operation must not overtake those of its direction that wait already.
        if interest is None or not interest.waiting[event]:
            try:
                result = attempt()
            except (BlockingIOError, InterruptedError):
                pass
            else:
                future = self.loop.create_future()
                future.set_result(result)
                return future
        if interest is None:
            interest = _Interest(sock, sock.fileno())
        operation = _Operation(self, interest, event, attempt)
        interest.waiting[event].append(operation)
        self._ask_for(interest, interest.events | event)
        return operation

    def _advance(self, interest: _Interest, event: int) -> None:
        """Complete the operations of one direction, oldest first, until one would block."""
        queue = interest.waiting[event]
        was_needed = bool(queue)
        while queue:
            operation = queue[0]
            try:
                result = operation.attempt()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                queue.popleft()
                operation.set_exception(error)
            else:
                queue.popleft()
                operation.set_result(result)
        if event == _WRITE or not was_needed:
            self._ask_for(interest, interest.events & ~event)

    def _ask_for(self, interest: _Interest, events: int) -> None:
        """Make the selector watch exactly ``events`` of the socket; none: forget it."""
        if events == interest.events:
            return
        descriptor = interest.descriptor
        had, interest.events = interest.events, events
        if not had:
            self._selector.register(descriptor, events, interest)
            self._interests[descriptor] = interest
        elif not events:
            self._forget(interest)
        else:
            try:
                self._selector.modify(descriptor, events, interest)
            except OSError:
                # The descriptor is closed; the selector has dropped it, its operations follow.
                self._fail(interest)

    def _forget(self, interest: _Interest) -> None:
        interest.events = 0
        if self._interests.get(interest.descriptor) is interest:
            del self._interests[interest.descriptor]
            if interest.descriptor in self._selector.get_map():
                self._selector.unregister(interest.descriptor)

    def _fail(self, interest: _Interest) -> None:
        """Drop a socket that was closed under its operations: they end as Windows ends them."""
        self._forget(interest)
        for queue in interest.waiting.values():
            while queue:
                queue.popleft().set_exception(
                    ConnectionResetError(
                        errno.ECONNRESET, "the socket was closed while an operation waited"
                    )
                )

    def _drop_closed(self) -> bool:
        """Drop the sockets that were closed under us; return whether operations ended by it."""
        stale = [interest for interest in self._interests.values() if interest.is_stale]
        ended = any(interest.needed for interest in stale)
        for interest in stale:
            self._fail(interest)
        return ended
