"""Every workload that discovery finds, with every payload, over LangGraph's in-memory saver."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import CHECKPOINT_SAVER, PluginOptions, Workload
from bench.discovery import load, names
from bench.verify.read_back import verify
from tests.clients import OpenSaver, drive, measured, verified

# Of savers, and with a truth of their own: others look at what a saver does besides keeping it.
NAMES = [
    name
    for name in names("workload")
    if load("workload", name).interface is CHECKPOINT_SAVER
    and "truth" in vars(load("workload", name))
]


def workload(name: str, payload: str = "nested", clients: int = 1) -> Workload:
    found: Any = load("workload", name)
    state: Any = load("payload", payload)
    made = found(found.Options(), state(state.Options(), 7), "trial", clients)
    assert isinstance(made, Workload)
    return made


def test_the_built_in_workloads_are_found() -> None:
    assert {"append_steps", "run_graph"} <= set(NAMES)


@pytest.mark.parametrize("name", names("workload"))
def test_a_workload_has_options_and_says_what_it_does(name: str) -> None:
    found: Any = load("workload", name)
    assert issubclass(found.Options, PluginOptions)
    assert found.__doc__


@pytest.mark.parametrize("name", NAMES)
def test_thirty_two_clients_have_threads_of_their_own(name: str) -> None:
    saver = InMemorySaver()
    made = workload(name, clients=32)
    asyncio.run(drive(made, saver, 1))
    assert set(made.expected()) <= set(saver.storage)
    assert len(saver.storage) >= 32
    assert all(thread_id.startswith("trial") for thread_id in saver.storage)


@pytest.mark.parametrize("name", NAMES)
def test_only_declared_marks_are_made(name: str) -> None:
    made = workload(name)
    (client,) = asyncio.run(drive(made, InMemorySaver(), 1))
    assert set(client.marked) <= set(made.marks)


@pytest.mark.parametrize("name", NAMES)
# No saver keeps all of ``application_state``.
@pytest.mark.parametrize("payload", [one for one in names("payload") if one != "application_state"])
def test_the_truth_is_what_a_saver_that_keeps_all_holds(name: str, payload: str) -> None:
    """Read back by a workload that did not write it, as another process has one."""

    async def scenario() -> None:
        saver = InMemorySaver()
        made = partial(workload, name, payload, clients=2)
        found = await verified(made, saver, 3)
        assert found.passed, found
        assert found.deterministic
        assert found.steps == found.checkpoints > 0
        assert found.acknowledged == found.attempted > found.checkpoints

    asyncio.run(scenario())


@pytest.mark.parametrize("name", NAMES)
def test_each_write_and_each_value_is_looked_at(name: str) -> None:
    """None may be missing: neither one of a task's writes nor a channel."""

    async def scenario() -> None:
        saver = InMemorySaver()
        ledger, log = await measured(workload(name), saver, 3)
        for written in saver.writes.values():
            written.pop(next(iter(written)))
        held = len(saver.writes)
        subject = OpenSaver(saver)
        found = await verify(subject, workload(name), ledger, log, 1000.0, lambda: 0)
        assert (found.lost_writes, found.corrupted) == (held, 0)

        saver.blobs.clear()
        found = await verify(subject, workload(name), ledger, log, 1000.0, lambda: 0)
        assert found.corrupted > 0
        assert any("is missing" in problem for problem in found.problems)

    asyncio.run(scenario())
