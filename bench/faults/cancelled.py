"""Callers give up."""

from __future__ import annotations

from pydantic import Field

from bench.contracts import PluginOptions
from bench.faults._machinery.temporary import WorkerFault


class CancelledOptions(PluginOptions):
    """Of the cycles of the window the ``share`` is drawn that is cancelled."""

    share: float = Field(default=0.1, gt=0.0, le=1.0)


class Cancelled(WorkerFault):
    """A cycle is cancelled at an instant that is drawn, within the time that the last one took."""

    Options = CancelledOptions
    options: CancelledOptions

    @property
    def cancelled_share(self) -> float:
        return self.options.share
