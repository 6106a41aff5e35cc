"""Reading back: each way of losing data is seen and named, and none is seen where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import (
    ALL_WRITES,
    CHECKPOINT_WRITES,
    ExpectedThread,
    ThreadTruth,
    TrueCheckpoint,
    WrongRead,
)
from bench.handover.job import Ledger
from bench.values import canonical, value_hash
from bench.verify.read_back import MOST_CHAINS, read_back
from tests.unit.verify.trials import Seconds, Telling, Trial, faults_of, filled, truth


@pytest.mark.parametrize("counted", [None, 2])
def test_what_is_all_there_passes(counted: int | None) -> None:
    trial = filled()
    trial.subject.checkpoints = counted

    verification = trial.verified()

    assert verification.passed, verification
    assert (verification.threads, verification.checkpoints) == (1, 2)
    assert (verification.whole_threads, verification.steps) == (1, 2)
    assert (verification.attempted, verification.acknowledged) == (3, 3)


def test_nothing_need_be_known_of_the_contents() -> None:
    trial = filled()
    trial.workload = Telling({})

    assert trial.verified().passed


def lost_one(trial: Trial) -> None:
    trial.put("t", "id3", "c", "id2", stored=False)


def invented_one(trial: Trial) -> None:
    trial.put("t", "id0", "z", begun=False)


def copied_one(trial: Trial) -> None:
    trial.put("t", "id15", "b", "id1", begun=False)


def newer_than_all(trial: Trial) -> None:
    trial.put("t", "id9", "z", "id2", begun=False)


def another_threads(trial: Trial) -> None:
    trial.put("u", "id9", "z", stored=False)
    trial.put("t", "id9", "z", "id2", begun=False)


def lost_write(trial: Trial) -> None:
    trial.write("t", "id1", "other", [("state", "b")], stored=False)


def lost_in_a_subgraph(trial: Trial) -> None:
    trial.put("t", "sub1", "x", namespace="node:1")
    trial.write("t", "sub1", "task", [("state", "y")], "node:1", stored=False)


def orphaned(trial: Trial) -> None:
    trial.put("t", "id3", "c", "id2", stored=False)
    trial.put("t", "id3", "c", "id1", begun=False)


def changed(trial: Trial) -> None:
    trial.put("t", "id2", "changed", "id1", begun=False)


def changed_write(trial: Trial) -> None:
    trial.put("t", "id3", "c", "id2")
    trial.write("t", "id2", "task", [("state", "c")])
    checkpoints = (*truth().namespaces[""][:1], TrueCheckpoint({"state": "b"}, [("", "state", 7)]))
    trial.workload = Telling({"t": [ThreadTruth({"": checkpoints}, complete=False)]})


def fewer_than_the_same_runs_save(trial: Trial) -> None:
    more = ThreadTruth({"": (*truth().namespaces[""], TrueCheckpoint({"state": "c"}))})
    trial.workload = Telling({"t": [more]})


def empty_thread(trial: Trial) -> None:
    trial.put("gone", "id1", "a", stored=False)


@pytest.mark.parametrize(
    ("fault", "faults", "word"),
    [
        (lost_one, {"lost": 1}, "acknowledged was id3"),
        (empty_thread, {"lost": 1}, "thread gone"),
        (invented_one, {"unexpected": 1}, "checkpoint id0: never written"),
        (newer_than_all, {"unexpected": 1}, "checkpoint id9: never written"),
        (copied_one, {"duplicated": 1}, "repeats another checkpoint's content"),
        (another_threads, {"misplaced": 1, "lost": 1}, "it belongs to thread u"),
        (lost_write, {"lost_writes": 1}, "1 of 3 writes on it are gone"),
        (lost_in_a_subgraph, {"lost_writes": 1}, "thread t, namespace node:1, checkpoint sub1"),
        (orphaned, {"broken_parents": 1}, "its parent is id1, written was id2"),
        (changed, {"corrupted": 1}, "channel 'state' came back changed: expected 'b', found"),
        (changed_write, {"corrupted": 1}, "1 writes on it came back changed (channel 'state')"),
        (fewer_than_the_same_runs_save, {"corrupted": 1}, "save 3 checkpoints on the in-memory"),
    ],
)
def test_what_is_wrong_is_counted_once_and_named(fault: Any, faults: Any, word: str) -> None:
    trial = filled()
    fault(trial)
    if fault in (lost_one, orphaned):
        trial.workload = Telling({"t": [truth(complete=False)]})

    verification = trial.verified()

    assert faults_of(verification) == faults
    assert any(word in problem for problem in verification.problems), verification.problems
    assert not verification.passed


def test_a_subgraphs_checkpoints_are_no_surplus() -> None:
    trial = filled()
    for number in range(3):
        trial.put("t", f"sub{number}", "x", namespace="node:1")
    trial.subject.checkpoints = 5
    trial.workload = Telling({})

    verification = trial.verified()

    assert verification.passed, verification
    assert (verification.threads, verification.steps) == (2, 5)


def test_subgraphs_side_by_side_are_paired_by_what_they_hold() -> None:
    trial = Trial()
    trial.put("t", "id1", "root")
    for task, value in (("node:7", "x"), ("node:8", "y")):
        trial.put("t", f"in-{task}", value, namespace=task)
    told = {"": ["root"], "node:1": ["y"], "node:2": ["x"]}
    namespaces = {
        name: [TrueCheckpoint({"state": v}) for v in values] for name, values in told.items()
    }
    trial.workload = Telling({"t": [ThreadTruth(namespaces)]})
    assert trial.verified().passed

    namespaces["node:1"] = [TrueCheckpoint({"state": "z"})]
    trial.workload = Telling({"t": [ThreadTruth(namespaces)]})
    assert faults_of(trial.verified()) == {"corrupted": 1}


def test_a_listing_with_other_namespaces_is_told_as_that_and_nothing_is_struck_out() -> None:
    class Mixing(InMemorySaver):
        async def alist(self, config: Any, **given: Any) -> AsyncIterator[Any]:
            del config["configurable"]["checkpoint_ns"]
            async for read in super().alist(config, **given):
                yield read

    trial = filled()
    trial.put("t", "sub1", "x", namespace="node:1")
    trial.workload = Telling({"t": [truth(complete=False)]})
    trial.subject.memory.__class__ = Mixing

    verification = trial.verified()

    assert faults_of(verification) == {"out_of_namespace": 3}
    assert verification.passed
    assert "checkpoints of other namespaces" in verification.listing_problems[0]


def test_a_listing_in_another_order_is_told_as_that() -> None:
    class Reversed(InMemorySaver):
        async def alist(self, *given: Any, **named: Any) -> AsyncIterator[Any]:
            for read in reversed([read async for read in super().alist(*given, **named)]):
                yield read

    trial = filled()
    trial.subject.memory.__class__ = Reversed

    verification = trial.verified()

    assert faults_of(verification) == {"unordered": 1}
    assert verification.passed


@pytest.mark.parametrize("counted", [None, 2, 3])
def test_a_checkpoint_that_is_listed_twice_is_doubled(counted: int | None) -> None:
    class Repeating(InMemorySaver):
        async def alist(self, *given: Any, **named: Any) -> AsyncIterator[Any]:
            async for read in super().alist(*given, **named):
                yield read
                if read.checkpoint["id"] == "id1":
                    yield read

    trial = filled()
    trial.subject.memory.__class__ = Repeating
    trial.subject.checkpoints = counted

    assert faults_of(trial.verified()) == {"duplicated": 1}


def test_an_older_latest_checkpoint_is_old_where_the_acknowledged_one_is_there() -> None:
    class Stale(InMemorySaver):
        async def aget_tuple(self, config: Any) -> Any:
            if config["configurable"] == {"thread_id": "t", "checkpoint_ns": ""}:
                config = {"configurable": {**config["configurable"], "checkpoint_id": "id1"}}
            return await super().aget_tuple(config)

    trial = filled()
    trial.subject.memory.__class__ = Stale

    assert faults_of(trial.verified()) == {"stale": 1}


def read(trial: Trial, checkpoint_id: str | None) -> None:
    """Note a read of the thread's latest checkpoint that gave this one."""
    begin, end = trial.log.operations["get_tuple"]
    tuple_read = type("Read", (), {"checkpoint": {"id": checkpoint_id}})
    end(begin({"configurable": {"thread_id": "t"}}), checkpoint_id and tuple_read, 2)


