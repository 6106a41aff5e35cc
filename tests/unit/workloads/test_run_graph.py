"""What ``run_graph`` asks of a saver, and that a saver's faults in its runs are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import ValidationError

from bench.contracts import Payload
from bench.payloads._sizes import SizedOptions
from bench.payloads.binary import BinaryPayload
from bench.payloads.messages import MessagesPayload
from bench.workloads.run_graph import RunGraphOptions, RunGraphWorkload
from tests.clients import RecordingSaver, drive, measured, verified


def workload(clients: int = 1, state: Payload | None = None, **options: Any) -> RunGraphWorkload:
    payload = state or MessagesPayload(SizedOptions(state_bytes=300), 7)
    return RunGraphWorkload(RunGraphOptions(**options), payload, "trial", clients)


@pytest.mark.parametrize(
    ("graph", "durability", "puts", "put_writes"),
    [
        # The input and every superstep, the first of which hands out the input.
        ("chain", "sync", 1 + 1 + 3, 1 + 3),
        ("chain", "async", 1 + 1 + 3, 1 + 3),
        ("chain", "exit", 1, 0),
        # Three rounds of model and tool, and the model's last word.
        ("react_agent", "sync", 1 + 1 + 7, 1 + 7),
        ("react_agent", "async", 1 + 1 + 7, 1 + 7),
        ("react_agent", "exit", 1, 0),
    ],
)
def test_the_operations_of_one_run(graph: str, durability: str, puts: int, put_writes: int) -> None:
    saver = RecordingSaver()
    made = workload(graph=graph, nodes=3, durability=durability)
    (client,) = asyncio.run(drive(made, saver, 1))
    assert saver.count("put") == puts
    assert saver.count("put_writes") == put_writes
    assert saver.count("get_tuple") == 1
    # The saver's operations are LangGraph's; the client's own would count them twice.
    assert client.performed == []
    assert client.savers_asked_for == 1


@pytest.mark.parametrize(("graph", "events"), [("chain", 3), ("react_agent", 7)])
def test_every_event_is_marked(graph: str, events: int) -> None:
    made = workload(graph=graph, nodes=3)
    (client,) = asyncio.run(drive(made, InMemorySaver(), 1))
    # The input is an event, too.
    assert client.marked == ["last_event"] * (1 + events)
    assert set(client.marked) == set(made.marks)


def test_threads_are_visited_in_turn_and_replaced_when_used_up() -> None:
    made = workload(clients=2, nodes=1, threads_per_client=2, runs_per_thread=2)
    asyncio.run(drive(made, InMemorySaver(), 5))
    found = {name: known.note["finished"] for name, known in made.expected().items()}
    expected = {f"trial-c{c}-t{t}": runs for c in range(2) for t, runs in enumerate((2, 2, 1))}
    assert found == expected
    numbers = [known.note["number"] for known in made.expected().values()]
    assert len(set(numbers)) == 6


def test_thirty_two_clients_run_at_once() -> None:
    found = asyncio.run(verified(partial(workload, clients=32, nodes=2), InMemorySaver(), 1))
    assert found.passed, found
    assert found.steps == 32 * 4


def test_the_messages_of_an_agent_grow_by_run() -> None:
    async def scenario() -> list[int]:
        saver = InMemorySaver()
        made = workload(graph="react_agent", nodes=2, threads_per_client=1)
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
        made = workload(state=state, graph="react_agent", nodes=1)
        await drive(made, saver, 1)
        latest = await saver.aget_tuple({"configurable": {"thread_id": "trial-c0-t0"}})
        assert latest is not None
        messages = latest.checkpoint["channel_values"]["messages"]
        return [len(message.text) for message in messages if message.type == "tool"]

    (length,) = asyncio.run(scenario())
    assert 5_000 <= length <= 5_010


class FaultySaver(InMemorySaver):
    """Fails in the way that is asked for, once, where a run's first node has run."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        fault = ""
        if checkpoint["channel_values"].get("count") == 1:
            fault, self.fault = self.fault, ""
        if fault == "drops":
            return {"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}
        if fault == "refuses":
            raise OSError("refused")
        if fault == "corrupts":
            values = {**checkpoint["channel_values"], "payload": []}
            checkpoint = {**checkpoint, "channel_values": values}
        return await super().aput(config, checkpoint, metadata, new_versions)


@pytest.mark.parametrize(("fault", "kind"), [("drops", "lost"), ("corrupts", "corrupted")])
def test_a_fault_of_one_put_is_told_as_what_it_is(fault: str, kind: str) -> None:
    made = partial(workload, nodes=2, durability="sync")
    found = asyncio.run(verified(made, FaultySaver(fault), 4))
    kinds = ("lost", "corrupted", "stale", "unexpected", "misplaced", "duplicated", "lost_writes")
    counts = Counter({name: getattr(found, name) for name in kinds})
    assert +counts == {kind: 1}, found.problems


def test_a_run_that_raised_is_indeterminate_and_its_thread_is_given_up() -> None:
    made = partial(workload, nodes=2, durability="sync", threads_per_client=1)

    async def scenario() -> None:
        ledger, log = await measured(made(), FaultySaver("refuses"), 3)
        notes = [known.note for known in ledger.threads.values()]
        assert [(note["attempted"], note["finished"]) for note in notes] == [(1, 0), (2, 2)]
        first, second = log.chains
        assert (len(first.acknowledged), len(first.indeterminate)) == (2, 1)
        assert (len(second.acknowledged), len(second.indeterminate)) == (8, 0)

    asyncio.run(scenario())
    found = asyncio.run(verified(made, FaultySaver("refuses"), 3))
    assert found.passed, found


def test_a_run_that_begins_from_older_state_is_told_as_stale() -> None:
    class Stale(InMemorySaver):
        reads = 0

        async def aget_tuple(self, config: Any) -> Any:
            found = await super().aget_tuple(config)
            self.reads += 1
            if self.reads != 2 or found is None:
                return found
            return await super().aget_tuple(found.parent_config or config)

    made = partial(workload, nodes=2, threads_per_client=1)
    found = asyncio.run(verified(made, Stale(), 3))
    assert (found.stale, found.lost, found.corrupted) == (1, 0, 0)
    assert any("older checkpoint than the last" in problem for problem in found.problems)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"graph": "chian"}, "there is no graph 'chian'. Did you mean 'chain'?"),
        ({"graph": "rows"}, "there is no graph 'rows'"),
        ({"graph": "fan_out", "nodes": 2}, "'nodes' means nothing for the graph 'fan_out'"),
        ({"graph": "chain", "depth": 2}, "'depth' means nothing for the graph 'chain'"),
        ({"graph": "chain", "inputs": "a:b"}, "'inputs' means nothing for the graph 'chain'"),
        (
            {"graph": "a:b", "inputs": "a:b", "branches": 2},
            "'branches' means nothing for the graph",
        ),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        RunGraphOptions(**options)
    assert said in str(raised.value)
