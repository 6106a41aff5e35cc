"""What timing adds to an operation, and what it keeps of one."""

from __future__ import annotations

import asyncio
import gc
import statistics
import sys
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bench.handover.clock import now_ns
from bench.subjects.null import NullSaver
from benchmarks import harness, null_task
from benchmarks.conftest import Add
from benchmarks.reach import at_most, spread

_ROUNDS = 15
_OPERATIONS = 30_000
_MOST_ADDED_NS = 2_000
_MOST_BYTES = 80.0
_COUNTS = (50_000, 100_000)

Operation = Callable[[harness.Saver], Awaitable[object]]
OPERATIONS: dict[str, Operation] = {
    "put": null_task.put,
    "put_writes": lambda saver: saver.aput_writes(null_task.CONFIG, [], "task"),
    "get_tuple": lambda saver: saver.aget_tuple(null_task.CONFIG),
}


async def repeat(operation: Operation, saver: harness.Saver, count: int) -> float:
    """Return the mean time of an operation in ns."""
    started_ns = now_ns()
    for _ in range(count):
        await operation(saver)
    return (now_ns() - started_ns) / count


@pytest.mark.parametrize("name", OPERATIONS)
def test_time_added_by_timing(benchmark: Any, add: Add, name: str) -> None:
    operation = OPERATIONS[name]
    added_ns: list[float] = []

    def one_round() -> None:
        savers = [NullSaver(), harness.timed(NullSaver(), harness.new_recorder())]
        times_ns = {}
        for saver in savers if len(added_ns) % 2 else reversed(savers):
            gc.collect()
            times_ns[id(saver)] = asyncio.run(repeat(operation, saver, _OPERATIONS))
        added_ns.append(times_ns[id(savers[1])] - times_ns[id(savers[0])])

    benchmark.pedantic(one_round, rounds=_ROUNDS, warmup_rounds=1)
    measured = [added / 1000.0 for added in added_ns[1:]]
    most = _MOST_ADDED_NS / 1000.0
    figure = f"{spread(measured, '.2f')} µs"
    title = f"added to an operation by timing it, {name}"
    add(at_most(title, statistics.median(measured), most, figure, f"{most:g} µs"))


def objects_kept(count: int) -> tuple[int, int]:
    """Return by how much the objects that the collector follows, and all blocks, have grown."""
    saver = harness.timed(NullSaver(), harness.new_recorder())

    async def growth() -> tuple[int, int]:
        await repeat(null_task.put, saver, 1_000)
        gc.collect()
        before = len(gc.get_objects()), sys.getallocatedblocks()
        await repeat(null_task.put, saver, count)
        gc.collect()
        return len(gc.get_objects()) - before[0], sys.getallocatedblocks() - before[1]

    return asyncio.run(growth())


def test_objects_kept(benchmark: Any, add: Add) -> None:
    """From as many to twice as many operations, only the columns' chunks may grow."""
    grown = benchmark.pedantic(lambda: [objects_kept(count) for count in _COUNTS], rounds=1)
    (few_objects, few_blocks), (many_objects, many_blocks) = grown
    more = _COUNTS[1] - _COUNTS[0]
    kept = max(many_objects - few_objects, many_blocks - few_blocks) / more
    figure = f"{max(0.0, kept):.4f} ({many_objects} objects after {_COUNTS[1]} operations)"
    add(at_most("Python objects kept of an operation", kept, 0.001, figure, "0.001"))


def memory_of(count: int) -> float:
    """Return the bytes that are allocated more after ``count`` operations, per operation."""
    saver = harness.timed(NullSaver(), harness.new_recorder())

    async def growth() -> int:
        await repeat(null_task.put, saver, 10)
        before, _ = tracemalloc.get_traced_memory()
        await repeat(null_task.put, saver, count)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before

    tracemalloc.start()
    try:
        return asyncio.run(growth()) / count
    finally:
        tracemalloc.stop()


def test_memory_of_a_sample(benchmark: Any, add: Add) -> None:
    """At several counts, since a chunk is grown ahead of what is in it."""
    counts = (10_000, 40_000, _COUNTS[1])
    found = benchmark.pedantic(lambda: [memory_of(count) for count in counts], rounds=1)
    figure = f"{max(found):.1f} bytes"
    add(at_most("memory of a sample", max(found), _MOST_BYTES, figure, f"{_MOST_BYTES:g} bytes"))
