"""What faults of servers and of connections share: most are over after a while."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bench.contracts import Disturbance, Fault, FaultTarget, PluginOptions, ServerControl


class TemporaryOptions(PluginOptions):
    """It is over ``down_s`` seconds later, or as the load ends."""

    down_s: float = Field(default=0.2, ge=0.0, le=600.0)


class TemporaryFault(Fault):
    """One that ends."""

    Options = TemporaryOptions
    options: TemporaryOptions

    @property
    def lasts_s(self) -> float:
        return self.options.down_s


class ServerFault(TemporaryFault):
    """Takes the server away for a while."""

    needs_server = True

    def act(self, target: FaultTarget) -> None:
        self.take_down(server_of(target))

    def undo(self, target: FaultTarget) -> None:
        self.bring_back(server_of(target))

    def take_down(self, server: ServerControl) -> None:
        """Break the server."""
        server.kill()

    def bring_back(self, server: ServerControl) -> None:
        """Have it serve again."""
        server.start_again()


class WorkerFault(Fault):
    """Happens inside the worker, which is told of it: nobody acts from outside."""

    from_start = True

    def act(self, target: FaultTarget) -> None:
        """Do nothing."""


class LinkFault(Fault):
    """Disturbs all connections of the worker at once, by the relay that they go through."""

    needs_link = True
    how: ClassVar[Disturbance]

    def act(self, target: FaultTarget) -> None:
        disturb(target, self.how)


class TemporaryLinkFault(LinkFault, TemporaryFault):
    """A disturbance that ends."""

    def undo(self, target: FaultTarget) -> None:
        disturb(target, "pass")


def server_of(target: FaultTarget) -> ServerControl:
    if target.server is None:
        raise ValueError("nothing of ours serves this trial")
    return target.server


def disturb(target: FaultTarget, how: Disturbance) -> None:
    if target.link is None:
        raise ValueError("nothing of ours lies between this trial and its server")
    target.link.disturb(how)
