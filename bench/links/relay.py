"""A relay as its runner sees it. See ``_relay.py``."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from bench.errors import UnavailableError
from bench.links._relay import Order

_ENDING_S = 5.0


class Relay:
    """A process that listens on :attr:`port` of 127.0.0.1 and passes on to ``host:port``.

    What either side sends arrives ``delay_s`` later: the time of a round trip grows by twice that.
    Leaving the context ends it; it also ends when the process that started it does.

    Raises:
        UnavailableError: it cannot be started.
    """

    def __init__(self, host: str, port: int, delay_s: float) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [sys.executable, "-I", str(Path(__file__).with_name("_relay.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.port = 0
        answer = self._ask(Order(host=host, port=port, delay_s=delay_s))
        if "port" not in answer:
            self.stop()
            reason = answer.get("error", "it ended without an answer")
            raise UnavailableError(f"the relay to the server cannot be started: {reason}")
        self.port = int(answer["port"])

    @property
    def process_id(self) -> int:
        """The relay's process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process, and with it every connection. Safe to call twice."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, order: Order) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            return {}
        try:
            stdin.write(json.dumps(order).encode() + b"\n")
            stdin.flush()
            answer: dict[str, Any] = json.loads(stdout.readline() or b"{}")
        except (OSError, ValueError):
            return {}
        return answer
