"""Somebody else who listens where a server of ours was to, and asks for its password."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

# PostgreSQL's AuthenticationCleartextPassword; a Redis client takes it for a broken answer.
_ASK = b"R\x00\x00\x00\x08\x00\x00\x00\x03"
_LIMIT_S = 30.0


class Impostor:
    """A listener on :attr:`port` of 127.0.0.1; :attr:`received` is all that it was sent."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._listen)
        self.port: int = self._listener.getsockname()[1]
        self.received = b""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Wakes the thread, which then sees an empty request.
        with socket.create_connection(("127.0.0.1", self.port)):
            pass
        self._thread.join()
        self._listener.close()

    def _listen(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(_LIMIT_S)
                first = connection.recv(4096)
                if not first:
                    return
                self.received += first
                # Who does not like the question may reset the connection.
                with contextlib.suppress(OSError):
                    connection.sendall(_ASK)
                    while part := connection.recv(4096):
                        self.received += part
