"""What is counted exactly, per operation of a saver: calls that chance has no part in."""

from __future__ import annotations

COUNTED = {
    "statements": "statements or commands that were handed to the driver",
    "round_trips": "exchanges with the server that were waited for, one after the other",
    "commits": "transactions that were committed by a call of their own",
    "lock_acquisitions": "times that the saver's own lock was asked for",
}
ROUND_TRIPS = "round_trips"
LOCK_ACQUISITIONS = "lock_acquisitions"


def counted_name(operation: str, what: str) -> str:
    """Return the name of the reading, e.g. ``put.statements``."""
    return f"{operation}.{what}"