@pytest.mark.parametrize(
    ("given", "faults", "word"),
    [
        ("id2", {}, ""),
        ("id1", {"stale": 2}, "2 reads of the trial returned an older checkpoint"),
        (None, {"stale": 2}, "returned nothing"),
        ("elsewhere", {"misplaced": 2}, "a checkpoint of thread u"),
        ("id9", {"unexpected": 2}, "a checkpoint that was never written, id9"),
    ],
)
def test_reads_of_the_trial_are_judged_by_what_had_been_acknowledged(
    given: str | None, faults: dict[str, int], word: str
) -> None:
    trial = filled()
    trial.put("u", "elsewhere", "x")
    for _ in range(2):
        read(trial, given)

    verification = trial.verified()

    assert faults_of(verification) == faults
    assert [word in problem for problem in verification.problems] == [True] * bool(faults)


def test_a_read_that_gives_what_was_put_meanwhile_is_right() -> None:
    trial = filled()
    begin, end = trial.log.operations["get_tuple"]
    token = begin({"configurable": {"thread_id": "t", "checkpoint_ns": ""}})
    trial.put("t", "id3", "c", "id2")
    end(token, type("Read", (), {"checkpoint": {"id": "id3"}}), 2)
    trial.workload = Telling({"t": [truth(complete=False)]})

    assert trial.verified().passed


