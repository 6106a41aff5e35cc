"""One client on SQLite, Postgres and Redis: all that a trial does in its worker, and plain loops.

Each way runs in a process of its own, on a server of its own. They take turns, so that a drift of
the machine hits all alike.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from benchmarks.program import ROOT

_END_S = 60.0


class Way:
    """One process, which waits for its turn."""

    def __init__(self, way: str, saver: str, state_bytes: int) -> None:
        command = [sys.executable, "-m", "benchmarks.real_saver", way, saver, str(state_bytes)]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def turn(self, length: float) -> tuple[float, int]:
        """Let it run, for so many seconds or cycles; return cycles a second, and how many."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a process without pipes")
        self._process.stdin.write(f"{length}\n")
        self._process.stdin.flush()
        rate_per_s, cycles = json.loads(self._process.stdout.readline())
        return rate_per_s, cycles

    def cycles(self, number: int) -> float:
        """Let a loop by hand do so many cycles; return cycles a second."""
        return self.turn(number)[0]

    def close(self) -> None:
        """Let the process stop its server and end."""
        with self._process:
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.wait(_END_S)


@contextmanager
def started(names: Sequence[str], saver: str, state_bytes: int) -> Iterator[dict[str, Way]]:
    """Give a fresh process for each of the ``names`` of ``benchmarks.real_saver``."""
    with ExitStack() as stack:
        ways: dict[str, Way] = {}
        for name in names:
            ways[name] = Way(name, saver, state_bytes)
            stack.callback(ways[name].close)
        yield ways
