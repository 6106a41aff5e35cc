"""Redis's ``AsyncRedisSaver``."""

from __future__ import annotations

from langgraph.checkpoint.redis.aio import AsyncRedisSaver

from bench.subjects._redis_base import RedisSubjectBase


class RedisSubject(RedisSubjectBase):
    """``AsyncRedisSaver``: a JSON document for every checkpoint and every write."""

    saver_class = AsyncRedisSaver
