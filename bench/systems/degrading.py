"""S0: a checkpointer that degrades, from asynchronous Postgres by synchronous Postgres to memory.

Each call of it is given a saver of the first *level* that works: ``AsyncPostgresSaver`` over a
pool that all calls share, else ``PostgresSaver`` over a connection of its own, called in a thread,
else ``InMemorySaver``. As the document has it, a saver is made and ``setup()`` is called for each
call, and connections are those of :data:`CONNECTION`. The levels know nothing of each other: what
one was given the others do not have.

    async with DegradingCheckpointer(DegradingSettings.from_environment(os.environ)) as saver:
        graph = builder.compile(checkpointer=saver)
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

import psutil
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver

from bench.checkpoints import Saver
from bench.errors import InputError
from bench.systems.driven import driven

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.postgres import PostgresSaver
    from psycopg_pool import AsyncConnectionPool

Level = Literal["async_postgres", "sync_postgres", "memory"]
Result = TypeVar("Result")

# What the document gives to every connection, and to the pool.
CONNECTION: Mapping[str, Any] = {
    "autocommit": True,
    "connect_timeout": 10,
    "prepare_threshold": None,
}
# psycopg's own: so many connections are opened with the pool, as far as it may have them.
_MIN_SIZE = 4
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


@dataclass(frozen=True, slots=True)
class DegradingSettings:
    """What the four environment variables say; ``pool_timeout_s`` is psycopg's own default.

    Without ``use_postgres``, or without a ``url``, memory is all there is. Without ``prefer_async``
    the asynchronous level is left out. ``url`` may hold a password.
    """

    url: str = field(repr=False)
    use_postgres: bool = True
    prefer_async: bool = True
    pool_size: int = 5
    pool_timeout_s: float = 30.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read them.

        Raises:
            InputError: one is not what it should be; the text names it.
        """
        size = environment.get("POSTGRES_POOL_SIZE", "5")
        if not size.isdecimal() or not 1 <= int(size) <= 1000:
            raise InputError(f"POSTGRES_POOL_SIZE is {size!r}, expected a number from 1 to 1000")
        return cls(
            url=environment.get("POSTGRES_DATABASE_URL", ""),
            use_postgres=_is_true(environment, "USE_POSTGRES_CHECKPOINTER"),
            prefer_async=_is_true(environment, "PREFER_ASYNC_POSTGRES"),
            pool_size=int(size),
        )

    @property
    def levels(self) -> tuple[Level, ...]:
        """Which levels are tried, in this order."""
        if not (self.use_postgres and self.url):
            return ("memory",)
        first: tuple[Level, ...] = ("async_postgres",) if self.prefer_async else ()
        return (*first, "sync_postgres", "memory")


