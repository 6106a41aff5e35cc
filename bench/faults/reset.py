"""All connections are reset."""

from __future__ import annotations

from bench.faults._machinery.temporary import LinkFault


class Reset(LinkFault):
    """Both sides are told at once that the connection is gone; new ones work."""

    how = "reset"
