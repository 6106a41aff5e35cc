"""Timing stays out of the saver's way and adds up."""

from __future__ import annotations

import asyncio
import copy
import inspect
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import Checkout
from bench.errors import InputError
from bench.measure.recorder import Recorder
from bench.measure.timing import CALLER, OPERATIONS, Caller, Timing
from bench.records.outcome import COLUMNS, Outcome
from tests.unit.measure.savers import (
    Listing,
    Locked,
    Nested,
    Plain,
    Pooled,
    ThreadLocked,
    Ticks,
)

CONFIG: Any = {"configurable": {"thread_id": "t"}}


def timed(saver: Any, clock: Ticks) -> Recorder:
    recorder = Recorder((*OPERATIONS.values(), "cycle"))
    Timing(recorder, clock).time_saver(saver)
    return recorder


def rows(recorder: Recorder) -> list[dict[str, int]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in recorder.rows()]


def test_a_sample_has_the_instants_around_the_call() -> None:
    clock = Ticks()
    saver = Plain(clock, looks=3)
    recorder = timed(saver, clock)

    async def call() -> None:
        caller = Caller(5)
        caller.due_ns = 1
        CALLER.set(caller)
        clock.now_ns = 10
        await saver.aput(CONFIG)
        await saver.aget_tuple(CONFIG)

    asyncio.run(call())

    first, second = rows(recorder)
    assert (recorder.code("put"), 5, 1, 11, 15, Outcome.OK) == tuple(
        first[name] for name in ("operation", "client", "due", "started", "finished", "outcome")
    )
    # A due time belongs to one operation; the next one is due when it is called.
    assert (second["started"], second["started"]) == (second["due"], 16)


def test_the_saver_stays_what_it_was() -> None:
    clock = Ticks()
    saver = Plain(clock)
    before = inspect.signature(saver.aput_writes)
    timed(saver, clock)

    assert isinstance(saver, Plain)
    assert before == inspect.signature(saver.aput_writes)
    assert "task_path" in inspect.signature(saver.aput_writes).parameters
    assert type(saver).__name__ == "Plain"


def test_only_what_the_own_class_overrides_is_overridden() -> None:
    clock = Ticks()
    saver = Plain(clock)
    timed(saver, clock)

    overridden = {name for name in OPERATIONS if name in vars(type(saver))}
    assert {"aput", "aput_writes", "aget_tuple"} == overridden
    assert type(saver).adelete_thread is BaseCheckpointSaver.adelete_thread


def test_copies_are_timed_too() -> None:
    clock = Ticks()
    saver = Plain(clock)
    recorder = timed(saver, clock)

    asyncio.run(copy.copy(saver).aget_tuple(CONFIG))

    assert len(recorder) == 1


def test_timing_twice_records_once() -> None:
    clock = Ticks()
    recorder = Recorder(tuple(OPERATIONS.values()))
    timing = Timing(recorder, clock)
    saver = timing.time_saver(timing.time_saver(Plain(clock)))

    asyncio.run(saver.aget_tuple(CONFIG))

    assert len(recorder) == 1


def test_what_a_saver_calls_on_itself_is_part_of_the_operation() -> None:
    clock = Ticks()
    saver = Nested(clock)
    recorder = timed(saver, clock)

    asyncio.run(saver.aput(CONFIG))

    assert [recorder.code("put")] == [row["operation"] for row in rows(recorder)]


def test_an_error_is_recorded_counted_and_passed_on() -> None:
    clock = Ticks()
    saver = Plain(clock)
    saver.fails_with = KeyError("gone")
    recorder = timed(saver, clock)

    with pytest.raises(KeyError, match="gone"):
        asyncio.run(saver.aput(CONFIG))

    assert [row["outcome"] for row in rows(recorder)] == [Outcome.FAILED]
    assert recorder.errors == {"KeyError": 1}
    assert recorder.error_texts == {"KeyError": "'gone'"}
    assert not any(recorder.acknowledged)


def test_one_error_passing_through_operation_and_cycle_counts_once() -> None:
    recorder = Recorder(())
    error = ValueError("x")
    recorder.note(error)
    recorder.note(error)
    recorder.note(ValueError("y"))

    assert recorder.errors == {"ValueError": 2}


