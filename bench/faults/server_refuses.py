"""The server has no connection left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pydantic import Field

from bench.contracts import FaultTarget, ServerControl
from bench.errors import UnavailableError
from bench.faults._machinery.temporary import ServerFault, TemporaryOptions, disturb, server_of

_ATTEMPTS = 1000
_SETTINGS = {"postgres": "max_connections", "redis": "maxclients"}


class ServerRefusesOptions(TemporaryOptions):
    """The server gives ``max_connections`` in all, from its start on."""

    max_connections: int = Field(default=40, ge=2, le=200)


class ServerRefuses(ServerFault):
    """Other clients hold all connections: those of the worker are reset, and new ones refused."""

    Options = ServerRefusesOptions
    needs_link = True

    @property
    def _most(self) -> int:
        return cast("ServerRefusesOptions", self.options).max_connections

    def server_settings(self, server: str) -> Mapping[str, str]:
        return {_SETTINGS[server]: str(self._most)} if server in _SETTINGS else {}

    def act(self, target: FaultTarget) -> None:
        server = server_of(target)
        for _ in range(_ATTEMPTS):
            if server.take_connections() >= self._most:
                return
            # What the worker holds, or was faster to take again.
            disturb(target, "reset")
        raise UnavailableError("other clients could not take all connections of the server")

    def bring_back(self, server: ServerControl) -> None:
        server.give_back_connections()
