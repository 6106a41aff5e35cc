"""How the stores of each interface are read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from langgraph.checkpoint.base import CheckpointTuple

from bench.checkpoints import config_of
from bench.contracts import CHECKPOINT_SAVER, REVISION, SESSION_STORE, Subject
from bench.handover.acknowledgements import Key, as_noted, revision_of
from bench.verify.differences import Discrepancy, ReadCheckpoint
from bench.verify.references import kept_references


class Store(Protocol):
    """Reads what is behind an open subject, chain by chain."""

    def __init__(self, subject: Subject) -> None:
        """Nothing is asked of it yet."""

    async def restore(self) -> bool:
        """Do what it does after a restart; tell whether every chain can be looked for then."""

    async def read(self, key: Key, checkpoint_id: str = "") -> ReadCheckpoint | None:
        """Return that checkpoint of a chain, or its latest."""

    async def listed(self, key: Key) -> list[ReadCheckpoint]:
        """Return all of a chain in the order in which they are listed."""

    async def kept_references(self, thread_id: str) -> Sequence[Discrepancy]:
        """Tell whether it keeps what it was given instead of a copy."""


class _Saver:
    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    async def restore(self) -> bool:
        return False

    async def read(self, key: Key, checkpoint_id: str = "") -> ReadCheckpoint | None:
        read = await self._subject.saver(0).aget_tuple(config_of(*key, checkpoint_id))
        return None if read is None else _row(read)

    async def listed(self, key: Key) -> list[ReadCheckpoint]:
        listing = self._subject.saver(0).alist(config_of(*key))
        return [_row(read) async for read in listing]

    async def kept_references(self, thread_id: str) -> Sequence[Discrepancy]:
        return await kept_references(self._subject.saver(0), thread_id)


class _Sessions:
    """A session is a chain of which the last save alone is there, and is known by its revision.

    Once they were restored, what is not among them is not there.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._restored: frozenset[str] | None = None

    async def restore(self) -> bool:
        self._restored = frozenset((await self._subject.saver(0).restore()).session_ids)
        return True

    async def read(self, key: Key, checkpoint_id: str = "") -> ReadCheckpoint | None:
        del checkpoint_id
        session_id, _ = key
        if self._restored is not None and session_id not in self._restored:
            return None
        found = await self._subject.saver(0).load(session_id)
        if found is None:
            return None
        channels = {name: value for name, value in found.data.items() if name != REVISION}
        return ReadCheckpoint(key, revision_of(found.data), "", channels, ())

    async def listed(self, key: Key) -> list[ReadCheckpoint]:
        found = await self.read(key)
        return [found] if found is not None else []

    async def kept_references(self, thread_id: str) -> Sequence[Discrepancy]:
        del thread_id
        return ()


STORES: Mapping[str, type[Store]] = {CHECKPOINT_SAVER.name: _Saver, SESSION_STORE.name: _Sessions}
"""By the interface's name."""


def _row(read: CheckpointTuple) -> ReadCheckpoint:
    parent: Any = read.parent_config or {"configurable": {}}
    own: Any = read.config["configurable"]
    return ReadCheckpoint(
        key=(str(own.get("thread_id", "")), own.get("checkpoint_ns", "")),
        checkpoint_id=as_noted(read.checkpoint["id"]),
        parent_id=as_noted(parent["configurable"].get("checkpoint_id") or ""),
        channels=read.checkpoint["channel_values"],
        writes=tuple(read.pending_writes or ()),
        source=str((read.metadata or {}).get("source", "")),
    )
