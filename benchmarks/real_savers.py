"""One client on SQLite, Postgres and Redis: what a trial does in its worker, and plain loops."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Self

from benchmarks.program import ROOT

_END_S = 60.0


class SaverProcess:
    """A process with a saver and its server, in which several ways of loading it take turns."""

    def __init__(self, saver: str, state_bytes: int) -> None:
        command = [sys.executable, "-m", "benchmarks.real_saver", saver, str(state_bytes)]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let the process stop its server and end."""
        with self._process:
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.wait(_END_S)

    def turn(self, way: str, length: float) -> tuple[float, int]:
        """Let a way of ``benchmarks.real_saver`` run for so many seconds or cycles.

        Returns:
            Cycles a second, and how many there were.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a process without pipes")
        self._process.stdin.write(f"{way} {length}\n")
        self._process.stdin.flush()
        rate_per_s, cycles = json.loads(self._process.stdout.readline())
        return rate_per_s, cycles

    def cycles(self, way: str, number: int) -> float:
        """Let a loop by hand do so many cycles; return cycles a second."""
        return self.turn(way, number)[0]
