"""Moves threads from one checkpoint saver to another: history, writes, parents and metadata.

It knows nothing of either saver but LangGraph's own methods, so that any two can be joined that
read, list and write. Ids are kept. A checkpoint that the target has already, and equal, is left
alone: a move that was broken off is begun again and ends the same. The source is never changed.

Held in memory are the names of threads, the ids of a few and a page of their checkpoints; and what
a saver itself holds while it lists. What cannot be told by a saver's own methods cannot be moved:
the path of the task that made a pending write.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal, TypeAlias, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointTuple

from bench.checkpoints import Saver, config_of
from bench.errors import UnavailableError
from bench.values import canonical, difference

Chain: TypeAlias = tuple[str, str]
"""The checkpoints of a thread in one namespace: (thread id, namespace)."""
Kind = Literal["changed", "lost", "refused", "written meanwhile", "left out"]

# What LangGraph puts into a checkpoint; others are a saver's own.
_FIELDS = frozenset(Checkpoint.__annotations__)
# From this format on tasks are sent in a channel; a saver may still add what the old ones had.
_WITHOUT_SENDS, _SENDS = 4, "pending_sends"
# Chains that are copied beside each other.
_AT_ONCE = 4
_PAGE = 100
# A saver that ignores ``before`` is asked for this many, then for ten times as many, and so on.
_FIRST_LISTED = 1_000
# So often is a thread looked at again that goes on being written.
_MOST_ROUNDS = 5
_MOST_EXAMPLES = 5


@dataclass(slots=True)
class Difference:
    """What the target does not hold as the source does: how many checkpoints, and some of them."""

    checkpoints: int = 0
    examples: list[str] = field(default_factory=list)

    def note(self, chain: Chain, checkpoint_id: str, text: str) -> None:
        """Count a checkpoint, and keep why it is here where few are kept yet."""
        self.checkpoints += 1
        if len(self.examples) < _MOST_EXAMPLES:
            thread_id, namespace = chain
            place = f"thread {thread_id!r}" + (f", namespace {namespace!r}" if namespace else "")
            self.examples.append(f"{place}, checkpoint {checkpoint_id}: {text}")


@dataclass(slots=True)
class Migration:
    """What was moved. ``copied`` and ``there`` (equal already) are checkpoints of ``checkpoints``.

    ``source_hash`` and ``target_hash`` are equal exactly when all of the moved threads is in the
    target as it is in the source; ``differences`` name what is not, and what a saver had added to
    checkpoints for itself (``left out``).
    """

    threads: int = 0
    checkpoints: int = 0
    writes: int = 0
    copied: int = 0
    there: int = 0
    source_hash: str = ""
    target_hash: str = ""
    differences: dict[Kind, Difference] = field(default_factory=dict)

    @property
    def is_equal(self) -> bool:
        """Whether all of it is in the target, and nothing came later."""
        return self.source_hash == self.target_hash and not self.differences.keys() - {"left out"}

    def differ(self, kind: Kind, chain: Chain, checkpoint_id: str, text: str) -> None:
        """Name a checkpoint that the target does not hold as the source does."""
        self.differences.setdefault(kind, Difference()).note(chain, checkpoint_id, text)


async def migrate(
    source: Saver,
    target: Saver,
    chains: Sequence[Chain] | None = None,
    progress: Callable[[Migration], None] = lambda _: None,
) -> Migration:
    """Copy ``chains``, or all that ``source`` lists, into ``target``, and read them back.

    ``progress`` is called after every checkpoint. Each chain is copied from its oldest checkpoint
    on, so that the last one written is the latest.

    A target that keeps no history keeps the latest of each chain: the others are named as lost.

    Raises:
        UnavailableError: the target has a failure that is not about one checkpoint alone.
    """
    migration = Migration()
    wanted = sorted(await chains_of(source) if chains is None else chains)
    migration.threads = len({thread_id for thread_id, _ in wanted})
    source_sum, target_sum = _Sum(), _Sum()
    latest: dict[Chain, str] = {}
    left = iter(wanted)

    async def move() -> None:
        for chain in left:
            hashes = await _copy(source, target, chain, migration, progress)
            await _verify(source, target, chain, hashes, migration, target_sum)
            source_sum.add(*hashes.values())
            latest[chain] = max(hashes, default="")

    moving = [asyncio.ensure_future(move()) for _ in range(_AT_ONCE)]
    try:
        await asyncio.gather(*moving)
    finally:
        for each in moving:
            each.cancel()
        await asyncio.gather(*moving, return_exceptions=True)
    # Once more from the first to the last: a thread may have gone on after it was copied.
    for chain, copied in latest.items():
        newest = await source.aget_tuple(config_of(*chain))
        if newest is not None and newest.checkpoint["id"] > copied:
            text = "it was put after its thread was copied: run it again once nobody writes"
            migration.differ("written meanwhile", chain, newest.checkpoint["id"], text)
    migration.source_hash, migration.target_hash = source_sum.text, target_sum.text
    return migration


async def hash_of(saver: Saver, chains: Sequence[Chain] | None = None) -> tuple[int, str]:
    """Return how many checkpoints ``saver`` holds, of ``chains`` or of all, and their hash."""
    total, count = _Sum(), 0
    for chain in sorted(await chains_of(saver) if chains is None else chains):
        for checkpoint_id in await _ids(saver, chain):
            found = await _get(saver, chain, checkpoint_id)
            if found is not None:
                total.add(_digest(chain, found))
                count += 1
    return count, total.text


async def chains_of(saver: Saver) -> set[Chain]:
    """Return all that ``saver`` lists, by nothing but ``alist``, which reads every checkpoint."""
    found: set[Chain] = set()
    limit, listed = _FIRST_LISTED, _FIRST_LISTED
    while listed >= limit:
        limit, listed = limit * 10, 0
        # With a limit, since some list no more than a number of their own without one.
        async for each in saver.alist(None, limit=limit):
            listed += 1
            found.add(_chain(each.config))
    return found


async def _copy(
    source: Saver,
    target: Saver,
    chain: Chain,
    migration: Migration,
    progress: Callable[[Migration], None],
) -> dict[str, bytes]:
    """Copy a chain, and what is put into it meanwhile; return the hash of each by its id."""
    there = set(await _ids(target, chain))
    hashes: dict[str, bytes] = {}
    versions: tuple[str, dict[str, Any]] = ("", {})
    for _ in range(_MOST_ROUNDS):
        new = [one for one in reversed(await _ids(source, chain)) if one not in hashes]
        for checkpoint_id in new:
            found = await _get(source, chain, checkpoint_id)
            if found is None:
                # Deleted since it was listed.
                continue
            hashes[checkpoint_id] = _digest(chain, found)
            migration.checkpoints += 1
            migration.writes += len(found.pending_writes or ())
            held = await _get(target, chain, checkpoint_id) if checkpoint_id in there else None
            if held is not None and _digest(chain, held) == hashes[checkpoint_id]:
                migration.there += 1
            else:
                await _put(target, chain, found, versions, migration)
            versions = checkpoint_id, dict(found.checkpoint["channel_versions"])
            progress(migration)
        newest = await source.aget_tuple(config_of(*chain))
        if newest is None or newest.checkpoint["id"] in hashes:
            break
    return hashes


async def _put(
    target: Saver,
    chain: Chain,
    found: CheckpointTuple,
    before: tuple[str, dict[str, Any]],
    migration: Migration,
) -> None:
    """Write one checkpoint and the writes upon it."""
    checkpoint_id, parent = found.checkpoint["id"], _parent_of(found)
    checkpoint = _checkpoint(found)
    if own := found.checkpoint.keys() - checkpoint.keys() - {_SENDS}:
        names = ", ".join(map(repr, sorted(own)))
        migration.differ(
            "left out", chain, checkpoint_id, f"{names}, which LangGraph does not know"
        )
    # A channel that the parent has in the same version is in the target already.
    known = before[1] if before[0] == parent else {}
    versions = checkpoint["channel_versions"]
    new = {name: version for name, version in versions.items() if known.get(name) != version}
    try:
        put = await target.aput(config_of(*chain, parent), checkpoint, found.metadata, new)
        by_task = groupby(sorted(found.pending_writes or (), key=_task), key=_task)
        for task_id, writes in by_task:
            await target.aput_writes(
                put, [(channel, value) for _, channel, value in writes], task_id
            )
    except Exception as error:  # noqa: BLE001 - whatever a saver raises of a checkpoint is named
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"
        try:
            await target.aget_tuple(config_of(*chain))
        except Exception as again:
            raise UnavailableError(
                f"the target no longer answers; what was copied stays, run it again: {text}"
            ) from again
        migration.differ("refused", chain, checkpoint_id, text)
        return
    migration.copied += 1


async def _verify(
    source: Saver,
    target: Saver,
    chain: Chain,
    hashes: dict[str, bytes],
    migration: Migration,
    total: _Sum,
) -> None:
    """Read a chain back from the target, and name what is not as it was."""
    there: set[str] = set()

    async def compare(held: CheckpointTuple) -> None:
        checkpoint_id = held.checkpoint["id"]
        if checkpoint_id not in hashes or checkpoint_id in there:
            return
        there.add(checkpoint_id)
        digest = _digest(chain, held)
        if digest != hashes[checkpoint_id]:
            # A listing may leave out what reading one gives.
            held = await _get(target, chain, checkpoint_id) or held
            digest = _digest(chain, held)
        total.add(digest)
        given = digest != hashes[checkpoint_id] and await _get(source, chain, checkpoint_id)
        if given:
            text = difference(_content(chain, given), _content(chain, held))
            migration.differ("changed", chain, checkpoint_id, text or "written to meanwhile")

    await _ids(target, chain, compare)
    for checkpoint_id in hashes.keys() - there:
        migration.differ("lost", chain, checkpoint_id, "the target does not list it")
    latest = await target.aget_tuple(config_of(*chain)) if hashes else None
    if hashes and (latest is None or latest.checkpoint["id"] < max(hashes)):
        migration.differ("lost", chain, max(hashes), "the target does not give it as the latest")


async def _get(saver: Saver, chain: Chain, checkpoint_id: str) -> CheckpointTuple | None:
    found = await saver.aget_tuple(config_of(*chain, checkpoint_id))
    # One that keeps no history gives what it has.
    return found if found is not None and found.checkpoint["id"] == checkpoint_id else None


async def _ids(
    saver: Saver,
    chain: Chain,
    see: Callable[[CheckpointTuple], Awaitable[None]] | None = None,
) -> list[str]:
    """Return the ids of a chain's checkpoints, the newest first; each is shown to ``see``."""
    found: dict[str, None] = {}
    limit, before = _PAGE, None
    while True:
        listed, new, page = 0, len(found), list[CheckpointTuple]()
        async for each in saver.alist(config_of(*chain), before=before, limit=limit):
            listed += 1
            # Some list all namespaces where the root's is asked for.
            if _chain(each.config) == chain:
                found[each.checkpoint["id"]] = None
                if see is not None:
                    page.append(each)
        if see is not None:
            # Not while it lists: a saver may hold its lock meanwhile.
            for each in page:
                await see(each)
        if listed < limit:
            return sorted(found, reverse=True)
        if before is not None and len(found) == new:
            # It takes no notice of ``before``, and gave the same ones again.
            before, limit = None, limit * 10
        elif limit == _PAGE and found:
            before = config_of(*chain, min(found))
        else:
            limit *= 10


