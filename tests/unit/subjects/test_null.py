from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.graph import END, START, StateGraph

from bench.contracts import Place, Stored
from bench.subjects.null import NullSaver, NullSubject


class State(TypedDict):
    total: int


def config(thread_id: str, checkpoint_ns: str = "") -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": checkpoint_ns}}


def test_the_saver_keeps_the_very_object_and_never_suspends() -> None:
    saver = NullSaver()
    checkpoint = empty_checkpoint()
    put = saver.aput(config("a"), checkpoint, {"step": 1}, {})
    try:
        put.send(None)
    except StopIteration as stop:
        returned = stop.value
    assert checkpoint["id"] == returned["configurable"]["checkpoint_id"]
    found = asyncio.run(saver.aget_tuple(config("a")))
    assert found is not None
    assert found.checkpoint is checkpoint


def test_threads_and_namespaces_are_kept_apart() -> None:
    async def use() -> list[str | None]:
        saver = NullSaver()
        for thread_id, checkpoint_ns in (("a", ""), ("a", "inner"), ("b", "")):
            checkpoint = empty_checkpoint()
            checkpoint["id"] = f"{thread_id}/{checkpoint_ns}"
            await saver.aput(config(thread_id, checkpoint_ns), checkpoint, {}, {})
        asked = [config("a"), config("a", "inner"), config("b"), config("b", "inner"), config("c")]
        found = [await saver.aget_tuple(one) for one in asked]
        return [one.checkpoint["id"] if one else None for one in found]

    assert asyncio.run(use()) == ["a/", "a/inner", "b/", None, None]


def test_listing_and_deleting() -> None:
    async def use() -> tuple[int, int, int, int]:
        saver = NullSaver()
        for thread_id in ("a", "a", "b"):
            await saver.aput(config(thread_id), empty_checkpoint(), {}, {})
        everything = [item async for item in saver.alist(None)]
        first = [item async for item in saver.alist(None, limit=1)]
        await saver.adelete_thread("a")
        of_a = [item async for item in saver.alist(config("a"))]
        of_b = [item async for item in saver.alist(config("b"))]
        return len(everything), len(first), len(of_a), len(of_b)

    assert asyncio.run(use()) == (2, 1, 0, 1)


def test_a_graph_runs_over_it_and_remembers_its_state(tmp_path: Path) -> None:
    async def run() -> tuple[int, Stored]:
        subject = NullSubject(NullSubject.Options(), Place(tmp_path, None, "trial"))
        await subject.open(1)
        graph = StateGraph(State)
        graph.add_node("add", lambda state: {"total": state["total"] + 1})
        graph.add_edge(START, "add")
        graph.add_edge("add", END)
        compiled = graph.compile(checkpointer=subject.saver(0))
        await compiled.ainvoke({"total": 1}, config("a"), durability="sync")
        state = await compiled.aget_state(config("a"))
        await subject.close()
        return state.values["total"], await subject.stored()

    assert (2, Stored(checkpoints=1, stored_bytes=None)) == asyncio.run(run())


def test_it_is_not_asked_whether_it_copies() -> None:
    assert not NullSubject.copies
