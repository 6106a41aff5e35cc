"""What every kind of plug-in shares, and the smallest of them: event loops and reporters."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

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


class Reporter(ABC):
    """Tells an analysis as documents. Never measures, never judges.

    What there is to build on is in ``bench.report``: ``Report.analysis`` has every number,
    ``Report.page`` the report in blocks, which ``markdown``, ``html`` and ``terminal`` set.
    """

    @abstractmethod
    def render(self, report: Any) -> Mapping[str, bytes]:
        """Return file name → content; ``report`` is a ``bench.report.report.Report``."""