def _is_true(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(name, "true").strip().lower()
    if value not in _TRUE | _FALSE:
        raise InputError(f"{name} is {value!r}, expected true or false")
    return value in _TRUE


@dataclass(slots=True)
class Monitors:
    """What the document watches: counts since the checkpointer was made.

    ``first`` is the level that is tried first. ``served`` calls by level; ``failures`` by level and
    exception class; ``response_ns`` of all ``ended`` calls together, served or not; ``under_way``
    now, and ``most_under_way`` at once.
    """

    first: Level
    served: Counter[str] = field(default_factory=Counter)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    ended: int = 0
    response_ns: int = 0
    under_way: int = 0
    most_under_way: int = 0

    @property
    def calls(self) -> int:
        """How many calls a level has served."""
        return self.served.total()

    @property
    def mean_response_ns(self) -> float:
        """The mean response time of a call, in ns; 0 before the first."""
        return self.response_ns / self.ended if self.ended else 0.0

    @property
    def error_rate(self) -> float:
        """The share of the tries of a level that failed."""
        failed = self.failures.total()
        return failed / (failed + self.calls) if failed else 0.0

    @property
    def fallback_rate(self) -> float:
        """The share of the calls that another level than the first served."""
        return 1.0 - self.served[self.first] / self.calls if self.calls else 0.0

    @property
    def memory_bytes(self) -> int:
        """The memory of this process that is resident now."""
        return int(psutil.Process().memory_info().rss)

    @contextmanager
    def watched(self, clock: Callable[[], int]) -> Iterator[None]:
        """Count a call, and the time that it takes."""
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        began_ns = clock()
        try:
            yield
        finally:
            self.under_way -= 1
            self.ended += 1
            self.response_ns += clock() - began_ns


class DegradingCheckpointer(Saver):
    """A checkpointer that falls back; leaving it closes the pool.

    What a level fails with for another reason than that it cannot be had is raised: a value that
    cannot be serialised is no reason to lose it elsewhere.
    """

    def __init__(
        self, settings: DegradingSettings, clock: Callable[[], int] = time.perf_counter_ns
    ) -> None:
        super().__init__()
        self.settings = settings
        self.monitors = Monitors(settings.levels[0])
        self._fallbacks: ContextVar[list[Level]] = ContextVar("fallbacks")
        self.memory = InMemorySaver()
        self._clock = clock
        self._pool: AsyncConnectionPool[Any] | None = None
        self._opening = asyncio.Lock()
        self._resources = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the pool. Safe to call twice."""
        await self._resources.aclose()
        self._pool = None

    def connections(self) -> Mapping[str, int]:
        """Return what the pool says of itself: its size, who waits, what failed; or nothing."""
        return dict(self._pool.get_stats()) if self._pool is not None else {}

    @contextmanager
    def fallbacks(self) -> Iterator[Sequence[Level]]:
        """Collect the levels, but the first, that serve calls made inside it or by its tasks."""
        levels: list[Level] = []
        token = self._fallbacks.set(levels)
        try:
            yield levels
        finally:
            self._fallbacks.reset(token)

    # ----------------------------------------------------------------------------- as a saver

    async def aget_tuple(self, *given: Any, **named: Any) -> CheckpointTuple | None:
        return await self._served(lambda saver: saver.aget_tuple(*given, **named))

    async def aput(self, *given: Any, **named: Any) -> RunnableConfig:
        return await self._served(lambda saver: saver.aput(*given, **named))

    async def aput_writes(
        self, config: RunnableConfig, writes: Any, task_id: str, task_path: str = ""
    ) -> None:
        await self._served(lambda saver: saver.aput_writes(config, writes, task_id, task_path))

    async def alist(self, *given: Any, **named: Any) -> AsyncIterator[CheckpointTuple]:
        async def listed(saver: Saver) -> list[CheckpointTuple]:
            return [each async for each in saver.alist(*given, **named)]

        for each in await self._served(listed):
            yield each

    async def adelete_thread(self, thread_id: str) -> None:
        await self._served(lambda saver: saver.adelete_thread(thread_id))

    def get_next_version(self, current: Any, channel: None) -> Any:
        return self.memory.get_next_version(current, channel)

    # --------------------------------------------------------------------------------- levels

    async def _served(self, call: Callable[[Saver], Awaitable[Result]]) -> Result:
        """Make ``call`` of a saver of the first level that can be had."""
        levels = self.settings.levels
        with self.monitors.watched(self._clock):
            for level in levels[:-1]:
                try:
                    async with self._saver(level) as saver:
                        result = await call(saver)
                except Exception as error:
                    self.monitors.failures[level, type(error).__name__] += 1
                    if not _is_unavailable(error):
                        raise
                else:
                    return self._noted(level, result)
            return self._noted(levels[-1], await call(self.memory))

    def _noted(self, level: Level, result: Result) -> Result:
        self.monitors.served[level] += 1
        if level != self.monitors.first:
            self._fallbacks.get([]).append(level)
        return result

    @asynccontextmanager
    async def _saver(self, level: Level) -> AsyncIterator[Saver]:
        """Make a saver of that level, and have it set up its tables, as each call does."""
        if level == "async_postgres":
            from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver  # noqa: PLC0415 - may be missing, which is a reason to fall back

            saver = AsyncPostgresSaver(await self.pool())
            await saver.setup()
            yield saver
            return
        kind = _synchronous_saver()
        from psycopg import Connection  # noqa: PLC0415 - as above
        from psycopg.rows import dict_row  # noqa: PLC0415 - as above

        def connect() -> Connection[dict[str, Any]]:
            given: dict[str, Any] = {**CONNECTION, "row_factory": dict_row}
            return Connection.connect(self.settings.url, **given)

        connection = await asyncio.to_thread(connect)
        try:
            blocking = kind(connection)
            await asyncio.to_thread(blocking.setup)
            yield blocking
        finally:
            await asyncio.to_thread(connection.close)

    async def pool(self) -> AsyncConnectionPool[Any]:
        """Return the pool, which is made upon the first call and connects when it is asked.

        Raises:
            ImportError: its package is not installed.
        """
        async with self._opening:
            if self._pool is None:
                from psycopg.rows import dict_row  # noqa: PLC0415 - as above
                from psycopg_pool import AsyncConnectionPool  # noqa: PLC0415 - as above

                pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
                    self.settings.url,
                    open=False,
                    min_size=min(_MIN_SIZE, self.settings.pool_size),
                    max_size=self.settings.pool_size,
                    timeout=self.settings.pool_timeout_s,
                    kwargs={**CONNECTION, "row_factory": dict_row},
                )
                await pool.open()
                self._resources.push_async_callback(pool.close)
                self._pool = pool
        return self._pool


@functools.cache
def _synchronous_saver() -> type[PostgresSaver]:
    """Return what calls it in threads: its own asynchronous methods are not implemented."""
    from langgraph.checkpoint.postgres import PostgresSaver  # noqa: PLC0415 - as above

    return driven(PostgresSaver, asyncio.to_thread)


def _is_unavailable(error: Exception) -> bool:
    """Tell whether a level cannot be had, so that the next one is tried.

    psycopg's own classes are known by their module, since it may be what is missing. What Postgres
    says of data or of a statement is no reason to fall back.
    """
    if isinstance(error, ImportError | OSError | NotImplementedError):
        return True
    own = {f"{each.__module__.partition('.')[0]}.{each.__name__}" for each in type(error).__mro__}
    return not own.isdisjoint({"psycopg.OperationalError", "psycopg.InterfaceError"})
