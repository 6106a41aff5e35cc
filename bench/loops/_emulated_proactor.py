"""asyncio's Proactor loop on platforms that have no completion port."""

from __future__ import annotations

import asyncio
import errno
import socket
from asyncio.proactor_events import BaseProactorEventLoop
from collections.abc import Callable
from typing import Any

from bench.loops._completion import SelectorCompletion


class _TolerantSocket:
    """A socket that may be shut down although both sides have ended, as Winsock allows.

    asyncio's Proactor transports shut down every socket before they close it; elsewhere that is
    an error once the peer has gone, and the socket would then stay open.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        # What every operation uses is bound here, past __getattr__.
        self.recv_into = sock.recv_into
        self.send = sock.send
        self.fileno = sock.fileno

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def shutdown(self, how: int) -> None:
        try:
            self._sock.shutdown(how)
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                raise


class EmulatedProactorEventLoop(BaseProactorEventLoop):
    """asyncio's Proactor loop with :class:`~bench.loops._completion.SelectorCompletion` below it.

    For compatibility only: its speed is not that of Windows' loop.
    """

    _self_reading_future: asyncio.Future[bytes] | None
    _loop_self_reading: Callable[..., object]

    def __init__(self) -> None:
        super().__init__(SelectorCompletion())

    def run_forever(self) -> None:
        """Run until :meth:`stop`, reading the self-pipe that other threads wake the loop by."""
        try:
            self.call_soon(self._loop_self_reading)
            super().run_forever()
        finally:
            if self._self_reading_future is not None:
                self._self_reading_future.cancel()
                self._self_reading_future = None

    def _make_socket_transport(self, sock: socket.socket, *arguments: Any, **keywords: Any) -> Any:
        make = super()._make_socket_transport  # type: ignore[misc]  # private: not in the stubs
        return make(_TolerantSocket(sock), *arguments, **keywords)

    def _make_ssl_transport(self, sock: socket.socket, *arguments: Any, **keywords: Any) -> Any:
        make = super()._make_ssl_transport  # type: ignore[misc]  # private: not in the stubs
        return make(_TolerantSocket(sock), *arguments, **keywords)

    def _make_datagram_transport(
        self, sock: socket.socket, *arguments: Any, **keywords: Any
    ) -> Any:
        make = super()._make_datagram_transport  # type: ignore[misc]  # private: not in the stubs
        return make(_TolerantSocket(sock), *arguments, **keywords)
