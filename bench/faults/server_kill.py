"""The server is killed, and started again."""

from __future__ import annotations

from bench.faults._machinery.temporary import ServerFault


class ServerKill(ServerFault):
    """SIGKILL to every process of the server at once; it comes back on what it had written."""