def _chain(config: RunnableConfig) -> Chain:
    configurable = config["configurable"]
    return str(configurable["thread_id"]), str(configurable.get("checkpoint_ns", ""))


def _parent_of(found: CheckpointTuple) -> str:
    parent = found.parent_config
    return str(parent["configurable"]["checkpoint_id"]) if parent else ""


def _task(write: tuple[str, str, Any]) -> str:
    return write[0]


def _checkpoint(found: CheckpointTuple) -> Checkpoint:
    """Return what LangGraph has put into a checkpoint, without what a saver has added."""
    given = found.checkpoint
    sends = {_SENDS} if given["v"] < _WITHOUT_SENDS else frozenset()
    kept = {name: value for name, value in given.items() if name in _FIELDS | sends}
    return cast("Checkpoint", kept)


def _content(chain: Chain, found: CheckpointTuple) -> dict[str, Any]:
    """Return all of a checkpoint that is moved; the order of a task's writes counts."""
    return {
        "thread": chain,
        "parent": _parent_of(found),
        "checkpoint": _checkpoint(found),
        "metadata": found.metadata,
        "writes": sorted(found.pending_writes or (), key=_task),
    }


def _digest(chain: Chain, found: CheckpointTuple) -> bytes:
    return hashlib.sha256(canonical(_content(chain, found))).digest()


class _Sum:
    """The hash of a set of checkpoints in whatever order: the sum of theirs, modulo 2**256."""

    def __init__(self) -> None:
        self._sum = 0

    def add(self, *digests: bytes) -> None:
        self._sum += sum(map(int.from_bytes, digests))

    @property
    def text(self) -> str:
        return f"{self._sum % 2**256:064x}"
