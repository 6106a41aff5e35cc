"""Idle connections are closed."""

from __future__ import annotations

from bench.faults._machinery.temporary import LinkFault


class IdleClosed(LinkFault):
    """As by a server or a proxy that closes what nobody uses: in order, and unasked."""

    how = "idle_closed"
