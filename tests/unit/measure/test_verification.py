"""Reading back: each way of losing data is seen, and none is seen where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import (
    ALL_WRITES,
    CHECKPOINT_WRITES,
    Client,
    ExpectedCheckpoint,
    ExpectedThread,
    Place,
    PluginOptions,
    Stored,
    Subject,
    Workload,
)
from bench.records.trial import Verification
from bench.spec.durability import Durability
from bench.verify.ledger import Ledger
from bench.verify.read_back import MOST_THREADS, most_checkpoints, read_back, verify


class Counted(Subject):
    """A memory saver with a count that a test can set."""

    def __init__(self, *, checkpoints: int | None = None, history: bool = True) -> None:
        super().__init__(PluginOptions(), Place(Path(), None, "n"))
        self.memory = InMemorySaver()
        self.checkpoints = checkpoints
        self.keeps_history = history  # type: ignore[misc] # one fake for both kinds
        self.counters: list[dict[str, int]] = []

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return Durability.VOLATILE

    async def open(self, clients: int) -> None: ...

    async def close(self) -> None: ...

    def saver(self, client: int) -> InMemorySaver:
        return self.memory

    async def stored(self) -> Stored:
        return Stored(checkpoints=self.checkpoints, stored_bytes=None)

    async def server_counters(self) -> Mapping[str, int]:
        return self.counters.pop(0) if len(self.counters) > 1 else (self.counters or [{}])[0]


class Expecting(Workload):
    """Expects what a test says; the hash of a state is its one channel's value."""

    def __init__(
        self,
        expected: Mapping[str, ExpectedThread],
        histories: Mapping[str, tuple[ExpectedCheckpoint, ...]],
    ) -> None:
        self.namespace = "n"
        self._expected = expected
        self._histories = histories

    async def prepare(self, client: Client) -> None: ...

    async def cycle(self, client: Client) -> None: ...

    def expected(self) -> Mapping[str, ExpectedThread]:
        return self._expected

    def history(self, thread_id: str) -> tuple[ExpectedCheckpoint, ...]:
        return self._histories.get(thread_id, ())

    def content_hash(self, channel_values: Mapping[str, Any]) -> str:
        return str(channel_values.get("state"))

    def value_hash(self, value: Any) -> str:
        return str(value)


async def no_pause(_: float) -> None: ...


