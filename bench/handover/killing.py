"""Kills a trial's worker at a chosen operation, and keeps what it had acknowledged until then."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from bench.handover.acknowledgements import AcknowledgementLog, Begin, End
from bench.handover.job import Kill

# Enough for the rows of some ten thousand operations; pages that are not written take no room.
_CAPACITY_BYTES = 1 << 20
_WINDOWS_EXIT_CODE = 137


class FatalLog(AcknowledgementLog):
    """A log in a file that is mapped into memory; its process dies as an operation begins.

    Nothing of the process runs any more then: no handler, no ``finally``, no flush.
    """

    @classmethod
    def armed(cls, path: Path, kill: Kill) -> Self:
        """Make a log in a new file at ``path`` that carries out ``kill``."""
        log = cls.shared(path, _CAPACITY_BYTES)
        log.arm(kill)
        return log

    def arm(self, kill: Kill) -> None:
        """Count from here to the operation that ``kill`` names."""
        self._left = kill.at_operation
        self._after_s = kill.after_s

    @property
    def operations(self) -> Mapping[str, tuple[Begin, End]]:
        """As in the base class, but for one beginning that does not return."""
        operations = super().operations
        return {name: (self._fatal(begin), end) for name, (begin, end) in operations.items()}

    def save(self, path: Path) -> None:
        """Do nothing: what was noted is in its file."""

    def _fatal(self, begin: Begin) -> Begin:
        def begun(*arguments: object, **keywords: object) -> object:
            if self._after_s:
                timer = threading.Timer(self._after_s, die)
                timer.daemon = True
                timer.start()
                self._after_s = 0.0
            token = begin(*arguments, **keywords)
            self._left -= 1
            if not self._left:
                die()
            return token

        return begun


def die() -> None:
    """End this process as if it had been killed from outside."""
    if sys.platform == "win32":
        os._exit(_WINDOWS_EXIT_CODE)
    os.kill(os.getpid(), signal.SIGKILL)


def was_killed(exit_code: int | None) -> bool:
    """Tell whether a process that ended so was killed."""
    return exit_code in (-9, _WINDOWS_EXIT_CODE)
