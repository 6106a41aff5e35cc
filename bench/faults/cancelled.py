"""Callers give up."""

from __future__ import annotations

from typing import cast

from pydantic import Field

from bench.contracts import Fault, FaultTarget, PluginOptions


class CancelledOptions(PluginOptions):
    """Of the cycles of the window the ``share`` is drawn that is cancelled."""

    share: float = Field(default=0.1, gt=0.0, le=1.0)


class Cancelled(Fault):
    """A cycle is cancelled at an instant that is drawn, within the time that the last one took."""

    Options = CancelledOptions
    from_start = True

    @property
    def cancelled_share(self) -> float:
        return cast("CancelledOptions", self.options).share

    def act(self, target: FaultTarget) -> None:
        """Do nothing: the load generator of the worker cancels."""
