"""The Proactor event loop: the platform's own on Windows, an emulation elsewhere.

Both refuse ``add_reader``, so what a saver can and cannot do on Windows shows on every platform.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Literal

from bench.contracts import Loop


class ProactorLoop(Loop):
    """``asyncio.ProactorEventLoop``, or asyncio's Proactor code over a selector."""

    @property
    def kind(self) -> Literal["native", "emulated"]:
        """``native`` on Windows only: elsewhere the speed says nothing about Windows."""
        return "native" if sys.platform == "win32" else "emulated"

    def unavailable(self) -> str | None:
        return None

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        if sys.platform == "win32":
            return asyncio.ProactorEventLoop()
        from bench.loops._emulated_proactor import (  # noqa: PLC0415  # of no use on Windows
            EmulatedProactorEventLoop,
        )

        return EmulatedProactorEventLoop()
