"""Ends what is left of a session, of which a process of ours was the leader."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

import psutil


def end_session(leader: int) -> None:
    """End what a saver has started and left behind: the worker is the leader of a session."""
    # While its session has members, nobody else gets its number: one that lives now is a stranger.
    if sys.platform == "win32" or psutil.pid_exists(leader):
        return
    for process_id in psutil.pids():
        with contextlib.suppress(OSError):
            if os.getsid(process_id) == leader:
                os.kill(process_id, signal.SIGKILL)
