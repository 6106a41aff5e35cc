from __future__ import annotations

import asyncio
import operator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from pydantic import ValidationError

from bench.contracts import ExpectedThread
from bench.payloads._sizes import SizedOptions
from bench.payloads.messages import MessagesPayload
from bench.workloads.append_steps import AppendStepsOptions, AppendStepsWorkload
from tests.clients import RecordingSaver, Saver, drive, measured, opened, verified


def workload(clients: int = 1, growth: Any = "constant", **options: Any) -> AppendStepsWorkload:
    payload = MessagesPayload(SizedOptions(state_bytes=300, growth=growth), 7)
    return AppendStepsWorkload(AppendStepsOptions(**options), payload, "trial", clients)


SHAPES: list[dict[str, Any]] = [
    {},
    {"threads_per_client": 1, "steps_per_turn": 1},
    {"tasks_per_step": 3, "writes_per_task": 1},
    {"channels": 5, "channels_changed": 2, "growth": "by_turn"},
]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_saver_holds_exactly_what_the_steps_must_leave(
    kind: str, shape: dict[str, Any], tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with opened(kind, tmp_path) as saver:
            found = await verified(lambda: workload(clients=2, **shape), saver, 9)
        assert found.passed, found
        # Nine steps of each client, and what prepares a thread.
        assert found.steps == found.checkpoints == 2 * 9 + found.threads

    asyncio.run(scenario())


def test_clients_own_their_threads_and_visit_them_in_turn() -> None:
    made = workload(clients=32, threads_per_client=2, steps_per_turn=3)
    _, log = asyncio.run(measured(made, InMemorySaver(), 7))
    # The seventh cycle is on the first thread again; each has its initial checkpoint besides.
    expected = {f"trial-c{c}-t{t}": (5, 4)[t] for c in range(32) for t in range(2)}
    assert {chain.thread_id: len(chain.acknowledged) for chain in log.chains} == expected
    numbers = {thread.number for visits in made._visits for thread in visits.threads}
    assert numbers == set(range(64))


def test_a_thread_that_has_had_its_turns_is_left_for_a_new_one() -> None:
    made = workload(threads_per_client=2, steps_per_turn=2, turns_per_thread=2)
    _, log = asyncio.run(measured(made, InMemorySaver(), 12))
    found = {chain.thread_id: len(chain.acknowledged) for chain in log.chains}
    assert found == {"trial-c0-t0": 5, "trial-c0-t1": 5, "trial-c0-t2": 3, "trial-c0-t3": 3}


def test_the_order_of_operations_in_a_turn() -> None:
    saver = RecordingSaver()
    made = workload(threads_per_client=1, steps_per_turn=2, tasks_per_step=2, writes_per_task=3)
    (client,) = asyncio.run(drive(made, saver, 3))
    assert [call[0] for call in saver.calls] == [
        "put",
        *("get_tuple", "put_writes", "put_writes", "put"),
        *("put_writes", "put_writes", "put"),
        *("get_tuple", "put_writes", "put_writes", "put"),
    ]
    puts = [call[1] for call in saver.calls if call[0] == "put"]
    writes = [call[1:] for call in saver.calls if call[0] == "put_writes"]
    assert writes == [(parent, 3) for parent in puts[:3] for _ in range(2)]
    assert saver.parents == [None, *puts[:3]]
    assert [call[1] for call in saver.calls if call[0] == "get_tuple"] == [None, None]
    assert puts == sorted(set(puts))
    assert client.savers_asked_for == len(saver.calls) == len(client.performed)


class Counted(TypedDict):
    count: Annotated[int, operator.add]


async def run_of_one_node_steps(saver: Saver, nodes: int) -> None:
    async def node(state: Counted) -> Counted:
        return {"count": 1}

    builder = StateGraph(Counted)
    for index in range(nodes):
        builder.add_node(f"node_{index}", node)
        builder.add_edge(f"node_{index - 1}" if index else START, f"node_{index}")
    builder.add_edge(f"node_{nodes - 1}", END)
    graph = builder.compile(checkpointer=saver)
    config: Any = {"configurable": {"thread_id": "graph"}}
    await graph.ainvoke({"count": 0}, config, durability="sync")


def test_the_operations_are_those_of_a_langgraph_run() -> None:
    """A turn of n steps is a run of n supersteps; LangGraph's first hands out the input."""
    steps = 4
    graph, ours = RecordingSaver(), RecordingSaver()
    asyncio.run(run_of_one_node_steps(graph, steps - 1))
    made = workload(threads_per_client=1, steps_per_turn=steps)
    asyncio.run(drive(made, ours, steps))
    for operation in ("get_tuple", "put_writes", "put"):
        assert (operation, ours.count(operation)) == (operation, graph.count(operation))
    for saver in (graph, ours):
        puts = [call[1] for call in saver.calls if call[0] == "put"]
        assert saver.parents == [None, *puts[:-1]]
        assert [call[1] for call in saver.calls if call[0] == "put_writes"] == puts[:-1]
        assert [c["metadata"]["source"] for c in saver.checkpoints] == ["input"] + ["loop"] * steps
        assert [c["metadata"]["step"] for c in saver.checkpoints] == list(range(-1, steps))
    assert {c["v"] for c in ours.checkpoints} == {c["v"] for c in graph.checkpoints}
    assert [sorted(c) for c in ours.checkpoints] == [sorted(c) for c in graph.checkpoints]
    ids = [[c["id"][14], c["id"][19:23]] for c in ours.checkpoints]
    assert ids == [[c["id"][14], c["id"][19:23]] for c in graph.checkpoints]


def test_only_changed_channels_get_a_new_version() -> None:
    saver = RecordingSaver()
    made = workload(threads_per_client=1, channels=3, channels_changed=2)
    asyncio.run(drive(made, saver, 4))
    assert [sorted(c["new_versions"]) for c in saver.checkpoints] == [
        ["channel_0", "channel_1", "channel_2"],
        ["channel_0", "channel_1"],
        ["channel_0", "channel_2"],
        ["channel_1", "channel_2"],
        ["channel_0", "channel_1"],
    ]
    for before, after in pairwise(saver.checkpoints):
        new = after["new_versions"]
        assert after["channel_versions"] == {**before["channel_versions"], **new}
        assert all(before["channel_versions"][name] < new[name] for name in new)
        kept = set(after["channel_values"]) - set(new)
        assert {name: after["channel_values"][name] for name in kept} == {
            name: before["channel_values"][name] for name in kept
        }


def test_the_state_grows_by_turn_and_a_write_is_one_increment() -> None:
    saver = RecordingSaver()
    made = workload(threads_per_client=1, steps_per_turn=2, growth="by_turn")
    asyncio.run(drive(made, saver, 6))
    lengths = [len(checkpoint["channel_values"]["channel_0"]) for checkpoint in saver.checkpoints]
    assert lengths == [1, 1, 1, 2, 2, 3, 3]
    values = [value for held in saver.writes.values() for (_, _, value, _) in held.values()]
    loaded = [saver.serde.loads_typed(value) for value in values]
    assert {len(value) for value in loaded if value is not None} == {1}


def test_every_step_and_thread_has_content_of_its_own() -> None:
    async def scenario() -> list[bytes]:
        made = workload(threads_per_client=2, steps_per_turn=4)
        contents = []
        for number in range(2):
            truth = await made.truth(f"trial-c0-t{number}", ExpectedThread(), 9)
            assert truth is not None
            contents += [one.content(made.canonical) for one in truth.namespaces[""]]
        return contents

    contents = asyncio.run(scenario())
    assert len(contents) == 2 * 9
    assert all(before != after for before, after in pairwise(contents))
    assert all(one != other for one, other in zip(contents[:9], contents[9:], strict=True))


def test_the_truth_of_a_thread_follows_from_its_id_alone() -> None:
    """So that it is known of a process that was killed, too."""
    made = workload(threads_per_client=2, turns_per_thread=1, steps_per_turn=1, clients=2)
    asyncio.run(drive(made, InMemorySaver(), 5))
    threads = [t for visits in made._visits for t in (*visits.left, *visits.threads)]
    assert len(threads) > 8

    stated: list[int] = []

    def state(number: int, *_: int) -> tuple[()]:
        stated.append(number)
        return ()

    made._steps.truth = state  # type: ignore[assignment, method-assign] # only asked for whom
    for thread in threads:
        asyncio.run(made.truth(thread.thread_id, ExpectedThread(), 1))
    assert stated == [thread.number for thread in threads]


def test_a_saver_without_task_path_is_served() -> None:
    class Early(InMemorySaver):
        async def aput_writes(self, config: Any, writes: Any, task_id: str) -> None:  # type: ignore[override] # as before the argument existed
            self.put_writes(config, writes, task_id)

    saver = Early()
    made = workload(threads_per_client=1)
    asyncio.run(drive(made, saver, 2))
    assert len(saver.writes) == 2


@pytest.mark.parametrize(
    "options", [{"channels": 2, "channels_changed": 3}, {"tasks_per_step": 0}, {"threads": 1}]
)
def test_bad_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AppendStepsOptions(**options)


def test_a_cycle_can_be_a_whole_turn() -> None:
    steps, turns = RecordingSaver(), RecordingSaver()
    shape: dict[str, Any] = {"threads_per_client": 2, "steps_per_turn": 3, "tasks_per_step": 2}
    by_step, by_turn = workload(**shape), workload(cycle="turn", **shape)

    asyncio.run(drive(by_step, steps, 12))
    asyncio.run(drive(by_turn, turns, 4))

    assert [call[0] for call in turns.calls] == [call[0] for call in steps.calls]
    assert turns.count("get_tuple") == 4
    contents = [
        [(checkpoint["channel_values"], checkpoint["metadata"]) for checkpoint in saver.checkpoints]
        for saver in (steps, turns)
    ]
    assert contents[0] == contents[1]


def test_clients_begin_whole_turns_together_and_steps_one_after_the_other() -> None:
    def reads(cycle: Any) -> int:
        saver = RecordingSaver()
        asyncio.run(drive(workload(clients=4, steps_per_turn=4, cycle=cycle), saver, 1))
        return saver.count("get_tuple")

    assert (reads("step"), reads("turn")) == (1, 4)


def test_a_turn_that_failed_is_followed_by_a_whole_one() -> None:
    class Failing(RecordingSaver):
        fails_at = 3

        async def aput(self, *arguments: Any) -> Any:
            if self.count("put") == self.fails_at:
                raise OSError("refused")
            return await super().aput(*arguments)

    async def scenario() -> None:
        saver = Failing()
        made = workload(threads_per_client=1, steps_per_turn=4, cycle="turn")
        (client,) = await drive(made, saver, 0)
        with pytest.raises(OSError, match="refused"):
            await made.cycle(client)
        saver.calls.clear()
        saver.fails_at = -1
        await made.cycle(client)
        assert [call[0] for call in saver.calls] == ["get_tuple", *["put_writes", "put"] * 4]

    asyncio.run(scenario())
