"""A graph of the user's own: held to its truth, and told apart from what it is not."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from bench.cli import main
from bench.errors import InputError
from bench.payloads.nested import NestedPayload
from bench.records.trial import Verification
from bench.workloads._shapes.own_graph import own_shape
from bench.workloads.run_graph import RunGraphOptions, RunGraphWorkload
from tests.clients import opened, verified

THEIRS = "tests.their_graph"
KINDS = (
    *("lost", "corrupted", "unexpected", "duplicated", "stale", "broken_parents"),
    *("lost_writes", "misplaced"),
)


def workload(graph: str = "make_graph", inputs: str = "inputs") -> RunGraphWorkload:
    options = RunGraphOptions(graph=f"{THEIRS}:{graph}", inputs=f"{THEIRS}:{inputs}")
    return RunGraphWorkload(options, NestedPayload(NestedPayload.Options(), 7), "trial", 1)


def namespace_of(config: Any) -> str:
    return str(config["configurable"].get("checkpoint_ns", ""))


class Drops:
    """Drops one of ten calls of ``aput_writes``."""

    calls = 0

    async def aput_writes(self, *arguments: Any, **keywords: Any) -> None:
        self.calls += 1
        if self.calls % 10:
            await super().aput_writes(*arguments, **keywords)  # type: ignore[misc] # a mixin


class Swaps:
    """Gives the latest state of one thread for another's, once both have one."""

    async def aget_tuple(self, config: Any) -> Any:
        own = await super().aget_tuple(config)  # type: ignore[misc] # a mixin
        place = config["configurable"]
        if own is None or namespace_of(config) or place.get("checkpoint_id"):
            return own
        others = {"trial-c0-t0": "trial-c0-t1", "trial-c0-t1": "trial-c0-t0"}
        other = {**place, "thread_id": others.get(place["thread_id"], place["thread_id"])}
        given = await super().aget_tuple({"configurable": other})  # type: ignore[misc] # a mixin
        return own if given is None else given


class Lags:
    """Gives the state before the latest."""

    async def aget_tuple(self, config: Any) -> Any:
        own = await super().aget_tuple(config)  # type: ignore[misc] # a mixin
        is_latest = not config["configurable"].get("checkpoint_id")
        if own is None or own.parent_config is None or namespace_of(config) or not is_latest:
            return own
        return await super().aget_tuple(own.parent_config)  # type: ignore[misc] # a mixin


class LosesInside:
    """Loses what is written in namespaces of subgraphs."""

    async def aput_writes(self, config: Any, *arguments: Any, **keywords: Any) -> None:
        if not namespace_of(config):
            await super().aput_writes(config, *arguments, **keywords)  # type: ignore[misc] # a mixin


class Spoils:
    """Changes the last item of every state that it is given, in later runs."""

    async def aput(self, config: Any, checkpoint: Any, *arguments: Any) -> Any:
        items = checkpoint["channel_values"].get("items")
        if items and len(items) > 1:
            spoilt = [*items[:-1], items[-1].model_copy(update={"name": "spoilt"})]
            values = {**checkpoint["channel_values"], "items": spoilt}
            checkpoint = {**checkpoint, "channel_values": values}
        return await super().aput(config, checkpoint, *arguments)  # type: ignore[misc] # a mixin


def judged(
    kind: str, fault: type, directory: Path, made: Any = workload, cycles: int = 4
) -> Verification:
    async def scenario() -> Verification:
        async with AsyncExitStack() as stack:
            if kind == "memory":
                saver: Any = type("Faulty", (fault, InMemorySaver), {})()
            else:
                derived: Any = type("Faulty", (fault, AsyncSqliteSaver), {})
                opening = derived.from_conn_string(str(directory / "test.db"))
                saver = await stack.enter_async_context(opening)
            return await verified(made, saver, cycles, may_raise=Exception)

    return asyncio.run(scenario())


def faults_of(found: Verification) -> set[str]:
    return {kind for kind in KINDS if getattr(found, kind)}


SAVERS = pytest.mark.parametrize("kind", ["memory", "sqlite"])


@SAVERS
@pytest.mark.parametrize("graph", ["make_graph", "graph"])
def test_a_graph_of_the_users_own_is_held(kind: str, graph: str, tmp_path: Path) -> None:
    found = judged(kind, type("Right", (), {}), tmp_path, partial(workload, graph), 7)
    assert found.passed, found
    assert found.deterministic
    assert found.steps == found.checkpoints > 0


@SAVERS
def test_a_run_that_fails_is_no_fault_of_the_saver(kind: str, tmp_path: Path) -> None:
    """It leaves its error, and its answer, with the last checkpoint of the run before."""
    made = partial(workload, "make_graph", "failing_inputs")
    found = judged(kind, type("Right", (), {}), tmp_path, made, 7)
    assert found.passed, found
    assert found.steps == found.checkpoints > 0


@SAVERS
@pytest.mark.parametrize(
    ("fault", "kinds", "said"),
    [
        (Drops, {"lost_writes"}, "writes on it are gone"),
        (Swaps, {"misplaced"}, "a checkpoint of thread trial-c0-t"),
        (Lags, {"stale"}, "older checkpoint than the last acknowledged one"),
        (LosesInside, {"lost_writes"}, ", namespace item:"),
    ],
)
def test_a_fault_is_told_by_its_right_name(
    kind: str, fault: type, kinds: set[str], said: str, tmp_path: Path
) -> None:
    found = judged(kind, fault, tmp_path)
    assert not found.passed
    assert kinds <= faults_of(found), found
    assert any(said in problem for problem in found.problems), found.problems
    # Nothing is said to be gone that is there.
    assert "lost" not in faults_of(found), found.problems


