"""A disk that loses what was not flushed, as its runner sees it. See ``volatile_disk.py``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Self

from bench.child_process import ChildProcess
from bench.errors import UnavailableError, UnsupportedError
from bench.faults._machinery.volatile_disk import Order
from bench.server_variables import without_servers

_ENDING_S = 10.0
_NEEDED = "the package mfusepy (pip install 'checkpoint-bench[faults]'), with fuse3 of the system"


class VolatileDisk:
    """A file system in :attr:`directory`; leaving the context removes it, with all that it held.

    Raises:
        UnsupportedError: it cannot be mounted here; the text says what is missing.
    """

    def __init__(self) -> None:
        if sys.platform != "linux" or not Path("/dev/fuse").exists():
            raise UnsupportedError("a disk of ours needs FUSE (/dev/fuse), which is not here")
        program = str(Path(__file__).with_name("volatile_disk.py"))
        self._process = ChildProcess([sys.executable, "-I", program], without_servers(os.environ))
        answer = self._process.ask(Order(is_shared=os.geteuid() == 0))
        if "directory" not in answer:
            self.stop()
            reason = answer.get("error", "its process ended without an answer")
            raise UnsupportedError(f"a disk of ours needs FUSE and {_NEEDED}: {reason}")
        self.directory = Path(answer["directory"]) / "disk"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def flush(self) -> None:
        """Keep all that was written so far."""
        self._tell("sync")

    def cut(self) -> None:
        """Drop what was not flushed."""
        self._tell("cut")

    def limit(self, free_bytes: int | None) -> None:
        """Let files grow by so much together, and no more; ``None``: as far as there is room."""
        self._tell("limit", free_bytes)

    def stop(self) -> None:
        """Unmount and remove it. Safe to call twice."""
        self._process.end(_ENDING_S)

    def _tell(self, command: str, value: int | None = None) -> None:
        if "done" not in self._process.ask({command: value}):
            raise UnavailableError(f"the disk of ours has ended, so that nothing obeys {command!r}")
