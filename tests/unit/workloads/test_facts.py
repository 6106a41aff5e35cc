"""Workloads that mark what a document claims: which marks they make, and which not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from bench.claims.claim import Count, load_claims
from bench.contracts import Place
from bench.discovery import load
from bench.errors import UnsupportedError
from bench.scenario.metric import CYCLE, SAVER_OPERATIONS
from bench.scenario.scenario import Preload
from bench.scenario.scenario_file import load_scenario
from bench.subjects.sqlite import SqliteOptions, SqliteSubject
from tests.clients import FakeClient, Saver, drive

ROOT = Path(__file__).parents[3]


def made(name: str, options: dict[str, Any], clients: int = 1) -> Any:
    found: Any = load("workload", name)
    payload: Any = load("payload", "nested")
    given = found.Options.model_validate(options)
    return found(given, payload(payload.Options(), 7), "trial", clients)


def marks(name: str, options: dict[str, Any], saver: Saver | None = None) -> set[str]:
    (client,) = asyncio.run(drive(made(name, options), saver or InMemorySaver(), 1))
    return set(client.marked)


class Forgetful(InMemorySaver):
    """Knows of a thread its latest checkpoint alone, and deletes nothing."""

    async def alist(self, config: Any, **asked: Any) -> Any:
        async for item in super().alist(config, **{**asked, "limit": 1, "filter": None}):
            yield item

    async def adelete_thread(self, thread_id: str) -> None: ...


@pytest.mark.parametrize(
    ("way", "right", "forgetful"),
    [
        ("delete", {"hidden", "gone"}, {"kept", "found"}),
        ("rewrite", {"hidden", "forgotten", "kept"}, {"hidden", "forgotten", "kept", "found"}),
        ("none", {"kept"}, {"kept", "found"}),
        ("empty", {"hidden", "forgotten", "kept", "found"}, {"hidden", "forgotten", "found"}),
    ],
)
def test_what_is_true_of_a_cleared_thread_is_marked(
    way: str, right: set[str], forgetful: set[str]
) -> None:
    assert marks("clear_thread", {"way": way}) == right
    assert marks("clear_thread", {"way": way}, Forgetful()) == forgetful


def test_writes_that_stay_upon_a_rewritten_checkpoint_are_not_hidden() -> None:
    assert "hidden" not in marks("clear_thread", {"way": "rewrite", "writes": 2})


def test_each_checkpoint_of_a_run_is_resumed() -> None:
    workload = made("fork_and_resume", {"nodes": 2})
    (client,) = asyncio.run(drive(workload, InMemorySaver(), workload.cycles_per_visit))
    assert client.marked == ["resumed", "branched", "linked", "kept"] * 4


def test_a_run_that_goes_on_from_the_latest_has_a_branch_at_that_one_alone() -> None:
    workload = made("fork_and_resume", {"nodes": 2, "resume": "latest"})
    (client,) = asyncio.run(drive(workload, InMemorySaver(), workload.cycles_per_visit))
    assert client.marked.count("branched") == 1


def test_a_saver_without_history_has_no_complete_one() -> None:
    class Shallow(InMemorySaver):
        async def aput(self, config: Any, *arguments: Any) -> Any:
            self.storage[config["configurable"]["thread_id"]][""].clear()
            return await super().aput(config, *arguments)

    async def main() -> list[str]:
        client = FakeClient(0, Shallow())
        workload = made("fork_and_resume", {"nodes": 2})
        await workload.cycle(client)
        return client.marked

    assert "kept" not in asyncio.run(main())


@pytest.mark.parametrize("read", ["whole", "limit", "before", "filter", "everything"])
def test_a_listing_is_right_or_not(read: str) -> None:
    options = {"read": read, "checkpoints": 6, "limit": 2, "threads_per_client": 2}
    assert marks("walk_history", options) == {"right"}
    assert marks("walk_history", options, Forgetful()) == set()


def test_a_prepared_store_is_read_cold_then_warm_and_its_threads_are_deleted() -> None:
    saver = InMemorySaver()
    preload = Preload(threads=5, checkpoints_per_thread=3, payload="any")

    async def main(read: str, cycles: int, zipf: float = 0.0) -> list[str]:
        workload = made("walk_history", {"read": read, "zipf": zipf})
        workload.preload = preload
        client = FakeClient(0, saver)
        await workload.prepare(client)
        for _ in range(cycles):
            await workload.cycle(client)
        return client.marked

    async def fill() -> None:
        workload: Any = made("walk_history", {})
        workload.preload = preload
        await workload.fill(0, saver)

    asyncio.run(fill())
    assert len(saver.storage) == 5
    assert asyncio.run(main("latest", 6)) == ["right", "cold"] * 5 + ["right", "warm"]
    # One thread is all the rest together.
    popular = asyncio.run(main("limit", 9, zipf=10.0))
    assert popular == ["right", "cold"] + ["right", "warm"] * 8
    assert asyncio.run(main("delete", 5)) == ["right"] * 5
    assert not any(saver.list(None))
    with pytest.raises(RuntimeError, match="all 5 threads are deleted"):
        asyncio.run(main("delete", 6))


def test_nothing_is_deleted_that_was_not_prepared() -> None:
    with pytest.raises(UnsupportedError, match="needs a prepared store"):
        asyncio.run(drive(made("walk_history", {"read": "delete"}), InMemorySaver(), 1))


@pytest.mark.parametrize(
    ("copy_by", "expected"),
    [("file", {"copied"}), ("backup", {"copied", "opens", "complete", "pruned"})],
)
def test_a_copy_of_a_file_that_is_written(copy_by: str, expected: set[str], tmp_path: Path) -> None:
    async def main() -> set[str]:
        subject = SqliteSubject(SqliteOptions(), Place(tmp_path, None, "trial"))
        await subject.open(2)
        try:
            workload = made("sqlite_upkeep", {"copy_by": copy_by}, clients=2)
            first, _ = await drive(workload, subject.saver(0), 1)
        finally:
            await subject.close()
        return set(first.marked)

    assert asyncio.run(main()) - {"shrunk_by_vacuum"} == expected


def test_what_claims_count_is_a_mark_of_the_workload_or_an_operation() -> None:
    counted = [
        (claim.id, judgement)
        for claim in load_claims(ROOT / "claims")
        for judgement in claim.judgements
        if isinstance(judgement, Count)
    ]
    for claim_id, judgement in counted:
        scenario = load_scenario(ROOT / "scenarios" / f"{judgement.scenario}.toml")
        labels = judgement.workloads or tuple(scenario.workloads)
        for label in labels:
            workload: Any = load("workload", scenario.workloads[label].use)
            known = {*SAVER_OPERATIONS, CYCLE, *workload.marks}
            assert {judgement.limit.metric, judgement.limit.per} <= known, claim_id
