"""Threads that are moved from one saver to another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple, empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver

from bench.errors import UnavailableError
from bench.systems.migration import Migration, chains_of, hash_of, migrate


def filled(*lengths: int, namespaces: tuple[str, ...] = ("", "child:1")) -> InMemorySaver:
    """Return a saver with a thread of each of these lengths in every namespace."""
    saver = InMemorySaver()
    for number, length in enumerate(lengths):
        for namespace in namespaces:
            extend(saver, f"thread-{number}", length, namespace)
    return saver


def extend(saver: InMemorySaver, thread_id: str, length: int, namespace: str = "") -> None:
    """Put so many checkpoints upon the latest one, each with writes of two tasks."""
    config: RunnableConfig = {"configurable": {"thread_id": thread_id, "checkpoint_ns": namespace}}
    latest = saver.get_tuple(config)
    config = latest.config if latest else config
    for step in range(length):
        checkpoint = empty_checkpoint()
        # The second channel is written once.
        checkpoint["channel_values"] = {"a": {"step": step, "of": thread_id}, "b": {1, 2}}
        versions: dict[str, str | int | float] = {"a": f"{step + 1}", "b": "1"}
        checkpoint["channel_versions"] = versions
        new = {"a": versions["a"]} if step else versions
        config = saver.put(config, checkpoint, {"source": "loop", "step": step, "parents": {}}, new)
        saver.put_writes(config, [("a", step), ("branch:to:x", None)], "task-2", "path")
        saver.put_writes(config, [("a", [step])], "task-1", "path")


def moved(source: InMemorySaver, target: InMemorySaver) -> Migration:
    return asyncio.run(migrate(source, target))


def config(thread_id: str, checkpoint_id: str = "") -> RunnableConfig:
    return {
        "configurable": {
            "thread_id": thread_id,
            "checkpoint_ns": "",
            **({"checkpoint_id": checkpoint_id} if checkpoint_id else {}),
        }
    }


class Deaf(InMemorySaver):
    """Takes no notice of ``before``, as Redis's does, and lists 1000 at most by itself."""

    async def alist(self, *arguments: Any, **keywords: Any) -> AsyncIterator[CheckpointTuple]:
        keywords |= {"before": None, "limit": keywords.get("limit") or 1000}
        async for each in super().alist(*arguments, **keywords):
            yield each


def test_all_of_it_is_in_the_target_and_a_second_move_copies_nothing() -> None:
    source, target = filled(3, 1), InMemorySaver()

    first, second = moved(source, target), moved(source, target)

    assert (first.threads, first.checkpoints, first.writes) == (2, 8, 24)
    assert (first.copied, first.there, first.is_equal) == (8, 0, True)
    assert (second.copied, second.there, second.is_equal) == (0, 8, True)
    assert asyncio.run(hash_of(source)) == asyncio.run(hash_of(target)) == (8, first.source_hash)
    for each in source.list(None):
        held = target.get_tuple(each.config)
        assert held is not None
        assert (held.checkpoint, held.metadata, held.parent_config) == (
            each.checkpoint,
            each.metadata,
            each.parent_config,
        )
        assert sorted(held.pending_writes or (), key=repr) == sorted(
            each.pending_writes or (), key=repr
        )


@pytest.mark.parametrize("kind", [InMemorySaver, Deaf])
def test_a_thread_of_many_pages_is_moved_whole(kind: type[InMemorySaver]) -> None:
    source, target = filled(230, namespaces=("",)), kind()
    source.__class__ = kind

    assert moved(source, target).checkpoints == 230
    assert asyncio.run(hash_of(target)) == asyncio.run(hash_of(source))


def test_a_listing_that_is_cut_off_is_asked_for_more() -> None:
    source = Deaf()
    for number in range(1001):
        extend(source, f"thread-{number}", 1)

    assert len(asyncio.run(chains_of(source))) == 1001


