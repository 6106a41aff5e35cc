"""One client, as fast as it can: through the harness, and in loops that time nothing in between.

All give cycles a second. A cycle of ``append_steps`` is 2.25 saver operations on average.
"""

from __future__ import annotations

import asyncio
import operator
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, ParamSpec, TypedDict, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph

from bench.contracts import Payload, Workload
from bench.measure.recorder import Recorder
from bench.payloads.messages import MessagesPayload
from bench.records.outcome import Outcome
from bench.scenario.arrival import Closed
from bench.scenario.metric import CYCLE
from bench.workloads.append_steps import AppendStepsOptions, AppendStepsWorkload
from bench.workloads.run_graph import RunGraphOptions, RunGraphWorkload
from benchmarks import harness
from benchmarks.harness import Saver

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

SHAPE = AppendStepsOptions()
GRAPH_SHAPE = RunGraphOptions(nodes=5, durability="async", threads_per_client=1, runs_per_thread=3)


def payload_of(state_bytes: int) -> Payload:
    """Make conversations of that size."""
    return MessagesPayload(MessagesPayload.Options.model_validate({"state_bytes": state_bytes}), 0)


def steps_through_the_harness(payload: Payload, duration_s: float) -> tuple[float, int]:
    """Offer ``append_steps``; return cycles a second, and how many there were in ``duration_s``."""
    workload = AppendStepsWorkload(SHAPE, payload, "benchmark", 1)
    return _through_the_harness(workload, duration_s)


def graph_through_the_harness(payload: Payload, duration_s: float) -> tuple[float, int]:
    """Offer ``run_graph``; return runs a second, and how many there were in ``duration_s``."""
    workload = RunGraphWorkload(GRAPH_SHAPE, payload, "benchmark", 1)
    return _through_the_harness(workload, duration_s)


def _through_the_harness(workload: Workload, duration_s: float) -> tuple[float, int]:
    recorder = harness.new_recorder(*workload.marks)
    saver = harness.timed(InMemorySaver(), recorder)
    arrival = Closed(kind="closed", clients=1)

    async def run() -> None:
        await harness.offer(
            workload, arrival, lambda _: saver, recorder, warmup_s=0.0, duration_s=duration_s
        )

    asyncio.run(run())
    return cycle_rate(recorder)


def cycle_rate(recorder: Recorder, since_ns: int = 0) -> tuple[float, int]:
    """Return cycles a second from the first one's start to the last one's end, and their number.

    ``since_ns``: of those that were due from then on.

    Raises:
        RuntimeError: one of them failed.
    """
    code = recorder.code(CYCLE)
    cycles = [row for row in recorder.rows() if row[0] == code and row[2] >= since_ns]
    if any(row[-1] != Outcome.OK for row in cycles):
        raise RuntimeError(f"cycles failed: {recorder.error_texts}")
    elapsed_ns = cycles[-1][6] - cycles[0][3]
    return len(cycles) * 1e9 / elapsed_ns, len(cycles)


class _BareClient:
    """A client that calls at once: no yield to the loop, no due times."""

    index = 0

    def __init__(self, saver: harness.Saver) -> None:
        self._saver = saver

    def saver(self) -> harness.Saver:
        return self._saver

    def perform(
        self,
        method: Callable[Arguments, Awaitable[Result]],
        *arguments: Arguments.args,
        **keywords: Arguments.kwargs,
    ) -> Awaitable[Result]:
        return method(*arguments, **keywords)

    def mark(self, name: str) -> None:
        del name


def steps_untimed(payload: Payload, cycles: int) -> float:
    """Return cycles a second of the same workload without load generator, yields and timing."""

    async def run() -> float:
        workload = AppendStepsWorkload(SHAPE, payload, "benchmark", 1)
        client = _BareClient(InMemorySaver())
        await workload.prepare(client)
        started = time.perf_counter()
        for _ in range(cycles):
            await workload.cycle(client)
        return cycles / (time.perf_counter() - started)

    return asyncio.run(run())


