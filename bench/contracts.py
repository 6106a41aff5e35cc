"""What a plug-in offers. Each kind is one small abstract class; a plug-in is one file.

A plug-in never reads a clock around a saver call: ``bench.measure.timing`` does that for all of
them, so that none can time itself differently from the others.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, ParamSpec, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from bench.records.trial import Reading
from bench.spec.durability import Durability

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class PluginOptions(BaseModel):
    """Base of every plug-in's options: frozen, strict, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


# ---------------------------------------------------------------------------------------- server


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

    is_plugin: ClassVar[bool] = True

    def __init__(self, environment: Mapping[str, str]) -> None:
        """``environment`` holds the variables that may name an external server."""
        self.environment = environment

    @abstractmethod
    def check(self) -> str:
        """Say in one line which server would be used and its version, without a password.

        Raises:
            UnavailableError: the external server does not answer, or no embedded one is installed.
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


# --------------------------------------------------------------------------------------- subject


@dataclass(frozen=True, slots=True)
class Place:
    """Where a subject may work: a private ``directory``, an ``endpoint``, its own ``namespace``."""

    directory: Path
    endpoint: Endpoint | None
    namespace: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds, counted by its own means. ``None`` means that it cannot be counted."""

    threads: int | None
    checkpoints: int | None
    stored_bytes: int | None


@dataclass(frozen=True, slots=True)
class Checkout:
    """A method that hands out connections; the time inside it is recorded as pool wait."""

    pool: object
    method: str


class Subject(ABC):
    """A saver configuration under test. Made in the worker, opened inside its event loop."""

    is_plugin: ClassVar[bool] = True
    Options: ClassVar[type[PluginOptions]] = PluginOptions
    server: ClassVar[str | None] = None
    packages: ClassVar[tuple[str, ...]] = ("langgraph-checkpoint",)
    reopens: ClassVar[bool] = True
    keeps_history: ClassVar[bool] = True

    def __init__(self, options: PluginOptions, place: Place) -> None:
        self.options = options
        self.place = place

    @classmethod
    def server_settings(cls, options: PluginOptions) -> Mapping[str, str]:
        """Return the settings that the server must be started with for these options."""
        del options
        return {}

    @classmethod
    @abstractmethod
    def durability(cls, options: PluginOptions) -> Durability:
        """Return the durability class that these options ask for."""

    @abstractmethod
    async def open(self, clients: int) -> None:
        """Connect and prepare the store for ``clients`` concurrent callers.

        Raises:
            UnsupportedError: the saver cannot run on this loop; ``NotImplementedError`` is read
                the same way.
        """

    @abstractmethod
    def saver(self, client: int) -> BaseCheckpointSaver[Any]:
        """Return the saver that ``client`` (0, 1, …) calls next; asked before every operation."""

    @abstractmethod
    async def close(self) -> None:
        """Release everything. Called once, also after a failed :meth:`open`."""

    async def settings(self) -> Mapping[str, str]:
        """Read back, over the saver's own connection, what the store really runs with."""
        return {}

    def durability_found(self, settings: Mapping[str, str]) -> Durability:
        """Return the durability class that the settings read back amount to."""
        del settings
        return self.durability(self.options)

    async def stored(self) -> Stored:
        """Count what the store holds in this trial's namespace."""
        return Stored(threads=None, checkpoints=None, stored_bytes=None)

    def checkouts(self) -> Sequence[Checkout]:
        """Name the pools whose hand-out is to be stamped. Locks are found by ``saver.lock``."""
        return ()


# --------------------------------------------------------------------------- payload and workload


class Payload(ABC):
    """Deterministic state: the same seed, thread and step always give the same value."""

    is_plugin: ClassVar[bool] = True
    Options: ClassVar[type[PluginOptions]] = PluginOptions

    def __init__(self, options: PluginOptions, seed: int) -> None:
        self.options = options
        self.seed = seed

    @abstractmethod
    def state(self, thread: int, turn: int) -> Any:
        """Return the value that a channel of ``thread`` holds in ``turn`` (0, 1, …).

        Cheap enough to be called between operations: what is costly is made in the constructor.
        The value must not be changed by the caller.
        """

    @abstractmethod
    def canonical(self, value: Any) -> bytes:
        """Return bytes that are equal exactly when two values mean the same, for content hashes."""

    @abstractmethod
    def describe(self) -> str:
        """Return kind and size in words, for tables."""


