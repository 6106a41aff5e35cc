"""What one client does, and the state that it saves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, ParamSpec, Protocol, TypeVar

from bench.contracts.plugin import PluginOptions
from bench.contracts.subject import Subject
from bench.scenario.interface import CHECKPOINT_SAVER, Interface
from bench.scenario.scenario import Preload
from bench.values import canonical, difference

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Payload(ABC):
    """Deterministic state: the same seed, thread and step always give the same value."""

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

    def saver(self) -> Any:
        """Return the saver, or store, to use for the next operation."""

    def perform(
        self,
        method: Callable[Arguments, Awaitable[Result]],
        *arguments: Arguments.args,
        **keywords: Arguments.kwargs,
    ) -> Awaitable[Result]:
        """Make a saver method one operation: due once awaited, run after yielding to the loop."""

    def mark(self, name: str) -> None:
        """Note the instant as the (so far) last of its ``name`` in this cycle.

        At the end of the cycle one sample named ``name`` is recorded from its due time to there.
        """


@dataclass(frozen=True, slots=True)
class ExpectedThread:
    """What a workload itself knows of one of its threads; nothing of it need be known.

    Which checkpoints must be in the store is known from what the saver acknowledged. ``note`` is
    plain data that :meth:`Workload.truth` needs to tell what they must hold.

    For each run that ended, ``runs`` has the states that its caller saw, from that with its input
    on: by channel the :func:`value_hash` of each.
    """

    note: Mapping[str, int] = field(default_factory=dict)
    runs: tuple[tuple[Mapping[str, str], ...], ...] = ()


Canonical = Callable[[str, Any], bytes]
"""Channel and value → bytes that are equal exactly when two values of it mean the same."""


@dataclass(frozen=True, slots=True)
class TrueCheckpoint:
    """What a checkpoint must hold: the value of each channel, and the writes made upon it.

    ``writes`` are (task id, channel, value); where the ids of tasks follow from the checkpoint's,
    which is another one, the task id is empty.
    """

    channels: Mapping[str, Any]
    writes: Sequence[tuple[str, str, Any]] = ()

    def content(self, canonical: Canonical) -> bytes:
        """Return bytes that are equal exactly when two checkpoints hold the same channels."""
        channels = sorted(self.channels.items())
        return b"".join(
            b"%b=%b;" % (name.encode(), canonical(name, value)) for name, value in channels
        )


@dataclass(frozen=True, slots=True)
class ThreadTruth:
    """What a thread must hold: by namespace its checkpoints, oldest first.

    A namespace of a subgraph has the ids of tasks in it, which differ from run to run: it stands
    for one whose names are the same. A truth may end before the thread does (``complete`` is
    false): what comes later is then known by its ids alone. Where the same runs do not lead to the
    same contents (``deterministic`` is false), what the runs ended with alone counts.
    """

    namespaces: Mapping[str, Sequence[TrueCheckpoint]]
    complete: bool = True
    deterministic: bool = True

    def fingerprint(self, canonical: Canonical) -> bytes:
        """Return bytes that are equal exactly when two truths say the same, whatever the ids."""
        chains = [
            (namespace_names(namespace), [one.content(canonical) for one in checkpoints])
            for namespace, checkpoints in self.namespaces.items()
        ]
        return repr(sorted(chains)).encode()


def namespace_names(namespace: str) -> tuple[str, ...]:
    """Return the names in ``node:task-id|node:task-id``, without the ids."""
    return tuple(part.partition(":")[0] for part in namespace.split("|"))


@dataclass(frozen=True, slots=True)
class WrongRead:
    """A read of the trial that returned another value than was put; ``problem`` says which."""

    thread_id: str
    checkpoint_id: str
    problem: str


class Workload(ABC):
    """What one client does in one cycle, and what the store must hold afterwards.

    The verifier's process makes another one, with the same options and payload and one client, to
    tell what is right: :meth:`truth` and :meth:`canonical` may use nothing but options, payload
    and what they are given. ``interface``: what it calls of a subject. ``needs_package``: the
    distribution of the savers that it looks into, where it does. ``directory`` is the trial's own,
    where it is measured; it is removed with the trial. ``preload``: what the store holds already,
    where it is not empty.
    """

    Options: ClassVar[type[PluginOptions]] = PluginOptions
    marks: ClassVar[tuple[str, ...]] = ()
    interface: ClassVar[Interface] = CHECKPOINT_SAVER
    needs_package: ClassVar[str] = ""
    preload: Preload | None = None

    def __init__(
        self, options: PluginOptions, payload: Payload, namespace: str, clients: int
    ) -> None:
        """Thread ids begin with ``namespace``, so that they are this trial's alone."""
        self.options = options
        self.payload = payload
        self.namespace = namespace
        self.clients = clients
        self.directory = Path()
        self._numbers = [count() for _ in range(clients)]
        self.begin()

    def begin(self) -> None:  # noqa: B027 - there may be nothing to be done
        """Make what it remembers of its clients, once its options are known."""

    def thread_id(self, client: int, number: int) -> str:
        """Return the id of the thread of a client that has this ``number``."""
        return f"{self.namespace}-c{client}-t{number}"

    def next_number(self, client: int) -> int:
        """Return the number of another thread of this client, from 0 on."""
        return next(self._numbers[client])

    @staticmethod
    def mark(client: Client, facts: Mapping[str, object]) -> None:
        """Note of the cycle, by name, each of the ``facts`` that is true."""
        for name, holds in facts.items():
            if holds:
                client.mark(name)

    @property
    def cycles_per_visit(self) -> int:
        """In how many cycles a client has been through all its threads once."""
        return 1

    @classmethod
    def check(cls, options: PluginOptions) -> None:
        """Find out, before anything is measured, whether what ``options`` name can be had.

        Raises:
            InputError: something cannot; the text says what, and what was expected.
        """
        del options

    @classmethod
    def unfit(cls, subject: type[Subject], name: str) -> str:
        """Say why the workload, called ``name``, cannot call such a subject; empty if it can."""
        own, wanted = subject.interface, cls.interface
        if own != wanted:
            return (
                f"is a {own.name}, and the workload {name} is of a {wanted.name}; expected the same"
            )
        if subject.is_known and cls.needs_package not in {"", *subject.packages}:
            return f"is not of {cls.needs_package}, which the workload {name} looks into"
        return ""

    async def prepare(self, client: Client) -> None:  # noqa: B027 - there may be nothing to be done
        """Write what ``client`` must find in the store before the first cycle; not measured."""

    @abstractmethod
    async def cycle(self, client: Client) -> None:
        """Do one pass. An exception ends the cycle; the load generator records it."""

    def expected(self) -> Mapping[str, ExpectedThread]:
        """Return, by thread id, what is known so far. Not called while it is measured."""
        return {}

    def wrong_reads(self) -> Sequence[WrongRead]:
        """Return the reads that are known to have been wrong. Not called while it is measured."""
        return ()

    async def truth(
        self, thread_id: str, known: ExpectedThread, acknowledged: int
    ) -> ThreadTruth | None:
        """Return what a thread must hold, of which so many checkpoints were acknowledged.

        ``known`` is what :meth:`expected` returned, ``acknowledged`` counts the root namespace's.
        ``None``: it is not known; then ids, parents and writes are compared with what the saver
        acknowledged, and contents with nothing.
        """
        return None

    def canonical(self, channel: str, value: Any) -> bytes:
        """Return bytes that are equal exactly when two values of ``channel`` mean the same."""
        return canonical(value)

    def difference(self, channel: str, expected: Any, found: Any) -> str:
        """Say where ``found`` differs from ``expected``, in words; empty if it means the same."""
        if self.canonical(channel, expected) == self.canonical(channel, found):
            return ""
        return difference(expected, found) or difference(expected, found, exact=False)
