"""A database server: ours (embedded) or the user's (external)."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench.errors import UnsupportedError

# Our own variables, and those that libpq reads.
_OF_SERVERS = ("BENCH_", "PG")

# The names that :func:`new_namespace` gives, as a regular expression.
NAMESPACE = "bench_[0-9a-f]{12}"

# Opens a link to host and port, and returns the port of 127.0.0.1 that leads there.
OpenLink = Callable[[str, int], int]


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


@dataclass(frozen=True, slots=True)
class Leftover:
    """What runs have made on a user's server under one ``name``; ``content`` says how much.

    ``in use`` is what a run works with now, ``kept`` what could not be removed, for ``reason``.
    """

    name: str
    content: str
    state: Literal["left over", "in use", "removed", "kept"]
    reason: str = ""


def without_servers(environment: Mapping[str, str]) -> dict[str, str]:
    """Return ``environment`` without what tells of the user's servers, passwords among it.

    Programs that have nothing to do with a server are started with this: what pip builds runs code
    of whoever wrote the package.
    """
    return {k: v for k, v in environment.items() if not k.startswith(_OF_SERVERS)}


def new_namespace() -> str:
    """Return a name for what one trial makes: see :data:`NAMESPACE`."""
    return f"bench_{secrets.token_hex(6)}"


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

    def programs(self) -> Mapping[str, str]:
        """Tell an embedded server's programs by name: the version, if it says one, and SHA-256.

        Empty where the server is the user's, who knows what they run. Reads every program once.

        Raises:
            UnavailableError: no embedded server is installed.
        """
        return {}

    @abstractmethod
    def start(self, settings: Mapping[str, str], namespace: str) -> Endpoint:
        """Make a server ready that runs with ``settings``, and an empty ``namespace`` in it.

        Raises:
            UnavailableError: it cannot be started or reached.
            UnsupportedError: an external server runs with other settings than were asked for.
        """

    def through(self, endpoint: Endpoint, open_link: OpenLink) -> Endpoint:
        """Return ``endpoint`` as it is reached by way of a link.

        Raises:
            UnsupportedError: it is not reached by TCP, or not by such an address.
        """
        del endpoint, open_link
        raise UnsupportedError(f"{type(self).__name__} cannot be reached by way of a link")

    @abstractmethod
    def stop(self) -> None:
        """Remove what was made, stop what was started. Safe to call at any time, and twice."""

    def clean(self, *, remove: bool) -> Sequence[Leftover] | None:  # noqa: ARG002 - for those that can
        """List what runs have made on the user's server, and still is there.

        ``None`` where the user names none: an embedded server takes with it what was made in it.
        With ``remove`` what no run uses any more is removed.

        Raises:
            UnavailableError: the server does not answer.
        """
        return None