class Client(Protocol):
    """One concurrent caller, as a workload sees it; made by the load generator."""

    index: int

    def saver(self) -> BaseCheckpointSaver[Any]:
        """Return the saver to use for the next operation."""

    async def perform(
        self,
        method: Callable[Arguments, Awaitable[Result]],
        *arguments: Arguments.args,
        **keywords: Arguments.kwargs,
    ) -> Result:
        """Await a saver method as one operation that is due now, after yielding to the loop."""

    def mark(self, name: str) -> None:
        """Note the instant as the (so far) last of its ``name`` in this cycle.

        At the end of the cycle one sample named ``name`` is recorded from its due time to there.
        """


@dataclass(frozen=True, slots=True)
class ExpectedThread:
    """What a thread must hold after a trial.

    ``checkpoints`` were acknowledged; up to ``indeterminate`` more may exist, since their writes
    were cut off. ``content_hash`` is that of the last acknowledged checkpoint ``checkpoint_id``.
    """

    checkpoints: int
    indeterminate: int
    checkpoint_id: str
    content_hash: str


class Workload(ABC):
    """What one client does in one cycle, and what the store must hold afterwards."""

    is_plugin: ClassVar[bool] = True
    Options: ClassVar[type[PluginOptions]] = PluginOptions
    marks: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, options: PluginOptions, payload: Payload, namespace: str, clients: int
    ) -> None:
        """Thread ids begin with ``namespace``, so that they are this trial's alone."""
        self.options = options
        self.payload = payload
        self.namespace = namespace
        self.clients = clients

    @abstractmethod
    async def prepare(self, client: Client) -> None:
        """Write what ``client`` must find in the store before the first cycle; not measured."""

    @abstractmethod
    async def cycle(self, client: Client) -> None:
        """Do one pass. An exception ends the cycle; the load generator records it."""

    @abstractmethod
    def expected(self) -> Mapping[str, ExpectedThread]:
        """Return, by thread id, what was acknowledged so far."""

    @abstractmethod
    def content_hash(self, channel_values: Mapping[str, Any]) -> str:
        """Hash what was read back the way :attr:`ExpectedThread.content_hash` was made."""


# ----------------------------------------------------------------------------------- loop, probe


class Loop(ABC):
    """An event loop by name."""

    is_plugin: ClassVar[bool] = True

    @property
    def kind(self) -> Literal["native", "emulated"]:
        """``emulated``: compatibility counts, speed is not that of the platform it stands for."""
        return "native"

    @abstractmethod
    def unavailable(self) -> str | None:
        """Return why this loop cannot be made here, or ``None``."""

    @abstractmethod
    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Make a loop; its class is asserted and recorded by the worker."""


class Probe(ABC):
    """Watches a trial during its measured window. Has a side: inside the worker or outside."""

    is_plugin: ClassVar[bool] = True
    side: ClassVar[Literal["worker", "outside"]]


class WorkerProbe(Probe):
    """Runs in the worker's event loop.

    ``stops`` says when: as the window closes, or only when the operations that were then under way
    have ended.
    """

    side = "worker"
    stops: ClassVar[Literal["window", "drained"]] = "window"

    @abstractmethod
    async def start(self, subject: Subject) -> None:
        """Begin to watch: the measured window opens."""

    @abstractmethod
    async def stop(self, checkpoints: int) -> Sequence[Reading]:
        """End; ``checkpoints`` were acknowledged between :meth:`start` and now."""


class OutsideProbe(Probe):
    """Runs in the runner, which is idle while a trial is measured."""

    side = "outside"

    @abstractmethod
    def start(self, processes: Mapping[str, Sequence[int]]) -> None:
        """Begin to watch; ``processes`` has the process ids of ``worker`` and of ``server``."""

    @abstractmethod
    def stop(self) -> Sequence[Reading]:
        """End and return what was read. Must be safe when processes have gone."""


# -------------------------------------------------------------------------------------- reporter


class Reporter(ABC):
    """Tells an analysis as documents. Never measures, never judges."""

    is_plugin: ClassVar[bool] = True

    @abstractmethod
    def render(self, analysis: Any) -> Mapping[str, bytes]:
        """Return file name → content; ``analysis`` is a ``bench.analysis.result.Analysis``."""
