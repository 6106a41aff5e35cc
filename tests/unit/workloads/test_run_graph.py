from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import Payload
from bench.payloads._sizes import SizedOptions, SizedPayload
from bench.payloads.binary import BinaryPayload
from bench.payloads.messages import MessagesPayload
from bench.payloads.nested import NestedPayload
from bench.workloads._errors import StaleReadError
from bench.workloads.run_graph import RunGraphOptions, RunGraphWorkload
from tests.clients import FakeClient, RecordingSaver, drive, opened, read_back

KINDS: list[type[SizedPayload]] = [MessagesPayload, NestedPayload, BinaryPayload]


def payload(kind: type[SizedPayload] = MessagesPayload) -> Payload:
    return kind(SizedOptions(state_bytes=300), 7)


def workload(clients: int = 1, state: Payload | None = None, **options: Any) -> RunGraphWorkload:
    return RunGraphWorkload(RunGraphOptions(**options), state or payload(), "trial", clients)


def without_ids(found: dict[str, tuple[int, str, str]]) -> dict[str, tuple[int, str]]:
    return {name: (count, content) for name, (count, _, content) in found.items()}


def acknowledged(made: RunGraphWorkload) -> dict[str, tuple[int, str]]:
    expected = made.expected()
    return {name: (thread.checkpoints, thread.content_hash) for name, thread in expected.items()}


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("graph", ["chain", "react"])
@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_what_is_expected_is_what_is_read_back(
    kind: str, graph: str, durability: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        made = workload(clients=2, graph=graph, nodes=2, durability=durability)
        async with opened(kind, tmp_path) as saver:
            # Two threads, three runs on each, and one on a fresh third.
            await drive(made, saver, 7)
            found = await read_back(saver, made)
        assert without_ids(found) == acknowledged(made)
        assert {thread.checkpoint_id for thread in made.expected().values()} == {""}
        assert {thread.indeterminate for thread in made.expected().values()} == {0}
        for thread_id, expected in made.expected().items():
            assert len(made.history(thread_id)) == expected.checkpoints

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("graph", ["chain", "react"])
def test_every_kind_of_payload_can_be_read_back(kind: type[SizedPayload], graph: str) -> None:
    async def scenario() -> None:
        saver = InMemorySaver()
        made = workload(state=payload(kind), graph=graph, nodes=2)
        await drive(made, saver, 2)
        assert without_ids(await read_back(saver, made)) == acknowledged(made)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("graph", "durability", "puts", "put_writes"),
    [
        # The input and every superstep, the first of which hands out the input.
        ("chain", "sync", 1 + 1 + 3, 1 + 3),
        ("chain", "async", 1 + 1 + 3, 1 + 3),
        ("chain", "exit", 1, 0),
        # Three rounds of model and tool, and the model's last word.
        ("react", "sync", 1 + 1 + 7, 1 + 7),
        ("react", "async", 1 + 1 + 7, 1 + 7),
        ("react", "exit", 1, 0),
    ],
)
def test_the_operations_of_one_run(graph: str, durability: str, puts: int, put_writes: int) -> None:
    saver = RecordingSaver()
    made = workload(graph=graph, nodes=3, durability=durability)
    (client,) = asyncio.run(drive(made, saver, 1))
    assert made.checkpoints_per_run == puts
    assert saver.count("put") == puts
    assert saver.count("put_writes") == put_writes == made.writes_per_run
    assert saver.count("get_tuple") == 1
    # The saver's operations are LangGraph's; the client's own would count them twice.
    assert client.performed == []
    assert client.savers_asked_for == 1


@pytest.mark.parametrize(("graph", "events"), [("chain", 3), ("react", 7)])
def test_every_event_is_marked(graph: str, events: int) -> None:
    made = workload(graph=graph, nodes=3)
    (client,) = asyncio.run(drive(made, InMemorySaver(), 1))
    assert client.marked == ["last_event"] * events
    assert set(client.marked) == set(made.marks)


