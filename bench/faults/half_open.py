"""Connections are half-open."""

from __future__ import annotations

from bench.faults._machinery.temporary import TemporaryLinkFault


class HalfOpen(TemporaryLinkFault):
    """What is sent vanishes and nobody is told, for good: as behind a firewall that forgot.

    New connections vanish as well until ``down_s`` is over.
    """

    how = "half_open"
