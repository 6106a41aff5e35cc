"""The built-in graphs of ``run_graph``: what each leaves, and that savers hold exactly that."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import ExpectedThread
from bench.payloads._sizes import SizedOptions, SizedPayload
from bench.payloads.binary import BinaryPayload
from bench.payloads.messages import MessagesPayload
from bench.payloads.nested import NestedPayload
from bench.workloads._graphs import GRAPHS
from bench.workloads.run_graph import RunGraphOptions, RunGraphWorkload
from tests.clients import drive, measured, opened, verified

SMALL = {"nodes": 2, "branches": 2, "depth": 2}
# Checkpoints of runs 0 and 1 in the root namespace, and of run 0 in each other one, by how many
# such namespaces there are.
LEFT: dict[str, tuple[int, int, dict[int, int]]] = {
    "chain": (4, 4, {}),
    "delta_channel": (4, 4, {}),
    "fan_out": (3, 3, {}),
    "fanout_to_subgraph": (3, 3, {6: 2}),
    "interrupt": (4, 1, {}),
    "pydantic_state": (12, 12, {}),
    "react_agent": (7, 7, {}),
    "sequential": (4, 4, {}),
    "subgraphs": (3, 3, {3: 2, 4: 2}),
    "update_state": (5, 5, {}),
    "wide_dict": (12, 12, {}),
    "wide_state": (12, 12, {}),
}


def workload(
    graph: str, kind: type[SizedPayload] = MessagesPayload, **options: Any
) -> RunGraphWorkload:
    sizes = GRAPHS[graph].sizes
    small: dict[str, Any] = {name: SMALL[name] for name in sizes}
    made = RunGraphOptions(graph=graph, **small, **options)
    return RunGraphWorkload(made, kind(SizedOptions(state_bytes=100), 7), "trial", 1)


def test_every_graph_is_looked_at() -> None:
    assert set(GRAPHS) == set(LEFT)


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("saver", ["memory", "sqlite"])
def test_a_saver_holds_exactly_what_the_runs_must_leave(
    saver: str, graph: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with opened(saver, tmp_path) as own:
            found = await verified(partial(workload, graph), own, 4)
        assert found.passed, found
        assert found.deterministic
        assert (found.whole_threads, found.steps) == (2, found.checkpoints)

    asyncio.run(scenario())


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_graph_leaves_what_its_docstring_says(graph: str) -> None:
    async def scenario() -> None:
        first, second = [
            (await measured(workload(graph, threads_per_client=1), InMemorySaver(), runs))[
                1
            ].threads["trial-c0-t0"]
            for runs in (1, 2)
        ]
        of_root, after_two = len(first[""].acknowledged), len(second[""].acknowledged)
        others = Counter(len(chain.acknowledged) for name, chain in first.items() if name)
        assert (of_root, after_two - of_root, dict(others)) == LEFT[graph]

    asyncio.run(scenario())
    text = GRAPHS[graph].build.__doc__
    assert text is not None
    assert "checkpoints in the root namespace" in re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("graph", ["subgraphs", "interrupt", "delta_channel", "update_state"])
@pytest.mark.parametrize("durability", ["sync", "exit"])
def test_it_does_not_matter_when_langgraph_saves(graph: str, durability: str) -> None:
    made = partial(workload, graph, durability=durability)
    found = asyncio.run(verified(made, InMemorySaver(), 4))
    assert found.passed, found
    assert found.steps > 0


@pytest.mark.parametrize("kind", [NestedPayload, BinaryPayload])
@pytest.mark.parametrize("graph", ["react_agent", "pydantic_state", "fanout_to_subgraph"])
def test_every_kind_of_payload_goes_into_a_graph(graph: str, kind: type[SizedPayload]) -> None:
    found = asyncio.run(verified(partial(workload, graph, kind), InMemorySaver(), 3))
    assert found.passed, found


@pytest.mark.parametrize("graph", GRAPHS)
def test_content_follows_from_the_seed_and_differs_between_threads(graph: str) -> None:
    async def scenario() -> None:
        fingerprints = []
        for number in (0, 1, 0):
            note = {"number": number, "finished": 1, "attempted": 1}
            truth = await workload(graph).truth("thread", ExpectedThread(note=note), 0)
            assert truth is not None
            fingerprints.append(truth.fingerprint(workload(graph).canonical))
        assert fingerprints[0] == fingerprints[2] != fingerprints[1]

    asyncio.run(scenario())


def test_an_answer_to_an_interrupt_gets_into_the_state() -> None:
    async def scenario() -> list[int]:
        saver = InMemorySaver()
        made = workload("interrupt", threads_per_client=1, runs_per_thread=10)
        (client,) = await drive(made, saver, 0)
        lengths = []
        for _ in range(4):
            await made.cycle(client)
            latest = await saver.aget_tuple({"configurable": {"thread_id": "trial-c0-t0"}})
            assert latest is not None
            lengths.append(len(latest.checkpoint["channel_values"].get("answers", ())))
        return lengths

    assert asyncio.run(scenario()) == [0, 1, 1, 2]


def test_a_delta_channel_is_saved_as_a_whole_at_every_tenth_update() -> None:
    async def scenario() -> list[bool]:
        saver = InMemorySaver()
        made = workload("delta_channel", threads_per_client=1, runs_per_thread=10)
        await drive(made, saver, 6)
        config: Any = {"configurable": {"thread_id": "trial-c0-t0", "checkpoint_ns": ""}}
        listed = [found async for found in saver.alist(config)]
        return ["items" in found.checkpoint["channel_values"] for found in reversed(listed)]

    # Six runs of four checkpoints, with two updates each: the tenth is the last of the fifth run,
    # and what it left stays until the eleventh.
    assert asyncio.run(scenario()) == [place in {19, 20, 21} for place in range(6 * 4)]
