"""A database server: ours (embedded) or the user's (external)."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol

from bench.errors import UnavailableError, UnsupportedError
from bench.records.redaction import secrets_of
from bench.scenario.durability import Durability

# How the variables of this project begin.
OWN_VARIABLES = "BENCH_"

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
    ``settings`` were read back from it, as a session at ``url`` has them, and ``durability`` is
    what they amount to; ``None`` of a server that does not look.
    """

    kind: Literal["embedded", "external"]
    url: str = field(repr=False)
    namespace: str
    process_ids: tuple[int, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    durability: Durability | None = None


@dataclass(frozen=True, slots=True)
class Leftover:
    """What runs have made under one ``name``, as on a user's server; ``content`` says how much.

    ``in use`` is what a run works with now, ``recent`` what is kept since it soon may be again,
    ``kept`` what could not be removed, for ``reason``.
    """

    name: str
    content: str
    state: Literal["left over", "in use", "recent", "removed", "kept"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DataTemplate:
    """What a server of ours begins with, in place of nothing: a copy of what lies in ``directory``.

    Its content is of ``namespace``; who asks for a ``password`` asks for this one. With an empty
    ``directory`` it is still to be filled.
    """

    directory: str
    namespace: str
    password: str = field(default="", repr=False)


def new_namespace() -> str:
    """Return a name for what one trial makes: see :data:`NAMESPACE`."""
    return f"bench_{secrets.token_hex(6)}"


def finish(remove: Callable[[], None]) -> None:
    """Call ``remove``; where Ctrl-C breaks it off, once more, and only then let Ctrl-C through.

    ``remove`` takes away what was made on somebody else's server, and must take up where it was
    broken off.

    Raises:
        UnavailableError: ``remove`` failed.
        KeyboardInterrupt: it was broken off once, and is done; if it then failed, a note on the
            exception says why.
    """
    try:
        remove()
    except KeyboardInterrupt as interruption:
        try:
            remove()
        except UnavailableError as error:
            interruption.add_note(str(error))
        raise


class ServerControl(Protocol):
    """What can be done to a server that was started for the trial: it is broken on purpose.

    Each returns once it is done.

    Raises:
        UnavailableError: it cannot be done, or the server does not come back.
        UnsupportedError: this system does not know how.
    """

    def kill(self) -> None:
        """End all of its processes at once, as by SIGKILL."""

    def shut_down(self) -> None:
        """Have it end as its administrator would."""

    def start_again(self) -> None:
        """Start it at the same address on what is left of its data; wait until it is ready."""

    def is_running(self) -> bool:
        """Tell whether it is there; one that is frozen is."""

    def take_connections(self) -> int:
        """Hold each connection that it still gives, as other clients would; return how many."""

    def give_back_connections(self) -> None:
        """Close what :meth:`take_connections` holds."""

    def freeze(self) -> None:
        """Stop all of its processes where they are: connections stay open, nothing answers."""

    def thaw(self) -> None:
        """Let what was frozen go on."""


class Server(ABC):
    """A database server: started by us (embedded) or the user's own (external).

    One object serves one trial: perhaps :meth:`prepare`, then :meth:`start`, then :meth:`stop` in
    every way out.

    What everything else must know of it stands here. ``variable`` is the environment variable that
    names the user's server; it begins with ``BENCH_``, by which it is known for a secret before
    this class is imported. ``client_variables`` are the beginnings of those that its client library
    reads. No other program is told of any of them (``bench.server_variables``), and of what is
    written the passwords in ``variable`` and the values of ``secret_variables`` are left out.
    ``packages`` are the distributions, of the client and of the embedded server, of which the
    version is recorded. ``connection_limit`` is its setting that says how many connections it gives
    in all, if it has one. ``beside_s`` is about what a trial on it takes beside warm-up and window:
    starting, reading back, and what its operations add to the warm-up.
    """

    variable: ClassVar[str] = ""
    client_variables: ClassVar[tuple[str, ...]] = ()
    secret_variables: ClassVar[tuple[str, ...]] = ()
    packages: ClassVar[tuple[str, ...]] = ()
    connection_limit: ClassVar[str] = ""
    beside_s: ClassVar[float] = 3.5

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not cls.variable.startswith(OWN_VARIABLES) and cls.variable:
            raise TypeError(f"{cls.__name__}.variable must begin with {OWN_VARIABLES}")

    def __init__(self, environment: Mapping[str, str]) -> None:
        """``environment`` holds the variables that may name an external server.

        ``data_parent``, if it is set before :meth:`start`, is the directory in which one of ours
        makes that of its data, and ``template`` what it begins with.
        """
        self.environment = environment
        self.data_parent = ""
        self.template: DataTemplate | None = None

    @property
    def is_filled(self) -> bool:
        """Whether it begins with what its template holds."""
        return self.template is not None and bool(self.template.directory)

    @property
    def external(self) -> str:
        """The address of the user's server; empty where they name none."""
        return self.environment.get(self.variable, "").strip()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What its variables hold that must not be shown."""
        values = (self.environment.get(name, "") for name in self.secret_variables)
        return (*secrets_of(self.external), *filter(None, values))

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

    def prepare(self) -> None:  # noqa: B027 - there may be nothing to be done
        """Do ahead what makes :meth:`start` shorter and starts nothing that works on its own.

        It may be called once, before :meth:`start`, and fail: that must then do without.
        """

    @abstractmethod
    def start(self, settings: Mapping[str, str], namespace: str) -> Endpoint:
        """Make a server ready that runs with ``settings``, and an empty ``namespace`` in it.

        Raises:
            InputError: a setting is the plug-in's own or no plain name, or the namespace is none.
            UnavailableError: it cannot be started or reached, or has that namespace already.
            UnsupportedError: an external server runs with other settings than were asked for.
        """

    def settle(self) -> tuple[str, str]:
        """Have one of ours write out all that it holds, and end.

        Returns:
            The directory of its data, which is there until :meth:`stop`, and the password.

        Raises:
            UnavailableError: it does not.
            UnsupportedError: this system, or this server, does not know how.
        """
        raise UnsupportedError(f"{type(self).__name__} keeps nothing that could be copied")

    def through(self, endpoint: Endpoint, open_link: OpenLink) -> Endpoint:
        """Return ``endpoint`` as it is reached by way of a link.

        Raises:
            UnsupportedError: it is not reached by TCP, or not by such an address.
        """
        raise UnsupportedError(f"{type(self).__name__} cannot be reached by way of a link")

    @abstractmethod
    def stop(self) -> None:
        """Remove what was made, stop what was started. Safe to call at any time, and twice.

        Ctrl-C meanwhile is obeyed once everything is removed.

        Raises:
            UnavailableError: what was made in an external server could not be removed.
        """

    @property
    def control(self) -> ServerControl | None:
        """What breaks it on purpose; ``None`` where it is the user's, which nobody breaks."""
        return None

    def clean(self, *, remove: bool) -> Sequence[Leftover] | None:
        """List what runs have made on the user's server, and still is there.

        ``None`` where the user names none: an embedded server takes with it what was made in it.
        With ``remove`` what no run uses any more is removed.

        Raises:
            UnavailableError: the server does not answer.
        """
        return None
