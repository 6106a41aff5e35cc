"""The network stalls."""

from __future__ import annotations

from bench.faults._machinery.temporary import TemporaryLinkFault


class Stalled(TemporaryLinkFault):
    """What is sent is held back, and arrives after ``down_s``."""

    how = "stalled"
