"""The process that runs the saver is killed."""

from __future__ import annotations

from bench.contracts import Fault, FaultTarget


class WorkerKill(Fault):
    """SIGKILL to the worker: no handler, no ``finally`` and no flush of it runs any more."""

    ends_worker = True

    def act(self, target: FaultTarget) -> None:
        target.kill_worker()
