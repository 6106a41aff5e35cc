"""What both Redis subjects share: pool, key prefix, and what is read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, TypeAlias, cast

# The saver would import it with its first write, in every process anew.
import langgraph.types  # noqa: F401 - see above
from langgraph.checkpoint.redis.aio import AsyncRedisSaver
from langgraph.checkpoint.redis.ashallow import AsyncShallowRedisSaver
from pydantic import Field, model_validator
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ResponseError

from bench.contracts import (
    ALL_WRITES,
    Checkout,
    CountedCalls,
    Place,
    PluginOptions,
    Stored,
    StoredTable,
)
from bench.errors import UnavailableError
from bench.scenario.durability import Durability
from bench.server_settings import REDIS_SETTINGS, UNKNOWN, redis_durability
from bench.subjects._factories.savers import SaverOptions, SaversSubject

RedisSaver: TypeAlias = AsyncRedisSaver | AsyncShallowRedisSaver

_SCAN_COUNT = 1000
# Parts of ``used_memory`` that hold no data: buffers of clients and of the append-only file.
_PASSING = ("mem_clients_normal", "mem_aof_buffer")


class RedisOptions(SaverOptions):
    """How much the server persists, and how connections are had.

    ``pool``: ``default`` opens connections as they are needed and raises when ``max_connections``
    (redis-py's own limit where it is not given) are in use; ``blocking`` waits for a free one.
    Savers share the pool, and take no lock: ``saver_per`` changes little, and is there to show it.

    ``modules`` says which of its two modules the server has. It has ``both`` but in a trial that is
    to show what happens without: ``search`` or ``json`` alone, or ``none``. With ``built-in`` none
    is loaded, so that it has what its distribution brings along; the embedded one brings none.

    ``ttl_minutes`` is the saver's own ``default_ttl``, which it turns into whole seconds, and
    ``refresh_on_read`` begins it again with every read. ``maxmemory_bytes`` is the memory that the
    server may use; where that is full it refuses (``noeviction``).
    """

    persistence: Literal["none", "everysec", "always"] = "everysec"
    pool: Literal["default", "blocking"] = "default"
    max_connections: int | None = Field(default=None, ge=1, le=10_000)
    saver_per: Literal["trial", "client"] = "trial"
    modules: Literal["both", "search", "json", "none", "built-in"] = "both"
    ttl_minutes: float | None = Field(default=None, ge=1 / 60)
    refresh_on_read: bool = False
    maxmemory_bytes: int | None = Field(default=None, ge=1_000_000)

    @model_validator(mode="after")
    def _refuse_what_means_nothing(self) -> Self:
        if self.refresh_on_read and self.ttl_minutes is None:
            raise ValueError("'refresh_on_read' means nothing without ttl_minutes; leave it out")
        return self


class RedisSubjectBase(SaversSubject[RedisSaver]):
    """A Redis saver whose documents lie under ``<namespace>:checkpoint``.

    The saver also makes ``write_keys_zset:<thread id>:…``, a prefix that it does not let be
    chosen; since thread ids begin with the namespace, these keys are this trial's alone too.
    """

    Options = RedisOptions
    server = "redis"
    packages = ("langgraph-checkpoint-redis",)
    options: RedisOptions
    saver_class: ClassVar[type[RedisSaver]]

    def __init__(self, options: PluginOptions, place: Place) -> None:
        super().__init__(options, place)
        # Without a namespace the keys are those that the saver would have by itself.
        own = f"{place.namespace}:" if place.namespace else ""
        self.checkpoint_prefix, self._write_prefix = f"{own}checkpoint", f"{own}checkpoint_write"

    @classmethod
    def server_settings(cls, options: PluginOptions) -> Mapping[str, str]:
        """Return the settings of append-only file and memory; snapshots are off in all of them.

        ``modules``, where other than usual are asked for, is the server plug-in's own.
        """
        given = cast("RedisOptions", options)
        others: dict[str, str] = {} if given.modules == "both" else {"modules": given.modules}
        if given.maxmemory_bytes is not None:
            limit = str(given.maxmemory_bytes)
            others |= {"maxmemory": limit, "maxmemory-policy": "noeviction"}
        if given.persistence == "none":
            return {"appendonly": "no", "save": "", **others}
        return {"appendonly": "yes", "appendfsync": given.persistence, "save": "", **others}

    @classmethod
    def required_settings(cls, options: PluginOptions) -> Mapping[str, str]:
        required = {"modules", "maxmemory", "maxmemory-policy"}
        if "persistence" in options.model_fields_set:
            required |= {"appendonly", "appendfsync"}
            # Snapshots beside an append-only file change nothing of what survives.
            if cast("RedisOptions", options).persistence == "none":
                required.add("save")
        settings = cls.server_settings(options)
        return {name: value for name, value in settings.items() if name in required}

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return {
            "none": Durability.VOLATILE,
            "everysec": Durability.RELAXED,
            "always": Durability.FSYNC,
        }[cast("RedisOptions", options).persistence]

    async def open(self, clients: int) -> None:
        self._pool = self._make_pool()
        self._client = Redis.from_pool(self._pool)
        self._resources.push_async_callback(self._client.aclose)
        await self._make_savers(clients, self._set_up)

    def _make_pool(self) -> ConnectionPool:
        if self.place.endpoint is None:
            raise UnavailableError("this subject needs a Redis server, and none was started for it")
        limit = self.options.max_connections
        # RESP2, as in the client that the saver makes for itself: redisvl reads FT.SEARCH in it.
        keywords: dict[str, Any] = {"protocol": 2}
        if limit is not None:
            keywords["max_connections"] = limit
        blocking = self.options.pool == "blocking"
        pool_class = BlockingConnectionPool if blocking else ConnectionPool
        return pool_class.from_url(self.place.endpoint.url, **keywords)

    async def _set_up(self) -> RedisSaver:
        saver = self.saver_class(
            redis_client=self._client,
            checkpoint_prefix=self.checkpoint_prefix,
            checkpoint_write_prefix=self._write_prefix,
            ttl=self._ttl(),
        )
        await saver.asetup()
        return saver

    def _ttl(self) -> dict[str, Any] | None:
        minutes = self.options.ttl_minutes
        if minutes is None:
            return None
        return {"default_ttl": minutes, "refresh_on_read": self.options.refresh_on_read}

    def connections(self, clients: int) -> int:
        """Return 1: neither redis-py nor Redis prepares anything for a connection."""
        return 1

    async def settings(self) -> Mapping[str, str]:
        found = dict.fromkeys(REDIS_SETTINGS, UNKNOWN)
        try:
            configured = await self._client.config_get(*REDIS_SETTINGS)
            found |= {name: str(value) for name, value in configured.items() if name in found}
        except ResponseError:
            # A managed server may have no CONFIG command; that is an answer, not a failure.
            pass
        found["redis_version"] = str((await self._client.info("server"))["redis_version"])
        found |= await self._modules()
        return {**found, "pool_max_connections": str(self._pool.max_connections)}

    async def _modules(self) -> dict[str, str]:
        try:
            modules = await self._client.module_list()
        except ResponseError:
            return {"modules": UNKNOWN}
        texts = [{_text(key): _text(value) for key, value in entry.items()} for entry in modules]
        return {f"module_{entry['name']}": entry["ver"] for entry in texts}

    def durability_found(self, settings: Mapping[str, str]) -> Durability:
        return redis_durability(settings)

    async def stored(self) -> Stored:
        """Count the checkpoint documents of this namespace.

        ``stored_bytes`` is the whole server's ``used_memory``, since Redis keeps no size of a
        prefix or of an index, less what its clients and the log's buffer take for the moment: only
        the difference between two readings means something, and only where nobody else uses the
        server.
        """
        keys = await self._keys(f"{self.checkpoint_prefix}:*")
        memory = await self._client.info("memory")
        return Stored(
            checkpoints=len(keys),
            stored_bytes=int(memory["used_memory"]) - sum(int(memory.get(k, 0)) for k in _PASSING),
        )

    async def stored_tables(self) -> Sequence[StoredTable]:
        own = f"{self.place.namespace}:"
        keys = await self._keys(f"*{self.place.namespace}*")
        # Their indexes are there without a key, too.
        sizes: dict[str, list[int]] = {"checkpoint": [], "checkpoint_write": []}
        for first in range(0, len(keys), _SCAN_COUNT):
            batch = keys[first : first + _SCAN_COUNT]
            async with self._client.pipeline(transaction=False) as pipeline:
                for key in batch:
                    pipeline.memory_usage(key, samples=0)
                answers = await pipeline.execute()
            for key, size in zip(batch, answers, strict=True):
                kind = _text(key).removeprefix(own).partition(":")[0]
                sizes.setdefault(kind, []).append(size or 0)
        return [StoredTable(kind, len(of), max(of, default=0)) for kind, of in sizes.items()]

    async def _keys(self, pattern: str) -> list[Any]:
        # A set, since a scan may name a key twice.
        found = {key async for key in self._client.scan_iter(match=pattern, count=_SCAN_COUNT)}
        return sorted(found)

    async def server_counters(self) -> Mapping[str, int]:
        """Read how often ``JSON.SET`` succeeded: for each checkpoint, and for each value written.

        Of an embedded server alone, which was started for this trial; a user's has others' calls.
        """
        if self.place.endpoint is None or self.place.endpoint.kind != "embedded":
            return {}
        commands = await self._client.info("commandstats")
        found = {
            str(name).removeprefix("cmdstat_").upper(): statistics
            for name, statistics in commands.items()
        }.get("JSON.SET")
        if found is None:
            return {ALL_WRITES: 0}
        return {ALL_WRITES: int(found["calls"]) - int(found.get("failed_calls", 0))}

    def checkouts(self) -> Sequence[Checkout]:
        return [Checkout(self._pool, "get_connection")]

    def counted_calls(self) -> Sequence[CountedCalls]:
        return [
            CountedCalls("statements", Redis, "execute_command"),
            CountedCalls("statements", Pipeline, "execute_command"),
            CountedCalls("round_trips", Redis, "execute_command"),
            CountedCalls("round_trips", Pipeline, "execute"),
        ]


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
