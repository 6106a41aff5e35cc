"""What faults of the connections share."""

from __future__ import annotations

from typing import ClassVar, cast

from pydantic import Field

from bench.contracts import Disturbance, Fault, FaultTarget, PluginOptions


class LastingOptions(PluginOptions):
    """It lasts ``down_s`` seconds, or until the load ends."""

    down_s: float = Field(default=0.2, ge=0.0, le=600.0)


class LinkFault(Fault):
    """Disturbs all connections of the worker at once, by the relay that they go through."""

    needs_link = True
    how: ClassVar[Disturbance]

    def act(self, target: FaultTarget) -> None:
        _disturb(target, self.how)


class LastingLinkFault(LinkFault):
    """One that ends."""

    Options = LastingOptions

    @property
    def lasts_s(self) -> float:
        return cast("LastingOptions", self.options).down_s

    def undo(self, target: FaultTarget) -> None:
        _disturb(target, "pass")


def _disturb(target: FaultTarget, how: Disturbance) -> None:
    if target.link is None:
        raise ValueError("nothing of ours lies between this trial and its server")
    target.link.disturb(how)