def test_a_graph_that_draws_by_chance_is_compared_in_what_its_runs_ended_with() -> None:
    made = partial(workload, "random_graph", "ORDERS")
    found = asyncio.run(verified(made, InMemorySaver(), 5))
    assert found.passed, found
    assert not found.deterministic


CHANCE = "tests.their_chance"


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("graph", ["seldom", "in_place"])
def test_a_graph_that_goes_another_way_seldom_or_changes_what_was_handed_over_accuses_nobody(
    graph: str, kind: str, tmp_path: Path
) -> None:
    options = RunGraphOptions(graph=f"{CHANCE}:{graph}", inputs=f"{CHANCE}:inputs")

    def made() -> RunGraphWorkload:
        return RunGraphWorkload(options, NestedPayload(NestedPayload.Options(), 7), "trial", 2)

    async def driven() -> Verification:
        async with opened(kind, tmp_path) as saver:
            return await verified(made, saver, 6)

    found = asyncio.run(driven())
    assert found.passed, found


def test_a_graph_that_raises_when_it_is_run_again_accuses_nobody() -> None:
    made = partial(workload, "remembering", "inputs")
    found = asyncio.run(verified(made, InMemorySaver(), 2))
    assert found.passed, found
    assert not found.deterministic


@SAVERS
def test_a_spoilt_end_of_a_graph_that_draws_by_chance_is_found(kind: str, tmp_path: Path) -> None:
    made = partial(workload, "random_graph", "ORDERS")
    found = judged(kind, Spoils, tmp_path, made, 5)
    assert not found.deterministic
    assert faults_of(found) == {"corrupted"}
    said = "channel 'items' is not what the run ended with"
    assert Counter(said in problem for problem in found.problems)[True] >= 1, found.problems


def test_an_iterable_gives_its_inputs_in_turn() -> None:
    shape = own_shape(f"{THEIRS}:make_graph", f"{THEIRS}:ORDERS")
    given = [[shape.inputs(thread, run)["order"] for run in range(3)] for thread in range(2)]
    assert given == [["a", "b", "a"], ["b", "a", "b"]]


def test_an_iterable_without_end_does_no_harm() -> None:
    shape = own_shape(f"{THEIRS}:make_graph", f"{THEIRS}:ENDLESS")
    assert shape.inputs(3, 5) == {"order": "a"}


def test_lines_of_json_are_inputs(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    text = '\ufeff{"order": "a\u2028b"}\r\n\n{"order": "c"}\n'
    path.write_bytes(text.encode())
    shape = own_shape(f"{THEIRS}:make_graph", str(path))
    assert [shape.inputs(0, run) for run in range(3)] == [
        {"order": "a\u2028b"},
        {"order": "c"},
        {"order": "a\u2028b"},
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b'{"order": "a"}\n{"order": \n',
            "orders.jsonl, line 2: this is not JSON: Expecting value at column 11",
        ),
        (b'"\xff"', "orders.jsonl: cannot read the inputs: it is not UTF-8 text"),
        (b"\n", "are empty"),
        (None, "orders.jsonl: cannot read the inputs: No such file or directory"),
    ],
)
def test_lines_that_are_no_inputs_are_refused(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "orders.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        own_shape(f"{THEIRS}:make_graph", str(path))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("graph", "inputs", "said"),
    [
        ("make_graf", "inputs", "has no 'make_graf'. Did you mean 'make_graph'?"),
        ("NUMBER", "inputs", "gives int; expected a StateGraph, a compiled graph, or a function"),
        ("failing", "inputs", "the graph 'tests.their_graph:failing': LookupError: no such order"),
        ("coroutine", "inputs", "gives coroutine; expected a StateGraph"),
        ("uncompilable", "inputs", "the graph 'tests.their_graph:uncompilable': ValueError: "),
        ("make_graph", "NUMBER", "is of type int; expected a function of (thread, run)"),
        ("make_graph", "THEIRS", "has no 'THEIRS'"),
        ("make_graph", "failing", "the inputs 'tests.their_graph:failing': LookupError: no such"),
        ("make_graph", "make_graph", "the inputs 'tests.their_graph:make_graph': TypeError: "),
    ],
)
def test_what_is_no_graph_or_no_input_is_refused_before_anything_is_measured(
    graph: str, inputs: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "theirs.toml"
    path.write_text(
        f"""
schema_version = 2
question = "Which?"
[subjects.memory]
use = "memory"
[workloads.theirs]
use = "run_graph"
options = {{ graph = "{THEIRS}:{graph}", inputs = "{THEIRS}:{inputs}" }}
""",
        encoding="utf-8",
    )
    assert main(["plan", str(path)]) == 2
    told = capsys.readouterr().err
    assert f"{path}: workloads.theirs.options: " in told
    assert said in told
    assert "Traceback" not in told


def test_a_graph_without_inputs_is_refused() -> None:
    with pytest.raises(InputError, match=r"needs inputs; expected a function of \(thread, run\)"):
        own_shape(f"{THEIRS}:make_graph", "")
