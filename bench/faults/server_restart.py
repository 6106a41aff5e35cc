"""The server is shut down as its administrator would, and started again."""

from __future__ import annotations

from bench.contracts import ServerControl
from bench.faults._machinery.temporary import ServerFault


class ServerRestart(ServerFault):
    """Postgres's fast shutdown, Redis's SIGTERM: the server saves what it has before it ends."""

    def take_down(self, server: ServerControl) -> None:
        server.shut_down()
