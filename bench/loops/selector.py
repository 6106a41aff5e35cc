"""asyncio's selector event loop: the default on Linux and macOS."""

from __future__ import annotations

import asyncio

from bench.contracts import Loop


class SelectorLoop(Loop):
    """``asyncio.SelectorEventLoop`` over the platform's best selector."""

    def unavailable(self) -> str | None:
        return None

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.SelectorEventLoop()
