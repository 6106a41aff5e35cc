"""The disk of the store runs full."""

from __future__ import annotations

from pydantic import Field

from bench.contracts import FaultTarget
from bench.faults._machinery.temporary import TemporaryFault, TemporaryOptions


class ServerFullOptions(TemporaryOptions):
    """Files may grow by ``free_bytes`` together until the disk is full."""

    free_bytes: int = Field(default=0, ge=0)


class ServerFull(TemporaryFault):
    """No file can grow; there is room again ``down_s`` later, and a server that ended is started.

    The data lies on a file system of this project, as for a power cut.
    """

    Options = ServerFullOptions
    options: ServerFullOptions
    needs_volatile_disk = True

    def act(self, target: FaultTarget) -> None:
        target.limit_disk(self.options.free_bytes)

    def undo(self, target: FaultTarget) -> None:
        target.limit_disk(None)
        if target.server is not None and not target.server.is_running():
            target.server.start_again()
