"""How other programs are started.

One of our own is sent lines and answers with lines. It ends when its standard input closes. That is
a pipe of which the write end is this process's alone, closed on ``exec``: however this process
ends, the other one does as well.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast


def output_of(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    limit_s: float = 10.0,
) -> str:
    """Run ``command`` to its end and return what it printed.

    Raises:
        OSError, subprocess.SubprocessError: it cannot be run, fails, or takes longer than that.
    """
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        command,
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
        timeout=limit_s,
    )
    return done.stdout.strip()


def read_line() -> bytes:
    """Read a line that whoever started this process sends; empty where they have gone.

    From file descriptor 0, without a buffer that would swallow the next one.
    """
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return b""
        line += byte
    return bytes(line)


class ChildProcess:
    """Runs ``command`` in a session of its own: Ctrl-C in a terminal reaches this process alone.

    ``errors`` is where its standard error goes.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        errors: int | IO[bytes] = subprocess.DEVNULL,
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def process_id(self) -> int:
        """Its process id, which is also that of its session."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Its exit code, negative for a signal; ``None`` while it runs."""
        return self._process.poll()

    def send(self, line: bytes) -> None:
        """Write ``line`` to its standard input, if that is still open."""
        with contextlib.suppress(OSError, ValueError):
            self._stdin.write(line + b"\n")
            self._stdin.flush()

    def line(self, limit_s: float | None = None) -> str | None:
        """Return the next line that it writes; ``None`` when it has closed its standard output.

        Raises:
            TimeoutError: there is none for ``limit_s`` seconds.
        """
        try:
            return self._lines.get(timeout=limit_s)
        except queue.Empty:
            raise TimeoutError(f"a process said nothing for {limit_s} s") from None

    def ask(self, order: Mapping[str, Any] | Sequence[str]) -> dict[str, Any]:
        """Send ``order`` as a line of JSON and return the one that it answers; empty for none."""
        self.send(json.dumps(order).encode())
        try:
            answer: dict[str, Any] = json.loads(self.line() or "{}")
        except ValueError:
            return {}
        return answer

    def give_up(self) -> None:
        """Close its standard input; also from another thread than that which waits for it."""
        with contextlib.suppress(OSError):
            self._stdin.close()

    def wait(self, limit_s: float) -> bool:
        """Wait until it has ended, for ``limit_s`` seconds at most, and tell whether it has."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(limit_s)
        return self._process.poll() is not None

    def kill(self) -> None:
        """Kill it, and wait for its end."""
        self._process.kill()
        self._process.wait()
        self.give_up()

    def terminate(self, limit_s: float) -> None:
        """Have it end with those that it has started; after so many seconds it is killed."""
        self._process.terminate()
        # Until it is waited for, the group is its own.
        if not self.wait(limit_s) and sys.platform != "win32":
            os.killpg(self._process.pid, signal.SIGKILL)
        self.kill()

    def end(self, limit_s: float) -> None:
        """Have it end; one that has not after ``limit_s`` seconds is killed. Safe to call twice."""
        self.give_up()
        if not self.wait(limit_s):
            self.kill()

    def _read(self) -> None:
        with cast("IO[bytes]", self._process.stdout) as output:
            for line in output:
                self._lines.put(line.decode(errors="replace").strip())
        self._lines.put(None)
