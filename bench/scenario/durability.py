"""What survives a crash: part of the identity of everything that is measured."""

from __future__ import annotations

from enum import StrEnum


class Durability(StrEnum):
    """How much of what was acknowledged survives, weakest first.

    ``volatile``: nothing survives the end of the server process. ``relaxed``: written to stable
    storage some time after the acknowledgement. ``fsync``: flushed before the acknowledgement.
    ``unknown``: the subject does not know, so it is comparable with nothing.
    """

    VOLATILE = "volatile"
    RELAXED = "relaxed"
    FSYNC = "fsync"
    UNKNOWN = "unknown"

    @property
    def strength(self) -> int:
        """How much is promised: 0 where that is not known, then volatile, relaxed, fsync."""
        return (Durability.UNKNOWN, *Durability).index(self)
