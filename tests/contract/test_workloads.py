"""Every workload that discovery finds, with every payload, over LangGraph's in-memory saver."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import Place, PluginOptions, Workload
from bench.discovery import load, names
from bench.subjects.memory import MemorySubject
from bench.verify.ledger import Ledger
from bench.verify.read_back import verify
from tests.clients import drive, read_back

NAMES = names("workload")


def workload(name: str, payload: str = "nested", clients: int = 1) -> Workload:
    found: Any = load("workload", name)
    state: Any = load("payload", payload)
    made = found(found.Options(), state(state.Options(), 7), "trial", clients)
    assert isinstance(made, Workload)
    return made


def test_every_workload_of_the_issue_is_found() -> None:
    assert {"append_steps", "run_graph"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_workload_has_options_and_says_what_it_does(name: str) -> None:
    found: Any = load("workload", name)
    assert issubclass(found.Options, PluginOptions)
    assert found.__doc__


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("payload", names("payload"))
@pytest.mark.parametrize("clients", [1, 3])
def test_what_was_acknowledged_is_read_back(name: str, payload: str, clients: int) -> None:
    async def scenario() -> None:
        saver = InMemorySaver()
        made = workload(name, payload, clients)
        await drive(made, saver, 3)
        found, expected = await read_back(saver, made), made.expected()
        assert sum(thread.checkpoints for thread in expected.values()) > 0
        for thread_id, thread in expected.items():
            count, checkpoint_id, content = found[thread_id]
            assert (count, content) == (thread.checkpoints, thread.content_hash)
            assert thread.indeterminate == 0
            # An empty id means that any is right.
            assert checkpoint_id == (thread.checkpoint_id or checkpoint_id)

    asyncio.run(scenario())


@pytest.mark.parametrize("name", NAMES)
def test_thirty_two_clients_have_threads_of_their_own(name: str) -> None:
    async def scenario() -> None:
        saver = InMemorySaver()
        made = workload(name, clients=32)
        await drive(made, saver, 1)
        threads = made.expected()
        assert all(thread_id.startswith("trial") for thread_id in threads)
        assert set(saver.storage) == set(threads)
        assert len(threads) >= 32

    asyncio.run(scenario())


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_leaves_the_same_content(name: str) -> None:
    contents = []
    for _ in range(2):
        made = workload(name)
        asyncio.run(drive(made, InMemorySaver(), 3))
        contents.append({key: thread.content_hash for key, thread in made.expected().items()})
    assert contents[0] == contents[1]


@pytest.mark.parametrize("name", NAMES)
def test_only_declared_marks_are_made(name: str) -> None:
    made = workload(name)
    (client,) = asyncio.run(drive(made, InMemorySaver(), 1))
    assert set(client.marked) == set(made.marks)


@pytest.mark.parametrize("name", NAMES)
def test_a_lost_checkpoint_shows(name: str) -> None:
    async def scenario() -> None:
        saver = InMemorySaver()
        made = workload(name)
        await drive(made, saver, 1)
        thread_id = next(key for key, thread in made.expected().items() if thread.checkpoints > 1)
        held = saver.storage[thread_id][""]
        del held[max(held)]
        count, _, content = (await read_back(saver, made))[thread_id]
        thread = made.expected()[thread_id]
        assert count == thread.checkpoints - 1
        assert content != thread.content_hash

    asyncio.run(scenario())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("payload", names("payload"))
def test_every_checkpoint_is_known_with_content_parent_and_writes(name: str, payload: str) -> None:
    """Read back by a workload that did not write it, as another process has one."""

    async def scenario() -> None:
        subject = MemorySubject(PluginOptions(), Place(Path(), None, "trial"))
        await subject.open(1)
        made = workload(name, payload, clients=2)
        await drive(made, subject.saver(0), 7)
        ledger = Ledger.of(made, 1, 10_000)
        found = await verify(subject, workload(name, payload), ledger, 1000.0, lambda: 0)
        assert found.passed, found
        assert found.steps == found.checkpoints == ledger.checkpoints > 0
        assert found.acknowledged == found.attempted > ledger.checkpoints
        histories = [one for history in ledger.histories.values() for one in history]
        assert any(one.writes for one in histories)

        # Each write and each content is looked at: none may be missing or changed.
        saver = subject.saver(0)
        for written in saver.writes.values():
            written.clear()
        without = await verify(subject, made, ledger, 1000.0, lambda: 0)
        assert without.lost_writes == sum(len(one.writes) for one in histories)

    asyncio.run(scenario())
