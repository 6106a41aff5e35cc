"""What one client does, and the state that it saves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, Protocol, TypeVar

from bench.contracts.plugin import PluginOptions

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

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

    def saver(self) -> BaseCheckpointSaver[Any]:
        """Return the saver to use for the next operation."""

    def perform(
        self,
        method: Callable[Arguments, Awaitable[Result]],
        *arguments: Arguments.args,
        **keywords: Arguments.kwargs,
    ) -> Awaitable[Result]:
        """Make a saver method one operation: due now, run after yielding to the loop."""

    def mark(self, name: str) -> None:
        """Note the instant as the (so far) last of its ``name`` in this cycle.

        At the end of the cycle one sample named ``name`` is recorded from its due time to there.
        """


@dataclass(frozen=True, slots=True)
class ExpectedCheckpoint:
    """One acknowledged checkpoint of a thread.

    ``checkpoint_id`` is empty where only its place in the thread's order is known; ``parent_id``
    then says nothing, and the parent must be the checkpoint before. The first of a thread has no
    parent (empty). ``writes`` were acknowledged on this very checkpoint and hold (task id, channel,
    hash of the value); an empty task id means any task's. There may be more than these.
    """

    checkpoint_id: str
    parent_id: str
    content_hash: str
    writes: frozenset[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class ExpectedThread:
    """What a thread must hold after a trial.

    ``checkpoints`` were acknowledged; up to ``indeterminate`` more may exist, since their puts were
    cut off or raised: ``indeterminate_ids`` names them where the workload knows. ``content_hash``
    is that of the last acknowledged checkpoint, whose id is ``checkpoint_id``, or any where that is
    empty. ``writes`` calls of ``aput_writes`` were acknowledged, ``indeterminate_writes`` were not.
    ``stale`` reads of the trial returned an older checkpoint than the last acknowledged one.
    """

    checkpoints: int
    indeterminate: int
    checkpoint_id: str
    content_hash: str
    indeterminate_ids: tuple[str, ...] = ()
    writes: int = 0
    indeterminate_writes: int = 0
    stale: int = 0


class Workload(ABC):
    """What one client does in one cycle, and what the store must hold afterwards.

    The verifier's process makes another one, with the same options and payload and one client, to
    hash what it reads back: :meth:`content_hash` and :meth:`value_hash` may use nothing else.
    """

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
        """Return, by thread id, what was acknowledged so far. Not called while it is measured."""

    def history(self, thread_id: str) -> tuple[ExpectedCheckpoint, ...]:
        """Return every acknowledged checkpoint of a thread of :meth:`expected`, oldest first.

        Empty where the workload cannot tell; then the thread's checkpoints are only counted.
        """
        del thread_id
        return ()

    @abstractmethod
    def content_hash(self, channel_values: Mapping[str, Any]) -> str:
        """Hash what was read back the way :attr:`ExpectedThread.content_hash` was made."""

    def value_hash(self, value: Any) -> str:
        """Hash one written value the way those of :attr:`ExpectedCheckpoint.writes` were made."""
        return self.content_hash({"value": value})
