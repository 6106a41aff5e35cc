"""A workload, a state, and savers as users had them."""

from __future__ import annotations

import asyncio
import operator
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, TypedDict, cast

import aiosqlite
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

from bench.contracts import Client, ExpectedThread, Payload, PluginOptions, Subject, Workload
from bench.scenario.durability import Durability
from bench.workloads.append_steps import AppendStepsWorkload


class Whole(TypedDict):
    numbers: list[int]
    doubled: Annotated[list[int], operator.add]


class Part(TypedDict):
    number: int
    doubled: Annotated[list[int], operator.add]


def fanning_out() -> StateGraph[Any, Any, Any, Any]:
    """Hand each number to a subgraph, which keeps checkpoints in a namespace of its own."""

    async def double(state: Part) -> dict[str, Any]:
        return {"doubled": [2 * state["number"]]}

    inner = StateGraph(Part)
    inner.add_node("double", double)
    inner.add_edge(START, "double")
    inner.add_edge("double", END)

    def hand_out(whole: Whole) -> list[Send]:
        return [Send("part", {"number": number}) for number in whole["numbers"]]

    outer = StateGraph(Whole)
    outer.add_node("part", inner.compile())
    outer.add_conditional_edges(START, hand_out, ["part"])
    outer.add_edge("part", END)
    return outer


class FanOut(Workload):
    """Looks at its result, and says nothing of what must be stored."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._graph: Any = fanning_out().compile()
        self._runs = 0

    async def prepare(self, client: Client) -> None: ...

    async def cycle(self, client: Client) -> None:
        self._runs += 1
        graph = self._graph.copy({"checkpointer": client.saver()})
        config = {"configurable": {"thread_id": f"{self.namespace}-{self._runs}"}}
        ended = await graph.ainvoke({"numbers": [1, 2, 3], "doubled": []}, config)
        read = await graph.aget_state(config)
        if not sorted(ended["doubled"]) == sorted(read.values["doubled"]) == [2, 4, 6]:
            raise ValueError(f"ended with {ended}, read {read.values}")

    def expected(self) -> Mapping[str, ExpectedThread]:
        return {f"{self.namespace}-{run}": ExpectedThread() for run in range(1, self._runs + 1)}


class Endless(AppendStepsWorkload):
    """Every fourth cycle goes on until its caller gives up, in the middle of a write."""

    _cycles = 0

    async def cycle(self, client: Client) -> None:
        self._cycles += 1
        task = asyncio.current_task() if self._cycles % 4 == 0 else None
        await super().cycle(client)
        # What a driver swallows ends it, too.
        while task is not None and not task.cancelling():
            await super().cycle(client)


class User(BaseModel):
    label: str
    age: int = 3


@dataclass
class Made:
    name: str
    size: int = field(default=0, init=False)


class Colour(Enum):
    RED = 1


TYPES: Mapping[str, object] = {
    "pydantic": User(label="x"),
    "dataclass": Made("z"),
    "defaultdict": defaultdict(list, {"a": [1]}),
    "counter": Counter("aab"),
    "tuple": (1, (2, 3)),
    "set": {1, 2},
    "floats": [0.1 + 0.2, 1e-300],
    "nan": [float("nan"), float("inf")],
    "big": [2**63 - 1, 2**64 - 1],
    "datetime": datetime(2026, 1, 1, tzinfo=UTC),
    "decimal": Decimal("1.10"),
    "enum": Colour.RED,
    "bytes": b"\x00\xff",
    "int_keys": {1: "a", 2: "b"},
    "text": "ä 😀",
}


class Typed(Payload):
    """Every type at once; equal means: same type, same value."""

    def state(self, thread: int, turn: int) -> Any:
        return {**TYPES, "thread": thread}

    def canonical(self, value: Any) -> bytes:
        return _told(value).encode()

    def describe(self) -> str:
        return "all types"


def _told(value: Any) -> str:
    if isinstance(value, dict):
        pairs = sorted((_told(key), _told(part)) for key, part in value.items())
        return f"{type(value).__name__}{pairs}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}{[_told(part) for part in value]}"
    if isinstance(value, set):
        return f"set{sorted(map(_told, value))}"
    return f"{type(value).__name__}:{value!r}"


class EndedOptions(PluginOptions):
    """Whether a connection is looked at before it is handed out."""

    is_checked: bool = False


class Ended(Subject):
    """A saver over a pool whose sessions the server ends before each read, as if long idle.

    A time limit of the server's would not do: psycopg sends Flush after the Sync of a pipeline, and
    what comes after Sync stops the server's clock. A session that last wrote is never idle to it.
    """

    Options = EndedOptions
    server = "postgres"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._stack = AsyncExitStack()

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return Durability.FSYNC

    async def open(self, clients: int) -> None:
        assert self.place.endpoint is not None
        url = self.place.endpoint.url
        is_checked = cast("EndedOptions", self.options).is_checked
        pool: Any = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=1,
            open=False,
            check=AsyncConnectionPool.check_connection if is_checked else None,
            kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
        )

        class Saver(AsyncPostgresSaver):
            async def aget_tuple(self, config: Any) -> Any:
                # Whoever is being served is not idle.
                async with (
                    self.lock,
                    await AsyncConnection.connect(url, autocommit=True) as another,
                ):
                    await another.execute(
                        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                        "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                    )
                return await super().aget_tuple(config)

        self._saver = Saver(await self._stack.enter_async_context(pool))
        await self._saver.setup()

    def saver(self, client: int) -> AsyncPostgresSaver:
        return self._saver

    async def close(self) -> None:
        await self._stack.aclose()


@asynccontextmanager
async def impatient(directory: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """A connection to one file that does not wait for who else writes it."""
    async with aiosqlite.connect(directory / "app.db", timeout=0) as connection:
        saver = AsyncSqliteSaver(connection)
        await saver.setup()
        yield saver
