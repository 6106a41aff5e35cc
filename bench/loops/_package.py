"""Event loops that come in a package, each for some platforms alone."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import sys
from typing import ClassVar

from bench.contracts import Loop
from bench.errors import UnavailableError


class PackageLoop(Loop):
    """The loop that ``package.new_event_loop()`` makes; its extra has the package's name.

    It runs on Windows alone (``on_windows``) or everywhere else, where ``other`` takes its place.
    """

    package: ClassVar[str]
    on_windows: ClassVar[bool]
    other: ClassVar[str]

    def unavailable(self) -> str | None:
        if (sys.platform == "win32") != self.on_windows:
            where = "on Windows only" if self.on_windows else "everywhere but on Windows"
            return f"{self.package} runs {where}; the loop {self.other!r} takes its place here"
        if importlib.util.find_spec(self.package) is None:
            extra = f"checkpoint-bench[{self.package}]"
            return f'{self.package} is not installed; pip install "{extra}"'
        return None

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        if reason := self.unavailable():
            raise UnavailableError(reason)
        loop: asyncio.AbstractEventLoop = importlib.import_module(self.package).new_event_loop()
        return loop
