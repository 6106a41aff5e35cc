"""What every kind of plug-in shares, and the smallest of them: an event loop."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict


class PluginOptions(BaseModel):
    """Base of every plug-in's options: frozen, strict, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Loop(ABC):
    """An event loop by name; ``packages`` are distributions of which the version is recorded."""

    packages: ClassVar[tuple[str, ...]] = ()

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
