"""Reading back: each way of losing data is seen, and none is seen where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import (
    Client,
    ExpectedStep,
    ExpectedThread,
    Place,
    PluginOptions,
    Stored,
    Subject,
    Workload,
)
from bench.measure.verification import MOST_THREADS, verify
from bench.spec.durability import Durability


class Counted(Subject):
    """A memory saver with a count that a test can set."""

    def __init__(self, *, checkpoints: int | None = None, history: bool = True) -> None:
        super().__init__(PluginOptions(), Place(Path(), None, "n"))
        self.memory = InMemorySaver()
        self.checkpoints = checkpoints
        self.keeps_history = history  # type: ignore[misc] # one fake for both kinds

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return Durability.VOLATILE

    async def open(self, clients: int) -> None: ...

    async def close(self) -> None: ...

    def saver(self, client: int) -> InMemorySaver:
        return self.memory

    async def stored(self) -> Stored:
        return Stored(checkpoints=self.checkpoints, stored_bytes=None)


class Expecting(Workload):
    """Expects what a test says; the hash is the value of the one channel."""

    def __init__(self, expected: Mapping[str, ExpectedThread]) -> None:
        self._expected = expected

    async def prepare(self, client: Client) -> None: ...

    async def cycle(self, client: Client) -> None: ...

    def expected(self) -> Mapping[str, ExpectedThread]:
        return self._expected

    def content_hash(self, channel_values: Mapping[str, Any]) -> str:
        return str(channel_values.get("state"))


def put(subject: Counted, thread_id: str, checkpoint_id: str, value: str) -> None:
    checkpoint = empty_checkpoint()
    checkpoint["id"] = checkpoint_id
    checkpoint["channel_values"] = {"state": value}
    checkpoint["channel_versions"] = {"state": checkpoint_id}
    config: Any = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
    subject.memory.put(config, checkpoint, {}, {"state": checkpoint_id})


def thread(
    checkpoints: int = 2, checkpoint_id: str = "id2", content: str = "b", indeterminate: int = 0
) -> ExpectedThread:
    return ExpectedThread(checkpoints, indeterminate, checkpoint_id, content)


def filled(*, checkpoints: int | None = None, history: bool = True) -> Counted:
    subject = Counted(checkpoints=checkpoints, history=history)
    put(subject, "t", "id1", "a")
    put(subject, "t", "id2", "b")
    return subject


@pytest.mark.parametrize("counted", [None, 2])
def test_what_is_all_there_passes(counted: int | None) -> None:
    found = asyncio.run(verify(filled(checkpoints=counted), Expecting({"t": thread()})))

    assert found.passed
    assert (found.threads, found.checkpoints) == (1, 2)


@pytest.mark.parametrize(
    ("expected", "lost", "corrupted", "unexpected", "word"),
    [
        ({"t": thread(), "gone": thread(1)}, 1, 0, 0, "thread gone: nothing found"),
        ({"t": thread(3, "id3")}, 1, 0, 0, "acknowledged was id3"),
        ({"t": thread(3)}, 1, 0, 0, "2 checkpoints found, 3 were acknowledged"),
        ({"t": thread(content="c")}, 0, 1, 0, "content of checkpoint id2 differs"),
        ({"t": thread(1)}, 0, 0, 1, "at most 1 were written"),
        ({"t": thread(1, "id1", "a")}, 1, 0, 1, "the latest checkpoint is id2"),
    ],
)
def test_what_is_wrong_is_counted_and_told(
    expected: Mapping[str, ExpectedThread], lost: int, corrupted: int, unexpected: int, word: str
) -> None:
    found = asyncio.run(verify(filled(), Expecting(expected)))

    assert (lost, corrupted, unexpected) == (found.lost, found.corrupted, found.unexpected)
    assert any(word in problem for problem in found.problems)
    assert not found.passed


def test_a_write_that_was_cut_off_may_be_there() -> None:
    expected = {"t": thread(1, "id1", "a", indeterminate=1)}

    assert asyncio.run(verify(filled(), Expecting(expected))).passed


def test_a_write_that_was_cut_off_may_be_missing() -> None:
    expected = {"t": thread(2, "id2", "b", indeterminate=1)}

    assert asyncio.run(verify(filled(), Expecting(expected))).passed


def test_a_saver_without_history_keeps_one_checkpoint_per_thread() -> None:
    subject = filled(checkpoints=1, history=False)

    assert asyncio.run(verify(subject, Expecting({"t": thread(20)}))).passed


def test_the_count_of_the_store_decides_not_what_it_lists() -> None:
    found = asyncio.run(verify(filled(checkpoints=1), Expecting({"t": thread()})))

    assert found.lost == 1


class Writing(Expecting):
    """Hashes a written value as it is."""

    def value_hash(self, value: Any) -> str:
        return str(value)


def with_writes() -> Counted:
    subject = Counted()
    put(subject, "t", "id1", "a")
    config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "id1"}}
    subject.memory.put_writes(config, [("state", "b"), ("next", None)], "task")
    checkpoint = empty_checkpoint()
    checkpoint["id"] = "id2"
    checkpoint["channel_values"] = {"state": "b"}
    checkpoint["channel_versions"] = {"state": "2"}
    subject.memory.put(config, checkpoint, {}, {"state": "2"})
    return subject


WRITES = frozenset({("task", "state", "b"), ("task", "next", "None")})


def of_step(**changes: Any) -> dict[str, ExpectedThread]:
    step = replace(ExpectedStep("id2", "id1", "b", WRITES), **changes)
    return {"t": replace(thread(), steps=(step,))}


def test_a_step_is_looked_at_with_its_parent_and_its_writes() -> None:
    found = asyncio.run(verify(with_writes(), Writing(of_step())))

    assert found.passed, found
    assert found.steps == 1


@pytest.mark.parametrize(
    ("changes", "lost", "corrupted", "word"),
    [
        ({"writes": WRITES | {("other", "state", "b")}}, 1, 0, "1 of 3 writes that led to it"),
        ({"writes": frozenset({("task", "state", "c")})}, 1, 0, "gone or changed"),
        ({"parent_id": "id0"}, 1, 1, "its parent is id1, written was id0"),
        ({"content_hash": "c"}, 0, 1, "checkpoint id2: content differs"),
        ({"checkpoint_id": "id9"}, 1, 0, "checkpoint id9: nothing found"),
    ],
)
def test_what_is_wrong_with_a_step_is_told(
    changes: dict[str, Any], lost: int, corrupted: int, word: str
) -> None:
    found = asyncio.run(verify(with_writes(), Writing(of_step(**changes))))

    assert (lost, corrupted) == (found.lost, found.corrupted)
    assert any(word in problem for problem in found.problems)


def test_of_many_threads_some_are_looked_at_and_all_are_counted() -> None:
    subject = Counted(checkpoints=3 * MOST_THREADS)
    for number in range(3 * MOST_THREADS):
        put(subject, f"t{number}", "id1", "a")
    expected = {f"t{number}": thread(1, "id1", "a") for number in range(3 * MOST_THREADS)}

    found = asyncio.run(verify(subject, Expecting(expected)))

    assert found.passed
    assert found.threads == MOST_THREADS
    assert found.checkpoints == 3 * MOST_THREADS
