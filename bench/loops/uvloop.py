"""uvloop: an event loop on libuv, for Linux and macOS."""

from __future__ import annotations

import asyncio
import importlib.util
import sys

from bench.contracts import Loop
from bench.errors import MissingPackageError, UnavailableError


class UvloopLoop(Loop):
    """``uvloop.Loop``."""

    def unavailable(self) -> str | None:
        """Return why uvloop cannot run here: the platform, or the package is missing."""
        if sys.platform == "win32":
            return "uvloop does not run on Windows; the loop 'winloop' takes its place there"
        if importlib.util.find_spec("uvloop") is None:
            return 'uvloop is not installed; pip install "checkpoint-bench[uvloop]"'
        return None

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Make a ``uvloop.Loop``.

        Raises:
            UnavailableError: this is Windows.
            MissingPackageError: uvloop is not installed.
        """
        if sys.platform == "win32":
            raise UnavailableError("the loop 'uvloop' does not run on Windows")
        try:
            import uvloop  # noqa: PLC0415  # the plug-in must import where the package is missing
        except ModuleNotFoundError as error:
            raise MissingPackageError("the loop 'uvloop'", "uvloop", "uvloop") from error
        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return loop