class Seconds:
    """A clock that advances by a second at each look."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> int:
        self.looks += 1
        return self.looks * 1_000_000_000


def verified(
    subject: Counted,
    expected: Mapping[str, ExpectedThread],
    histories: Mapping[str, tuple[ExpectedCheckpoint, ...]] | None = None,
    verify_s: float = 1000.0,
) -> Verification:
    workload = Expecting(expected, histories or {})
    ledger = Ledger.of(workload, 1, most_checkpoints(subject, verify_s))
    return asyncio.run(verify(subject, workload, ledger, verify_s, Seconds(), no_pause))


def put(subject: Counted, thread_id: str, checkpoint_id: str, value: str, parent: str = "") -> None:
    checkpoint = empty_checkpoint()
    checkpoint["id"] = checkpoint_id
    checkpoint["channel_values"] = {"state": value}
    checkpoint["channel_versions"] = {"state": checkpoint_id}
    configurable = {"thread_id": thread_id, "checkpoint_ns": ""}
    if parent:
        configurable["checkpoint_id"] = parent
    subject.memory.put({"configurable": configurable}, checkpoint, {}, {"state": checkpoint_id})


def thread(
    checkpoints: int = 2, checkpoint_id: str = "id2", content: str = "b", indeterminate: int = 0
) -> ExpectedThread:
    return ExpectedThread(checkpoints, indeterminate, checkpoint_id, content)


def filled(*, checkpoints: int | None = None, history: bool = True) -> Counted:
    subject = Counted(checkpoints=checkpoints, history=history)
    put(subject, "t", "id1", "a")
    config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "id1"}}
    subject.memory.put_writes(config, [("state", "b"), ("next", None)], "task")
    put(subject, "t", "id2", "b", parent="id1")
    return subject


WRITES = frozenset({("task", "state", "b"), ("task", "next", "None")})
HISTORY = (
    ExpectedCheckpoint("id1", "", "a", WRITES),
    ExpectedCheckpoint("id2", "id1", "b", frozenset()),
)


def faults_of(found: Verification) -> dict[str, int]:
    kinds = ("lost", "corrupted", "unexpected", "duplicated", "stale", "broken_parents")
    counts = {kind: getattr(found, kind) for kind in (*kinds, "lost_writes")}
    return {kind: count for kind, count in counts.items() if count}


@pytest.mark.parametrize("counted", [None, 2])
def test_what_is_all_there_passes(counted: int | None) -> None:
    found = verified(filled(checkpoints=counted), {"t": thread()}, {"t": HISTORY})

    assert found.passed, found
    assert (found.threads, found.checkpoints) == (1, 2)
    assert (found.whole_threads, found.steps) == (1, 2)


@pytest.mark.parametrize("history", [(), HISTORY])
@pytest.mark.parametrize(
    ("expected", "faults", "word"),
    [
        ({"t": thread(content="c")}, {"corrupted": 1}, "id2: content differs"),
        ({"t": thread(), "gone": thread(3)}, {"lost": 3}, "thread gone"),
    ],
)
def test_what_is_wrong_is_counted_once_and_told(
    history: tuple[ExpectedCheckpoint, ...],
    expected: dict[str, ExpectedThread],
    faults: dict[str, int],
    word: str,
) -> None:
    if "corrupted" in faults and history:
        history = (history[0], replace(history[1], content_hash="c"))
    found = verified(filled(), expected, {"t": history})

    assert faults == faults_of(found)
    assert any(word in problem for problem in found.problems)
    assert not found.passed


@pytest.mark.parametrize(
    ("subject", "expected", "faults", "word"),
    [
        (filled(), {"t": thread(3, "id3")}, {"lost": 1}, "acknowledged was id3"),
        (filled(), {"t": thread(3)}, {"lost": 1}, "1 of 3 acknowledged checkpoints"),
        (filled(), {"t": thread(1)}, {"unexpected": 1}, "than the 1 that were written"),
        (filled(), {"t": thread(1, "id1", "a")}, {"unexpected": 1}, "the latest checkpoint is id2"),
        (filled(checkpoints=1), {"t": thread()}, {"lost": 1}, "1 fewer than acknowledged"),
        (filled(checkpoints=4), {"t": thread()}, {"duplicated": 2}, "2 more than written"),
    ],
)
def test_counts_and_the_latest_checkpoint_are_judged_without_a_history(
    subject: Counted, expected: dict[str, ExpectedThread], faults: dict[str, int], word: str
) -> None:
    found = verified(subject, expected)

    assert faults == faults_of(found)
    assert any(word in problem for problem in found.problems), found.problems


def test_an_older_latest_checkpoint_is_stale_where_the_acknowledged_one_is_there() -> None:
    class Stale(InMemorySaver):
        async def aget_tuple(self, config: Any) -> Any:
            if config["configurable"] == {"thread_id": "t", "checkpoint_ns": ""}:
                config = {"configurable": {**config["configurable"], "checkpoint_id": "id1"}}
            return await super().aget_tuple(config)

    subject = filled()
    subject.memory.__class__ = Stale

    assert faults_of(verified(subject, {"t": thread()}, {"t": HISTORY})) == {"stale": 1}


def test_stale_reads_of_the_trial_make_its_verification_fail() -> None:
    found = verified(filled(), {"t": replace(thread(), stale=3)}, {"t": HISTORY})

    assert faults_of(found) == {"stale": 3}
    assert "3 reads of the trial returned an older checkpoint" in found.problems[0]


def test_a_write_that_was_cut_off_may_be_there_or_not() -> None:
    there = {"t": replace(thread(1, "id1", "a", indeterminate=1), indeterminate_ids=("id2",))}
    missing = {"t": replace(thread(indeterminate=1), indeterminate_ids=("id3",))}

    assert verified(filled(checkpoints=2), there, {"t": HISTORY[:1]}).passed
    assert verified(filled(checkpoints=2), missing, {"t": HISTORY}).passed


def test_a_saver_without_history_keeps_one_checkpoint_per_thread() -> None:
    subject = filled(checkpoints=1, history=False)

    found = verified(subject, {"t": thread(20)}, {"t": HISTORY})

    assert found.passed, found
    assert (found.whole_threads, found.steps) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "faults", "word"),
    [
        ({"writes": WRITES | {("other", "state", "b")}}, {"lost_writes": 1}, "1 of 3 writes on it"),
        ({"writes": frozenset({("task", "state", "c")})}, {"lost_writes": 1}, "gone or changed"),
        ({"parent_id": "id0"}, {"broken_parents": 1}, "its parent is none, written was id0"),
        ({"content_hash": "c"}, {"corrupted": 1}, "checkpoint id1: content differs"),
        # What is there under another id is neither known nor a copy.
        ({"checkpoint_id": "id0"}, {"lost": 1, "duplicated": 1}, "checkpoint id0: acknowledged"),
        (
            {"checkpoint_id": "id0", "content_hash": "z"},
            {"lost": 1, "unexpected": 1},
            "checkpoint id1: never written",
        ),
    ],
)
def test_every_checkpoint_of_a_whole_thread_is_looked_at(
    changes: dict[str, Any], faults: dict[str, int], word: str
) -> None:
    history = (replace(HISTORY[0], **changes), HISTORY[1])

    found = verified(filled(), {"t": thread()}, {"t": history})

    assert faults == faults_of(found)
    assert any(word in problem for problem in found.problems), found.problems


def test_a_checkpoint_that_is_listed_twice_is_a_duplicate() -> None:
    class Repeating(InMemorySaver):
        async def alist(self, *arguments: Any, **keywords: Any) -> AsyncIterator[Any]:
            async for found in super().alist(*arguments, **keywords):
                yield found
                if found.checkpoint["id"] == "id1":
                    yield found

    for counted in (None, 2, 3):
        subject = filled(checkpoints=counted)
        subject.memory.__class__ = Repeating

        assert faults_of(verified(subject, {"t": thread()}, {"t": HISTORY})) == {"duplicated": 1}


def many(threads: int) -> tuple[Counted, dict[str, ExpectedThread]]:
    subject = Counted(checkpoints=threads)
    for number in range(threads):
        put(subject, f"t{number}", "id1", "a")
    return subject, {f"t{number}": thread(1, "id1", "a") for number in range(threads)}


def test_of_many_threads_some_latest_are_looked_at_and_all_are_counted() -> None:
    found = verified(*many(3 * MOST_THREADS))

    assert found.passed, found
    assert found.threads == MOST_THREADS
    assert found.whole_threads == found.checkpoints == 3 * MOST_THREADS


@pytest.mark.parametrize(("verify_s", "whole"), [(0.0, 1), (2.5, 3), (1000.0, 9)])
def test_whole_threads_are_read_until_the_time_is_over_and_at_least_one(
    verify_s: float, whole: int
) -> None:
    """The clock advances by a second for every thread."""
    found = verified(*many(9), verify_s=verify_s)

    assert found.passed, found
    assert found.whole_threads == whole


def test_the_order_of_whole_threads_follows_from_the_seed() -> None:
    _, expected = many(9)
    orders = [list(Ledger.of(Expecting(expected, {}), seed, 9).histories) for seed in (1, 1, 2)]

    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(expected)


def test_what_is_missing_beside_the_whole_threads_is_in_the_stores_count() -> None:
    subject, expected = many(9)
    subject.checkpoints = 6

    found = verified(subject, expected, verify_s=0.0)

    assert faults_of(found) == {"lost": 3}


@pytest.mark.parametrize(
    ("name", "counted", "passes"),
    [
        (CHECKPOINT_WRITES, 2, True),
        (CHECKPOINT_WRITES, 1, False),
        (ALL_WRITES, 3, True),
        (ALL_WRITES, 2, False),
        ("commits", 0, True),
    ],
)
def test_the_servers_own_counters_must_not_be_behind(name: str, counted: int, passes: bool) -> None:
    subject = filled()
    subject.counters = [{name: counted}]

    found = verified(subject, {"t": replace(thread(), writes=1)}, {"t": HISTORY})

    assert (found.passed, dict(found.server_counters)) == (passes, {name: counted})
    said = f"counted {counted} writes, {counted + 1} were acknowledged"
    assert [said in problem for problem in found.problems] == ([] if passes else [True])


def test_a_counter_that_comes_late_is_waited_for() -> None:
    subject = filled()
    subject.counters = [{CHECKPOINT_WRITES: 0}, {CHECKPOINT_WRITES: 1}, {CHECKPOINT_WRITES: 2}]

    found = verified(subject, {"t": thread()}, {"t": HISTORY})

    assert found.passed, found
    assert found.server_counters == {CHECKPOINT_WRITES: 2}


class AsGiven:
    """A serialiser that copies nothing."""

    def dumps_typed(self, value: Any) -> tuple[str, Any]:
        return "given", value

    def loads_typed(self, held: tuple[str, Any]) -> Any:
        return held[1]


def test_a_saver_that_keeps_references_is_found() -> None:
    subject = Counted()
    subject.memory = InMemorySaver(serde=AsGiven())

    found = verified(subject, {})

    assert faults_of(found) == {"corrupted": 1}
    assert "keeps references to what it was given" in found.problems[0]


def test_a_subject_that_copies_nothing_by_design_is_not_asked() -> None:
    subject = Counted()
    subject.memory = InMemorySaver(serde=AsGiven())
    subject.copies = False  # type: ignore[misc] # one fake for both kinds

    assert verified(subject, {}).passed
    assert subject.memory.storage == {}


def test_a_pending_write_that_is_kept_by_reference_is_found() -> None:
    class Keeping(InMemorySaver):
        held: Any = None

        async def aput_writes(self, config: Any, writes: Any, *rest: Any) -> None:
            self.held = writes[0][1]
            await super().aput_writes(config, writes, *rest)

        async def aget_tuple(self, config: Any) -> Any:
            found: Any = await super().aget_tuple(config)
            writes = [(task, channel, self.held) for task, channel, _ in found.pending_writes]
            return found._replace(pending_writes=writes)

    subject = Counted()
    subject.memory = Keeping()

    found = verified(subject, {})

    assert faults_of(found) == {"corrupted": 1}
    assert "a pending write changed" in found.problems[0]


def test_a_store_that_cannot_be_read_has_not_passed_and_says_why() -> None:
    subject = Counted()
    subject.memory = None  # type: ignore[assignment] # so that nothing can be read
    workload = Expecting({"t": thread()}, {})
    ledger = Ledger.of(workload, 1, 1)

    found = asyncio.run(read_back(subject, workload, ledger, 1.0, Seconds()))

    assert not found.passed
    assert found.problems[0].startswith("reading back failed: AttributeError: ")