def test_what_follows_from_an_old_read_is_not_told_as_changed() -> None:
    trial = filled()
    read(trial, "id1")
    other = ThreadTruth({"": [TrueCheckpoint({"state": "z"})]})
    trial.workload = Telling({"t": [other]})

    assert faults_of(trial.verified()) == {"stale": 1}


def test_a_read_of_the_trial_with_another_value_is_told_as_changed() -> None:
    trial = filled()
    trial.workload.wrong.append(WrongRead("t", "id1", "channel 'state' came back changed: …"))

    verification = trial.verified()

    assert faults_of(verification) == {"corrupted": 1}
    assert "a read of the trial: channel 'state'" in verification.problems[0]


def test_a_write_that_was_cut_off_may_be_there_or_not() -> None:
    for stored in (True, False):
        trial = filled()
        trial.put("t", "id3", "c", "id2", acknowledged=False, stored=stored)
        trial.write("t", "id2", "task", [("state", "c")], acknowledged=False, stored=stored)
        trial.subject.checkpoints = 2 + stored

        verification = trial.verified()

        assert verification.passed, verification
        assert (verification.attempted, verification.indeterminate) == (5, 2)


def test_a_deleted_thread_is_gone_and_what_is_put_afterwards_is_there() -> None:
    def deleted(*, done: bool) -> Trial:
        trial = filled()
        begin, end = trial.log.operations["delete_thread"]
        token = begin("t")
        if done:
            end(token, None, 2)
        return trial

    kept = deleted(done=True)
    assert faults_of(kept.verified()) == {"unexpected": 2}
    assert "deleted, but still there" in kept.verified().problems[0]

    gone = deleted(done=True)
    gone.subject.memory.delete_thread("t")
    gone.put("t", "id3", "c")
    gone.workload = Telling({})
    assert gone.verified().passed

    assert deleted(done=False).verified().passed


def test_a_saver_without_history_keeps_one_checkpoint_per_chain() -> None:
    trial = Trial()
    for number in range(20):
        trial.put("t", f"id{number:02}", "x", f"id{number - 1:02}", stored=False)
    # Neither the parent nor the writes need be there.
    trial.put("t", "id19", "x", begun=False)
    trial.write("t", "id19", "task", [("state", "y")], stored=False)
    true = TrueCheckpoint({"state": "x"}, [("task", "state", "y")])
    trial.workload = Telling({"t": [ThreadTruth({"": [true] * 20})]})
    trial.subject.keeps_history = False  # type: ignore[misc] # one fake for both kinds
    trial.subject.checkpoints = 1

    verification = trial.verified()

    assert verification.passed, verification
    assert (verification.whole_threads, verification.steps) == (0, 0)


def test_where_the_same_runs_differ_what_they_ended_with_is_compared() -> None:
    def ended_with(value: str) -> Trial:
        trial = filled()
        trial.workload = Telling({"t": [truth(deterministic=False)]})
        end = {"state": value_hash(canonical(value)), "unsaved": "x"}
        trial.workload.known = {"t": ExpectedThread(runs=((end,),))}
        return trial

    right, wrong = ended_with("b").verified(), ended_with("z").verified()

    assert (right.passed, right.deterministic) == (True, False)
    assert faults_of(wrong) == {"corrupted": 1}
    assert "is not what the run ended with" in wrong.problems[0]


def test_nobody_is_accused_by_a_truth_that_is_another_one_the_next_time() -> None:
    trial = filled()
    trial.workload = Telling(
        {"t": [ThreadTruth({"": [TrueCheckpoint({"state": v})]}) for v in ("x", "y")]}
    )

    verification = trial.verified(verify_s=0.0)

    assert (verification.passed, verification.deterministic) == (True, False)