def steps_by_hand(payload: Payload, cycles: int) -> float:
    """Return cycles a second of a loop with the same saver calls and no timing of each."""
    return asyncio.run(by_hand(InMemorySaver(), payload, cycles, "by-hand"))


async def by_hand(saver: Saver, payload: Payload, cycles: int, prefix: str) -> float:
    """Do it on ``saver``, on threads whose ids begin with ``prefix``."""
    threads = [
        await _begun(saver, payload, prefix, index) for index in range(SHAPE.threads_per_client)
    ]
    serial = position = 0
    started = time.perf_counter()
    for cycle in range(cycles):
        thread_id, config, step, versions = threads[position]
        if cycle % SHAPE.steps_per_turn == 0:
            await saver.aget_tuple({"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}})
        number = position * (SHAPE.steps_per_turn + 1)
        offset = (step + 1) % (SHAPE.steps_per_turn + 1)
        written = payload.state(number + offset, 0)
        await saver.aput_writes(
            config, [("channel_0", written), ("branch:to:step_0_1", None)], f"task-{step}", "path"
        )
        state = payload.state(number + offset, step // SHAPE.steps_per_turn)
        config, versions = await _put(saver, config, step, state, versions, "loop")
        threads[position] = (thread_id, config, step + 1, versions)
        if (cycle + 1) % SHAPE.steps_per_turn == 0:
            if step + 1 == SHAPE.turns_per_thread * SHAPE.steps_per_turn:
                serial += 1
                threads[position] = await _begun(saver, payload, prefix, position, serial)
            position = (position + 1) % len(threads)
    return cycles / (time.perf_counter() - started)


async def _begun(
    saver: Saver, payload: Payload, prefix: str, index: int, serial: int = 0
) -> tuple[str, Any, int, dict[str, Any]]:
    thread_id = f"{prefix}-{index}-{serial}"
    config: Any = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
    state = payload.state(index * (SHAPE.steps_per_turn + 1), 0)
    config, versions = await _put(saver, config, -1, state, {}, "input")
    return thread_id, config, 0, versions


async def _put(
    saver: Saver, config: Any, step: int, state: Any, versions: dict[str, Any], source: Any
) -> tuple[Any, dict[str, Any]]:
    new_versions: dict[str, Any] = {
        "channel_0": saver.get_next_version(versions.get("channel_0"), None)
    }
    checkpoint = Checkpoint(
        v=4,
        id=str(uuid6(clock_seq=step)),
        ts=datetime.now(UTC).isoformat(),
        channel_values={"channel_0": state},
        channel_versions=new_versions,
        versions_seen={"__input__": {}, "step": versions},
        updated_channels=["channel_0"],
    )
    metadata: CheckpointMetadata = {"source": source, "step": step, "parents": {}}
    return await saver.aput(config, checkpoint, metadata, new_versions), new_versions


class _State(TypedDict):
    payload: Any
    count: Annotated[int, operator.add]
    run: int


def graph_by_hand(payload: Payload, cycles: int) -> float:
    """Return runs a second of a like graph in a plain loop; nothing is timed in between."""

    async def run() -> float:
        builder = StateGraph(_State)
        before = START
        for index in range(GRAPH_SHAPE.nodes):
            name = f"node_{index}"
            builder.add_node(name, _node(payload, index))
            builder.add_edge(before, name)
            before = name
        graph = builder.compile(checkpointer=InMemorySaver())
        started = time.perf_counter()
        for cycle in range(cycles):
            thread, run_of_thread = divmod(cycle, GRAPH_SHAPE.runs_per_thread)
            config: RunnableConfig = {"configurable": {"thread_id": f"by-hand-{thread}"}}
            given: Any = {"run": run_of_thread}
            async for _ in graph.astream(
                given,
                config,
                stream_mode="updates",
                durability=GRAPH_SHAPE.durability,
            ):
                pass
        return cycles / (time.perf_counter() - started)

    return asyncio.run(run())


def _node(payload: Payload, index: int) -> Any:
    async def node(state: _State) -> dict[str, Any]:
        return {"payload": payload.state(index, state["run"]), "count": 1}

    return node
