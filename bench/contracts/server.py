"""A database server: ours (embedded) or the user's (external)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server listens.

    ``url`` may hold a password and is therefore never shown. ``namespace`` is the Postgres schema
    or Redis key prefix that this trial may fill and that the server plug-in removes afterwards.
    ``process_ids`` are the server's processes on this machine, empty where it is somebody else's.
    """

    kind: Literal["embedded", "external"]
    url: str = field(repr=False)
    namespace: str
    process_ids: tuple[int, ...] = ()


class Server(ABC):
    """A database server: started by us (embedded) or the user's own (external).

    One object serves one trial: :meth:`start`, then :meth:`stop` in every way out.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        """``environment`` holds the variables that may name an external server."""
        self.environment = environment

    @abstractmethod
    def check(self, wanted: Sequence[Mapping[str, str]] = ()) -> str:
        """Say in one line which server would be used and its version, without a password.

        ``wanted`` has the settings that subjects will ask for, where that is known.

        Raises:
            UnavailableError: the external server does not answer or cannot serve them, or no
                embedded one is installed.
        """

    @abstractmethod
    def start(self, settings: Mapping[str, str], namespace: str) -> Endpoint:
        """Make a server ready that runs with ``settings``, and an empty ``namespace`` in it.

        Raises:
            UnavailableError: it cannot be started or reached.
            UnsupportedError: an external server runs with other settings than were asked for.
        """

    @abstractmethod
    def stop(self) -> None:
        """Remove what was made, stop what was started. Safe to call at any time, and twice."""