def many(threads: int) -> Trial:
    trial = Trial()
    for number in range(threads):
        trial.put(f"t{number}", "id1", "a")
    trial.subject.checkpoints = threads
    return trial


def test_of_many_threads_some_latest_are_looked_at_and_all_are_counted() -> None:
    verification = many(3 * MOST_CHAINS).verified()

    assert verification.passed, verification
    assert verification.threads == MOST_CHAINS
    assert verification.whole_threads == verification.checkpoints == 3 * MOST_CHAINS


@pytest.mark.parametrize(("verify_s", "whole"), [(0.0, 1), (2.5, 3), (1000.0, 9)])
def test_whole_threads_are_read_until_the_time_is_over_and_at_least_one(
    verify_s: float, whole: int
) -> None:
    """The clock advances by a second for every thread."""
    verification = many(9).verified(verify_s)

    assert verification.passed, verification
    assert verification.whole_threads == whole


def test_what_is_missing_beside_the_whole_threads_is_in_the_stores_count() -> None:
    trial = many(9)
    trial.subject.checkpoints = 6

    assert faults_of(trial.verified(0.0)) == {"lost": 3}


def test_what_is_too_much_beside_the_whole_threads_is_in_the_stores_count() -> None:
    trial = many(9)
    trial.subject.checkpoints = 11

    assert faults_of(trial.verified(0.0)) == {"duplicated": 2}


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
    trial = filled()
    trial.subject.counters = [{name: counted}]

    verification = trial.verified()

    assert (verification.passed, dict(verification.server_counters)) == (passes, {name: counted})
    text = f"counted {counted} writes, {counted + 1} were acknowledged"
    assert [text in problem for problem in verification.problems] == ([] if passes else [True])


def test_a_counter_that_comes_late_is_waited_for() -> None:
    trial = filled()
    trial.subject.counters = [{CHECKPOINT_WRITES: count} for count in range(3)]

    verification = trial.verified()

    assert verification.passed, verification
    assert verification.server_counters == {CHECKPOINT_WRITES: 2}


class AsGiven:
    """A serialiser that copies nothing."""

    def dumps_typed(self, value: Any) -> tuple[str, Any]:
        return "given", value

    def loads_typed(self, held: tuple[str, Any]) -> Any:
        return held[1]


def test_a_saver_that_keeps_references_is_found() -> None:
    trial = Trial()
    trial.subject.memory = InMemorySaver(serde=AsGiven())

    verification = trial.verified()

    assert faults_of(verification) == {"corrupted": 1}
    assert "keeps references to what it was given" in verification.problems[0]


class Full(InMemorySaver):
    """A saver whose store takes nothing more."""

    async def aput(self, *_: Any) -> Any:
        raise MemoryError("command not allowed")


def test_a_store_that_is_full_has_lost_nothing() -> None:
    trial = filled()
    trial.subject.memory.__class__ = Full

    assert trial.verified().passed


def test_a_subject_that_copies_nothing_by_design_is_not_asked() -> None:
    trial = Trial()
    trial.subject.memory = InMemorySaver(serde=AsGiven())
    trial.subject.copies = False  # type: ignore[misc] # one fake for both kinds

    assert trial.verified().passed
    assert trial.subject.memory.storage == {}


def test_a_pending_write_that_is_kept_by_reference_is_found() -> None:
    class Keeping(InMemorySaver):
        held: Any = None

        async def aput_writes(self, config: Any, writes: Any, *rest: Any) -> None:
            self.held = writes[0][1]
            await super().aput_writes(config, writes, *rest)

        async def aget_tuple(self, config: Any) -> Any:
            read: Any = await super().aget_tuple(config)
            writes = [(task, channel, self.held) for task, channel, _ in read.pending_writes]
            return read._replace(pending_writes=writes)

    trial = Trial()
    trial.subject.memory = Keeping()

    verification = trial.verified()

    assert faults_of(verification) == {"corrupted": 1}
    assert "a pending write changed" in verification.problems[0]


def test_a_store_that_cannot_be_read_has_not_passed_and_says_why() -> None:
    trial = filled()
    trial.subject.memory = None  # type: ignore[assignment] # so that nothing can be read
    ledger = Ledger.of(trial.workload, 1)

    verification = asyncio.run(
        read_back(trial.subject, trial.workload, ledger, trial.log.noted(), 1.0, Seconds())
    )

    assert not verification.passed
    assert verification.problems[0].startswith("reading back failed: AttributeError: ")
