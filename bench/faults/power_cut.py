"""The power of the machine that keeps the data goes."""

from __future__ import annotations

from bench.contracts import FaultTarget
from bench.faults._machinery.temporary import ServerFault


class PowerCut(ServerFault):
    """What was not flushed is gone, with the server, or with the worker where there is none.

    The data lies on a file system of this project that keeps in memory what was not flushed, so
    nothing of such a trial is a speed.
    """

    needs_server = False
    needs_volatile_disk = True

    def act(self, target: FaultTarget) -> None:
        if target.server is None:
            target.kill_worker()
        else:
            target.server.kill()
        target.drop_unflushed()

    def undo(self, target: FaultTarget) -> None:
        if target.server is not None:
            target.server.start_again()
