"""A saver under test."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from bench.contracts.plugin import PluginOptions
from bench.contracts.server import Endpoint
from bench.scenario.durability import Durability
from bench.scenario.interface import CHECKPOINT_SAVER, Interface


@dataclass(frozen=True, slots=True)
class Place:
    """Where a subject may work: a private ``directory``, an ``endpoint``, its own ``namespace``.

    ``is_reading_back``: the trial is over, and what it has left is looked at.
    """

    directory: Path
    endpoint: Endpoint | None
    namespace: str
    is_reading_back: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds, counted by its own means. ``None`` means that it cannot be counted."""

    checkpoints: int | None
    stored_bytes: int | None


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table of the store, or a kind of keys, by ``name``: what it holds, and its largest row.

    ``largest_row_bytes`` are the bytes of a row's values before compression, or where the store
    has no such thing the memory that a key takes; 0 where there is no row.
    """

    name: str
    rows: int
    largest_row_bytes: int


@dataclass(frozen=True, slots=True)
class Checkout:
    """A method that hands out connections; the time inside it is recorded as pool wait."""

    pool: object
    method: str


@dataclass(frozen=True, slots=True)
class CountedCalls:
    """A ``method`` of a driver's class or module ``owner`` whose calls in operations are counted.

    ``what`` is a name of ``bench.scenario.metric.COUNTED``; several methods may count as the same.
    Of ``round_trips`` those that are under way at once count as one. ``counts`` gets the call's
    arguments and tells whether it counts; without it every call does.
    """

    what: str
    owner: type | ModuleType
    method: str
    counts: Callable[..., bool] | None = None


CHECKPOINT_WRITES = "checkpoint_writes"
ALL_WRITES = "all_writes"


class Subject(ABC):
    """A saver configuration under test. Made in the worker, opened inside its event loop.

    ``interface``: what is called of it; a checkpoint saver, or another kind of store.
    ``reopens``: what was written is found by a subject that is made later, in another process.
    ``keeps_history``: older checkpoints stay readable. ``copies``: what is stored does not change
    when the caller changes the objects that it gave, as LangGraph relies on. ``conforms``: it does
    what LangGraph asks of a saver, so it is tested for that; false for what only stands in for one.
    ``falls_back``: it may acknowledge in another store than the one that is read from later.
    ``is_known``: false of one named by its path, of whose saver nothing is known beforehand.
    """

    Options: ClassVar[type[PluginOptions]] = PluginOptions
    server: ClassVar[str | None] = None
    packages: ClassVar[tuple[str, ...]] = ("langgraph-checkpoint",)
    interface: ClassVar[Interface] = CHECKPOINT_SAVER
    reopens: ClassVar[bool] = True
    keeps_history: ClassVar[bool] = True
    copies: ClassVar[bool] = True
    conforms: ClassVar[bool] = True
    falls_back: ClassVar[bool] = False
    is_known: ClassVar[bool] = True

    def __init__(self, options: PluginOptions, place: Place) -> None:
        self.options = options
        self.place = place

    @classmethod
    def server_settings(cls, options: PluginOptions) -> Mapping[str, str]:
        """Return the settings that a server of ours is started with for these options."""
        return {}

    @classmethod
    def required_settings(cls, options: PluginOptions) -> Mapping[str, str]:
        """Return those of them that a user's server must run with, or the trial is unsupported.

        What no option asks for by name is as that server is, and is read back.
        """
        return cls.server_settings(options)

    @classmethod
    def check(cls, options: PluginOptions) -> None:
        """Find out, before anything is measured, whether what ``options`` name can be had.

        Raises:
            InputError: something cannot; the text says what, and what was expected.
        """
        del options

    @classmethod
    @abstractmethod
    def durability(cls, options: PluginOptions) -> Durability:
        """Return the durability class that these options ask for."""

    @abstractmethod
    async def open(self, clients: int) -> None:
        """Connect and prepare the store for ``clients`` concurrent callers.

        Where the store outlives its process this is called a second time, with one client and by
        another process, when the trial is over: what is there must stay.

        Raises:
            UnsupportedError: the saver cannot run on this loop; ``NotImplementedError`` is read
                the same way.
        """

    @abstractmethod
    def saver(self, client: int) -> Any:
        """Return what ``client`` (0, 1, …) calls next; asked before every operation.

        A ``BaseCheckpointSaver``, or what else has the methods of the ``interface``.
        """

    @abstractmethod
    async def close(self) -> None:
        """Release everything. Called once, also after a failed :meth:`open`."""

    def connections(self, clients: int) -> int:
        """Return on how many connections statements are prepared, for ``clients`` callers.

        Each must have done every operation a few times before the window opens.
        """
        return clients

    async def settings(self) -> Mapping[str, str]:
        """Read back, over the saver's own connection, what the store really runs with."""
        return {}

    def durability_found(self, settings: Mapping[str, str]) -> Durability:
        """Return the durability class that the settings read back amount to."""
        return self.durability(self.options)

    async def stored(self) -> Stored:
        """Count what the store holds in this trial's namespace."""
        return Stored(checkpoints=None, stored_bytes=None)

    async def stored_tables(self) -> Sequence[StoredTable]:
        """Tell the tables, or kinds of keys, of this trial's namespace; empty if it has none.

        Asked for when nothing is under way, by the probe ``stored_layout`` alone: it may read all
        that is stored.
        """
        return ()

    async def server_counters(self) -> Mapping[str, int]:
        """Read what the server itself has counted in this trial's namespace; empty if nothing.

        Two names are compared with what was acknowledged, and must not be less:
        ``checkpoint_writes`` (:data:`CHECKPOINT_WRITES`) counts written checkpoints,
        ``all_writes`` (:data:`ALL_WRITES`) those together with the calls of ``aput_writes``. Give
        them only where nobody else writes there and the server loses no count. Others are recorded.
        """
        return {}

    def checkouts(self) -> Sequence[Checkout]:
        """Name the pools whose hand-out is to be stamped. Locks are found by ``saver.lock``."""
        return ()

    def counted_calls(self) -> Sequence[CountedCalls]:
        """Name the driver's methods whose calls are counted for each operation.

        They are counted where the operation itself calls them, also from a thread that runs in a
        copy of its context.
        """
        return ()
