"""Redis's ``AsyncRedisSaver``."""

from __future__ import annotations

from langgraph.checkpoint.redis.aio import AsyncRedisSaver
from redis.asyncio import Redis

from bench.subjects._redis_base import RedisSubjectBase


class RedisSubject(RedisSubjectBase):
    """``AsyncRedisSaver``: a JSON document for every checkpoint and every write."""

    def make_saver(self, client: Redis) -> AsyncRedisSaver:
        """Make the saver."""
        return AsyncRedisSaver(
            redis_client=client,
            checkpoint_prefix=self.checkpoint_prefix,
            checkpoint_write_prefix=self.checkpoint_write_prefix,
        )