def test_cutting_off_is_a_time_out_and_other_cancelling_a_failure() -> None:
    recorder = Recorder(())

    assert recorder.note(asyncio.CancelledError()) == Outcome.FAILED
    recorder.giving_up = True
    assert recorder.note(asyncio.CancelledError()) == Outcome.TIMED_OUT


def test_waiting_for_the_lock_is_told_from_working() -> None:
    clock = Ticks()
    saver = Locked(clock)
    recorder = timed(saver, clock)

    async def both() -> None:
        await asyncio.gather(saver.aput(CONFIG), saver.aput(CONFIG))

    asyncio.run(both())

    first, second = rows(recorder)
    assert first["lock_wait"] == 0
    # The second waits at least until the first has finished.
    assert second["lock_wait"] >= first["finished"] - second["started"] - 3
    assert 0 == first["pool_wait"] == second["pool_wait"]


def test_a_lock_that_nobody_holds_but_others_wait_for_is_waited_for() -> None:
    clock = Ticks()
    saver = Locked(clock)
    recorder = timed(saver, clock)

    async def both() -> None:
        await saver.lock.acquire()
        waiting = asyncio.create_task(saver.aput(CONFIG))
        await asyncio.sleep(0)
        saver.lock.release()
        await saver.aput(CONFIG)
        await waiting

    asyncio.run(both())

    first, second = rows(recorder)
    assert min(first["lock_wait"], second["lock_wait"]) > 0


def test_a_thread_lock_is_timed_and_still_locks() -> None:
    clock = Ticks()
    saver = ThreadLocked(clock)
    recorder = timed(saver, clock)
    with saver.lock:
        assert saver.lock.locked()
    assert not saver.lock.locked()

    asyncio.run(saver.aput(CONFIG))

    assert [row["lock_wait"] for row in rows(recorder)] == [1]


def test_waiting_for_a_connection_is_told_from_working() -> None:
    clock = Ticks()
    saver = Pooled(clock)
    recorder = Recorder(tuple(OPERATIONS.values()))
    timing = Timing(recorder, clock)
    timing.time_saver(saver)
    timing.time_checkout(Checkout(saver.pool, "getconn"))

    asyncio.run(saver.aput(CONFIG))
    asyncio.run(saver.pool.getconn())  # outside an operation: nobody's wait

    assert [(row["pool_wait"], row["lock_wait"]) for row in rows(recorder)] == [(5, 0)]


def test_listing_is_one_operation_and_the_consumer_s_own_calls_are_not_nested_in_it() -> None:
    clock = Ticks()
    saver = Listing(clock)
    recorder = timed(saver, clock)

    async def consume() -> list[Any]:
        found = []
        async for item in saver.alist(CONFIG):
            await saver.aget_tuple(CONFIG)
            found.append(item)
        return found

    assert asyncio.run(consume()) == [0, 1, 2]
    names = [recorder.operations[row["operation"]] for row in rows(recorder)]
    assert names == ["get_tuple", "get_tuple", "get_tuple", "list"]


def test_a_class_that_cannot_be_exchanged_is_an_input_error() -> None:
    class Slotted:
        __slots__ = ()

        async def getconn(self) -> None: ...

    with pytest.raises(InputError, match="cannot time"):
        Timing(Recorder(()), Ticks()).time_checkout(Checkout(Slotted(), "getconn"))


def test_the_real_memory_saver_can_be_timed() -> None:
    saver = InMemorySaver()
    recorder = timed(saver, Ticks())

    assert asyncio.run(saver.aget_tuple(CONFIG)) is None
    assert len(recorder) == 1


def test_samples_beyond_a_chunk_are_kept_in_order(tmp_path: Any) -> None:
    recorder = Recorder(())
    for number in range(70_000):
        recorder.add(0, number, 0, 0, 0, 0, 0, 0)

    recorder.write(tmp_path / "samples.bin")

    assert list(range(70_000)) == [row[1] for row in recorder.rows()]
    assert (tmp_path / "samples.bin").stat().st_size == 70_000 * 64