def test_a_move_that_was_broken_off_ends_the_same() -> None:
    source, target = filled(5, 5), InMemorySaver()

    def break_off(so_far: Migration) -> None:
        if so_far.checkpoints == 7:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        asyncio.run(migrate(source, target, progress=break_off))
    begun_again = moved(source, target)

    assert begun_again.is_equal
    assert 0 < begun_again.there < begun_again.checkpoints == 20
    assert asyncio.run(hash_of(source)) == asyncio.run(hash_of(target))


def test_a_checkpoint_of_which_the_writes_are_lacking_is_copied_again() -> None:
    source, target = filled(2, namespaces=("",)), InMemorySaver()
    moved(source, target)
    (written, *_) = target.writes
    del target.writes[written]

    begun_again = moved(source, target)

    assert (begun_again.copied, begun_again.there, begun_again.is_equal) == (1, 1, True)


def test_what_was_put_while_its_thread_was_copied_is_copied_too() -> None:
    source, target = filled(2, namespaces=("",)), InMemorySaver()

    def write(so_far: Migration) -> None:
        if so_far.checkpoints == 2:
            extend(source, "thread-0", 1)

    result = asyncio.run(migrate(source, target, progress=write))

    assert (result.checkpoints, result.is_equal) == (3, True)


def test_what_was_put_after_its_thread_was_copied_is_named() -> None:
    source, target = filled(*[2] * 9, namespaces=("",)), InMemorySaver()

    def write(so_far: Migration) -> None:
        if so_far.checkpoints == 18:
            extend(source, "thread-0", 1)

    result = asyncio.run(migrate(source, target, progress=write))

    assert not result.is_equal
    late = result.differences["written meanwhile"]
    newest = source.get_tuple(config("thread-0"))
    assert newest is not None
    assert late.checkpoints == 1
    assert newest.checkpoint["id"] in late.examples[0]


class Lossy(InMemorySaver):
    """Turns sets into lists, refuses the step 1, and forgets the step 2."""

    async def aput(self, given: Any, checkpoint: Any, metadata: Any, versions: Any) -> Any:
        if metadata["step"] == 1:
            raise TypeError("it cannot be stored")
        if metadata["step"] == 2:
            return {"configurable": {**given["configurable"], "checkpoint_id": checkpoint["id"]}}
        changed: Any = {
            **checkpoint,
            "channel_values": {**checkpoint["channel_values"], "b": [1, 2]},
        }
        return super().put(given, changed, metadata, versions)


def test_what_a_saver_cannot_hold_is_named() -> None:
    result = moved(filled(3, namespaces=("",)), Lossy())

    assert not result.is_equal
    assert result.source_hash != result.target_hash
    found = {kind: each.checkpoints for kind, each in result.differences.items()}
    # The refused one and the forgotten one are lacking, and the latest is another.
    assert found == {"changed": 1, "refused": 1, "lost": 3}
    (changed,) = result.differences["changed"].examples
    assert "['b']: expected {1, 2}, found [1, 2]" in changed
    assert "TypeError: it cannot be stored" in result.differences["refused"].examples[0]


class Gone(InMemorySaver):
    """A server that has died."""

    async def aput(self, *_: Any) -> Any:
        raise ConnectionError("refused")

    async def aget_tuple(self, _: Any) -> Any:
        raise ConnectionError("refused")


def test_a_target_that_no_longer_answers_ends_the_move() -> None:
    with pytest.raises(UnavailableError, match=r"no longer answers.*ConnectionError"):
        moved(filled(1), Gone())


class Adding(InMemorySaver):
    """Adds a key of its own to what it gives, as Redis's does."""

    async def aget_tuple(self, given: Any) -> CheckpointTuple | None:
        found = super().get_tuple(given)
        own: Any = {"type": "json", "pending_sends": []}
        return found and found._replace(checkpoint={**found.checkpoint, **own})


def test_what_a_saver_adds_for_itself_is_left_out_and_said() -> None:
    source, target = filled(2, namespaces=("",)), InMemorySaver()
    source.__class__ = Adding

    result = moved(source, target)

    assert result.is_equal
    assert result.differences["left out"].checkpoints == 2
    assert "'type', which LangGraph does not know" in result.differences["left out"].examples[0]
    assert all("type" not in each.checkpoint for each in target.list(None))
