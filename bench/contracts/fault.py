"""What is done to a trial on purpose, from outside its worker."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

from bench.contracts.plugin import PluginOptions
from bench.contracts.server import Server, ServerControl

Disturbance = Literal["reset", "idle_closed", "half_open", "stalled", "pass"]
"""What happens to connections; ``pass`` ends it."""


class LinkControl(ABC):
    """The way to the server, which is a process of ours."""

    @abstractmethod
    def disturb(self, how: Disturbance) -> None:
        """Disturb all connections that there are, or no longer."""


class FaultTarget(ABC):
    """What of a trial can be broken; ``link`` is ``None`` where none was asked for."""

    link: LinkControl | None

    @property
    @abstractmethod
    def server(self) -> ServerControl | None:
        """The server; ``None`` where nothing of ours serves it."""

    @abstractmethod
    def kill_worker(self) -> None:
        """End the process that runs the saver, as by SIGKILL, and wait for its end."""

    @abstractmethod
    def limit_disk(self, free_bytes: int | None) -> None:
        """Let the store's files grow by so much together, and no more; ``None`` ends it."""

    @abstractmethod
    def drop_unflushed(self) -> None:
        """Take away what the store has written and not flushed; nobody may have it open."""


class Fault(ABC):
    """One kind of fault. Acts in the runner, never in the process that is measured.

    ``needs_server``: it is about a server of ours. ``needs_link``: about the way to a server.
    ``ends_worker``: nothing of the worker is left after it. ``needs_volatile_disk``: the store lies
    on a disk of ours, which can lose what was not flushed, and run full. ``from_start``: it acts
    before the saver is opened, and counts from when the window opens. A fault that ends by itself
    lasts ``lasts_s`` seconds.

    What happens inside the worker it only says: no module of the names in ``missing_modules`` can
    be imported there, and of the cycles of the window ``cancelled_share`` are cancelled.
    """

    Options: ClassVar[type[PluginOptions]] = PluginOptions
    needs_server: ClassVar[bool] = False
    needs_link: ClassVar[bool] = False
    ends_worker: ClassVar[bool] = False
    needs_volatile_disk: ClassVar[bool] = False
    from_start: ClassVar[bool] = False

    def __init__(self, options: PluginOptions) -> None:
        self.options = options

    @property
    def lasts_s(self) -> float:
        """How long after :meth:`act` :meth:`undo` is called, or earlier, as the load ends."""
        return 0.0

    @property
    def missing_modules(self) -> tuple[str, ...]:
        """What cannot be imported in the worker, with all that is below it."""
        return ()

    @property
    def cancelled_share(self) -> float:
        """The share of the cycles that are cancelled, each at an instant that is drawn."""
        return 0.0

    def server_settings(self, server: Server) -> Mapping[str, str]:
        """Return what a ``server`` of ours is started with, beside what the subject asks for.

        Raises:
            UnsupportedError: such a server cannot be broken so.
        """
        del server
        return {}

    @abstractmethod
    def act(self, target: FaultTarget) -> None:
        """Break it from outside; return once it is broken."""

    def undo(self, target: FaultTarget) -> None:  # noqa: B027 - there may be nothing to be done
        """Bring back what can come back; return once it is there."""
