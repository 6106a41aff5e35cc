"""The network stalls."""

from __future__ import annotations

from bench.faults._link_fault import LastingLinkFault


class Stalled(LastingLinkFault):
    """What is sent is held back, and arrives after ``down_s``."""

    how = "stalled"
