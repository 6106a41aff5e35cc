"""An event loop."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Literal


class Loop(ABC):
    """An event loop by name."""

    @property
    def kind(self) -> Literal["native", "emulated"]:
        """``emulated``: compatibility counts, speed is not that of the platform it stands for."""
        return "native"

    @abstractmethod
    def unavailable(self) -> str | None:
        """Return why this loop cannot be made here, or ``None``."""

    @abstractmethod
    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Make a loop; its class is asserted and recorded by the worker."""
