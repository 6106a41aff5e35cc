"""What a workload finds wrong while it runs."""

from __future__ import annotations


class StaleReadError(RuntimeError):
    """The latest checkpoint of a thread was read, and it is not the last acknowledged one."""
