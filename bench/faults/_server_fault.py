"""What faults of a server share."""

from __future__ import annotations

from typing import cast

from pydantic import Field

from bench.contracts import Fault, FaultTarget, PluginOptions, ServerControl


class DownOptions(PluginOptions):
    """The server comes back ``down_s`` seconds later, or as the load ends."""

    down_s: float = Field(default=0.2, ge=0.0, le=600.0)


class ServerFault(Fault):
    """Takes the server away for a while."""

    Options = DownOptions
    needs_server = True

    @property
    def lasts_s(self) -> float:
        return cast("DownOptions", self.options).down_s

    def act(self, target: FaultTarget) -> None:
        self.take_down(_server_of(target))

    def undo(self, target: FaultTarget) -> None:
        self.bring_back(_server_of(target))

    def take_down(self, server: ServerControl) -> None:
        """Break the server."""
        server.kill()

    def bring_back(self, server: ServerControl) -> None:
        """Have it serve again."""
        server.start_again()


def _server_of(target: FaultTarget) -> ServerControl:
    if target.server is None:
        raise ValueError("nothing of ours serves this trial")
    return target.server
