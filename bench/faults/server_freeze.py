"""The server hangs: its connections stay open, and nothing answers."""

from __future__ import annotations

from bench.contracts import ServerControl
from bench.faults._machinery.temporary import ServerFault


class ServerFreeze(ServerFault):
    """SIGSTOP to every process of the server, and SIGCONT after ``down_s``."""

    def take_down(self, server: ServerControl) -> None:
        server.freeze()

    def bring_back(self, server: ServerControl) -> None:
        server.thaw()
