"""The server has no connection left."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from bench.contracts import FaultTarget, Server, ServerControl
from bench.errors import UnavailableError, UnsupportedError
from bench.faults._machinery.temporary import ServerFault, TemporaryOptions, disturb, server_of

_ATTEMPTS = 1000


class ServerRefusesOptions(TemporaryOptions):
    """The server gives ``max_connections`` in all, from its start on."""

    max_connections: int = Field(default=40, ge=2, le=200)


class ServerRefuses(ServerFault):
    """Other clients hold all connections: those of the worker are reset, and new ones refused."""

    Options = ServerRefusesOptions
    options: ServerRefusesOptions
    needs_link = True

    def server_settings(self, server: Server) -> Mapping[str, str]:
        if not server.connection_limit:
            raise UnsupportedError(f"{type(server).__name__} names no limit of its connections")
        return {server.connection_limit: str(self.options.max_connections)}

    def act(self, target: FaultTarget) -> None:
        server = server_of(target)
        for _ in range(_ATTEMPTS):
            if server.take_connections() >= self.options.max_connections:
                return
            # What the worker holds, or was faster to take again.
            disturb(target, "reset")
        raise UnavailableError("other clients could not take all connections of the server")

    def bring_back(self, server: ServerControl) -> None:
        server.give_back_connections()
