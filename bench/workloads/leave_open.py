"""A program of its own leaves a SQLite saver open, or closes it, and comes to its end."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bench.contracts import Client, PluginOptions, Workload
from bench.systems.left_open import ends

_ENDED, _HUNG = "ended", "hung"


class LeaveOpenOptions(PluginOptions):
    """Whether the program closes its saver, and how long its end is waited for."""

    closed: bool = False
    limit_s: float = Field(default=3.0, gt=0.0, le=600.0)


class LeaveOpenWorkload(Workload):
    """One such program per cycle, on a new file; the trial's own saver is not used.

    ``ended``: it was over within ``limit_s`` of its last line. ``hung``: it had to be killed.
    """

    Options: ClassVar[type[PluginOptions]] = LeaveOpenOptions
    options: LeaveOpenOptions
    marks: ClassVar[tuple[str, ...]] = (_ENDED, _HUNG)

    async def cycle(self, client: Client) -> None:
        client.mark(_ENDED if await asyncio.to_thread(self._ends) else _HUNG)

    def _ends(self) -> bool:
        with tempfile.TemporaryDirectory(dir=self.directory) as directory:
            file = Path(directory) / "left-open.sqlite"
            return ends(file, closed=self.options.closed, limit_s=self.options.limit_s)
