"""The server is not there."""

from __future__ import annotations

from bench.faults._machinery.temporary import ServerFault


class ServerAbsent(ServerFault):
    """It is gone before the saver is opened, and comes ``down_s`` after the window has opened."""

    from_start = True
