"""A relay as its runner sees it. See ``_relay.py``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Self

from bench.child_process import ChildProcess
from bench.contracts import Disturbance, LinkControl
from bench.errors import UnavailableError
from bench.links._relay import Order
from bench.server_variables import without_servers

_ENDING_S = 5.0


class Relay(LinkControl):
    """A process that listens on :attr:`port` of 127.0.0.1 and passes on to ``host:port``.

    What either side sends arrives ``delay_s`` later: the time of a round trip grows by twice that.
    Leaving the context ends it; it also ends when the process that started it does.

    Raises:
        UnavailableError: it cannot be started.
    """

    def __init__(self, host: str, port: int, delay_s: float) -> None:
        program = str(Path(__file__).with_name("_relay.py"))
        self._process = ChildProcess([sys.executable, "-I", program], without_servers(os.environ))
        self.process_id = self._process.process_id
        answer = self._process.ask(Order(host=host, port=port, delay_s=delay_s))
        if "port" not in answer:
            self.stop()
            reason = answer.get("error", "it ended without an answer")
            raise UnavailableError(f"the relay to the server cannot be started: {reason}")
        self.port = int(answer["port"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def disturb(self, how: Disturbance) -> None:
        if "connections" not in self._process.ask(how):
            raise UnavailableError(f"the relay to the server has ended: no {how}")

    def stop(self) -> None:
        """End the process, and with it every connection. Safe to call twice."""
        self._process.end(_ENDING_S)