def test_threads_are_visited_in_turn_and_replaced_when_used_up() -> None:
    made = workload(clients=2, nodes=1, threads_per_client=2, runs_per_thread=2)
    asyncio.run(drive(made, InMemorySaver(), 5))
    found = {name: thread.checkpoints // 3 for name, thread in made.expected().items()}
    expected = {f"trial-c{c}-t{t}": runs for c in range(2) for t, runs in enumerate((2, 2, 1))}
    assert found == expected


def test_thirty_two_clients_run_at_once() -> None:
    async def scenario() -> None:
        saver = InMemorySaver()
        made = workload(clients=32, nodes=2)
        clients = await drive(made, saver, 0)
        await asyncio.gather(*(made.cycle(client) for client in clients))
        assert len(made.expected()) == 32
        assert without_ids(await read_back(saver, made)) == acknowledged(made)

    asyncio.run(scenario())


def test_the_messages_of_react_grow_by_run() -> None:
    async def scenario() -> list[int]:
        saver = InMemorySaver()
        made = workload(graph="react", nodes=2, threads_per_client=1)
        (client,) = await drive(made, saver, 0)
        lengths = []
        for _ in range(3):
            await made.cycle(client)
            latest = await saver.aget_tuple({"configurable": {"thread_id": "trial-c0-t0"}})
            assert latest is not None
            lengths.append(len(latest.checkpoint["channel_values"]["messages"]))
        return lengths

    assert asyncio.run(scenario()) == [6, 12, 18]


def test_the_tool_answers_with_the_size_of_the_payload() -> None:
    async def scenario() -> list[int]:
        saver = InMemorySaver()
        state = BinaryPayload(SizedOptions(state_bytes=5_000), 7)
        made = workload(state=state, graph="react", nodes=1)
        await drive(made, saver, 1)
        latest = await saver.aget_tuple({"configurable": {"thread_id": "trial-c0-t0"}})
        assert latest is not None
        messages = latest.checkpoint["channel_values"]["messages"]
        return [len(message.text) for message in messages if message.type == "tool"]

    (length,) = asyncio.run(scenario())
    assert 5_000 <= length <= 5_010


class FaultySaver(InMemorySaver):
    """Fails in the way that is asked for, at the last put of a run of a chain of two nodes."""

    fault = ""

    async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        last = checkpoint["channel_values"].get("count") == 2
        if last and self.fault == "drops":
            return config
        if last and self.fault == "refuses":
            raise OSError("refused")
        if last and self.fault == "corrupts":
            values = {**checkpoint["channel_values"], "payload": []}
            checkpoint = {**checkpoint, "channel_values": values}
        return await super().aput(config, checkpoint, metadata, new_versions)


def test_a_dropped_put_is_noticed() -> None:
    async def scenario() -> None:
        saver = FaultySaver()
        saver.fault = "drops"
        made = workload(nodes=2)
        await drive(made, saver, 1)
        found = without_ids(await read_back(saver, made))["trial-c0-t0"]
        expected = acknowledged(made)["trial-c0-t0"]
        assert (found[0], expected[0]) == (3, 4)
        assert found[1] != expected[1]

    asyncio.run(scenario())


def test_a_corrupted_put_is_noticed() -> None:
    async def scenario() -> None:
        saver = FaultySaver()
        saver.fault = "corrupts"
        made = workload(nodes=2)
        await drive(made, saver, 1)
        found = without_ids(await read_back(saver, made))["trial-c0-t0"]
        expected = acknowledged(made)["trial-c0-t0"]
        assert found[0] == expected[0]
        assert found[1] != expected[1]

    asyncio.run(scenario())


def test_a_run_that_raised_is_indeterminate_and_its_thread_is_given_up() -> None:
    async def scenario() -> None:
        saver = FaultySaver()
        saver.fault = "refuses"
        made = workload(nodes=2, threads_per_client=1)
        (client,) = await drive(made, saver, 0)
        with pytest.raises(OSError, match="refused"):
            await made.cycle(client)
        saver.fault = ""
        await made.cycle(client)
        failed, fresh = made.expected().values()
        assert (failed.checkpoints, failed.indeterminate, failed.content_hash) == (0, 4, "")
        assert (fresh.checkpoints, fresh.indeterminate) == (4, 0)
        found = await read_back(saver, made)
        assert [count for count, _, _ in found.values()] == [3, 4]

    asyncio.run(scenario())


@pytest.mark.parametrize("graph", ["chain", "react"])
def test_only_the_graphs_own_channels_count(graph: str) -> None:
    made = workload(graph=graph, nodes=1)
    state = {"payload": [], "count": 1, "run": 0, "messages": []}
    assert made.content_hash({**state, "branch:to:node_1": None}) == made.content_hash(state)
    for name in ("payload", "count", "run") if graph == "chain" else ("messages",):
        others = {key: value for key, value in state.items() if key != name}
        assert made.content_hash(others) != made.content_hash(state)


def test_what_is_not_a_message_has_another_hash() -> None:
    made = workload(graph="react", nodes=1)
    messages = made._script.final(0, 1)["messages"]
    plain = [message.model_dump() for message in messages]
    changed = [*messages[:-1], messages[-1].model_copy(update={"content": "another"})]
    hashes = {made.content_hash({"messages": value}) for value in (messages, plain, changed)}
    assert len(hashes) == 3


def test_a_cycle_before_prepare_is_refused() -> None:
    with pytest.raises(RuntimeError, match="before prepare"):
        asyncio.run(workload().cycle(FakeClient(0, InMemorySaver())))


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
@pytest.mark.parametrize("graph", ["chain", "react"])
def test_a_run_that_begins_from_older_state_is_stale(graph: str, durability: str) -> None:
    class Stale(InMemorySaver):
        hides = 0

        async def aget_tuple(self, config: Any) -> Any:
            held = [found async for found in self.alist(config)]
            return held[self.hides] if len(held) > self.hides else None

    async def scenario() -> None:
        saver = Stale()
        made = workload(graph=graph, nodes=2, durability=durability, threads_per_client=1)
        (client,) = await drive(made, saver, 2)
        saver.hides = 1
        with pytest.raises(StaleReadError, match="run 2 began with"):
            await made.cycle(client)
        (thread,) = made.expected().values()
        assert (thread.stale, thread.checkpoints) == (1, 2 * made.checkpoints_per_run)
        saver.hides = 0
        await made.cycle(client)
        assert [thread.stale for thread in made.expected().values()] == [1, 0]

    asyncio.run(scenario())
