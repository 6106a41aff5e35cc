"""One client, as fast as it can: through the harness, and in loops that time nothing in between.

All give cycles a second. A cycle of ``append_steps`` is 2.25 saver operations on average.
"""

from __future__ import annotations

import asyncio
import operator
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, ParamSpec, TypedDict, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph

from bench.contracts import Payload, Workload
from bench.measure.load_client import TURN
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


def steps_by_hand_yielding(payload: Payload, cycles: int) -> float:
    """Return the same of a loop that yields to the event loop before each call."""
    return asyncio.run(by_hand(InMemorySaver(), payload, cycles, "by-hand", yields=True))


class _Thread:
    """Where one thread stands."""

    def __init__(self, prefix: str, position: int, serial: int) -> None:
        self.position = position
        self.latest: RunnableConfig = {
            "configurable": {"thread_id": f"{prefix}-t{serial}", "checkpoint_ns": ""}
        }
        self.config = self.latest
        self.step = -1
        self.versions: dict[str, Any] = {}


async def by_hand(
    saver: Saver, payload: Payload, cycles: int, prefix: str, *, yields: bool = False
) -> float:
    """Return cycles a second on ``saver``, on threads whose ids begin with ``prefix``.

    The calls are those of ``append_steps`` with one client, with the same states. With ``yields``
    others that are ready may run before each, as where LangGraph makes it a task of its own.
    """
    count = SHAPE.threads_per_client
    threads = [_Thread(prefix, position, position) for position in range(count)]
    for thread in threads:
        await _put(saver, payload, thread, "input")
    turns = max(1, cycles // SHAPE.steps_per_turn)
    serial = count
    started = time.perf_counter()
    for turn in range(turns):
        position = turn % count
        thread = threads[position]
        if yields:
            await TURN
        await saver.aget_tuple(thread.latest)
        if thread.step == -1:
            await _put(saver, payload, thread, "input", yields=yields)
        for _ in range(SHAPE.steps_per_turn):
            writes = [("channel_0", _state(payload, thread, 0)), ("branch:to:step_0_1", None)]
            task_id = f"{thread.step + 1:08x}-0000-0000-0000-{position:012x}"
            if yields:
                await TURN
            await saver.aput_writes(thread.config, writes, task_id, "~__pregel_pull, step_0")
            await _put(saver, payload, thread, "loop", yields=yields)
        if thread.step == SHAPE.turns_per_thread * SHAPE.steps_per_turn:
            threads[position] = _Thread(prefix, position, serial)
            serial += 1
    return turns * SHAPE.steps_per_turn / (time.perf_counter() - started)


def _state(payload: Payload, thread: _Thread, turn: int) -> Any:
    places = SHAPE.steps_per_turn + 1
    return payload.state(thread.position * places + (thread.step + 1) % places, turn)


async def _put(
    saver: Saver,
    payload: Payload,
    thread: _Thread,
    source: Literal["input", "loop"],
    *,
    yields: bool = False,
) -> None:
    next_version: Any = saver.get_next_version
    versions = {"channel_0": next_version(thread.versions.get("channel_0"), None)}
    state = _state(payload, thread, max(0, thread.step) // SHAPE.steps_per_turn)
    checkpoint: Checkpoint = {
        "v": 4,
        "id": str(uuid6(clock_seq=thread.step)),
        "ts": datetime.now(UTC).isoformat(),
        "channel_values": {"channel_0": state},
        "channel_versions": versions,
        "versions_seen": {"__input__": {}, "step": thread.versions},
        "updated_channels": ["channel_0"],
    }
    metadata: CheckpointMetadata = {"source": source, "step": thread.step, "parents": {}}
    if yields:
        await TURN
    thread.config = await saver.aput(thread.config, checkpoint, metadata, versions)
    thread.versions = versions
    thread.step += 1


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
