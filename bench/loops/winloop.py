"""winloop: uvloop's counterpart on Windows."""

from __future__ import annotations

import asyncio
import importlib.util
import sys

from bench.contracts import Loop
from bench.errors import MissingPackageError, UnavailableError


class WinloopLoop(Loop):
    """``winloop.Loop``."""

    def unavailable(self) -> str | None:
        """Return why winloop cannot run here: the platform, or the package is missing."""
        if sys.platform == "win32":
            if importlib.util.find_spec("winloop") is None:
                return 'winloop is not installed; pip install "checkpoint-bench[winloop]"'
            return None
        return "winloop runs on Windows only; the loop 'uvloop' takes its place here"

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Make a ``winloop.Loop``.

        Raises:
            UnavailableError: this is not Windows.
            MissingPackageError: winloop is not installed.
        """
        if sys.platform == "win32":
            try:
                import winloop  # noqa: PLC0415  # the plug-in must import without the package
            except ModuleNotFoundError as error:
                raise MissingPackageError("the loop 'winloop'", "winloop", "winloop") from error
            loop: asyncio.AbstractEventLoop = winloop.new_event_loop()
            return loop
        raise UnavailableError("the loop 'winloop' runs on Windows only")
