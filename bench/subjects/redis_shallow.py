"""Redis's ``AsyncShallowRedisSaver``."""

from __future__ import annotations

from langgraph.checkpoint.redis.ashallow import AsyncShallowRedisSaver
from langgraph.checkpoint.redis.base import REDIS_KEY_SEPARATOR

from bench.subjects._redis_base import RedisSubjectBase


class PrefixedShallowSaver(AsyncShallowRedisSaver):
    """The saver, deleting a thread under its own prefix.

    langgraph-checkpoint-redis 0.5.2 writes under the prefix that it was given, but its
    ``adelete_thread`` looks under the default one and leaves the checkpoint; with the default
    prefix, which a trial on a shared server cannot use, it works.
    """

    def _make_shallow_redis_checkpoint_key(  # type: ignore[override] # static there: knows no prefix
        self, thread_id: str, checkpoint_ns: str
    ) -> str:
        return REDIS_KEY_SEPARATOR.join([self._checkpoint_prefix, thread_id, checkpoint_ns])


class RedisShallowSubject(RedisSubjectBase):
    """``AsyncShallowRedisSaver``: one JSON document for each thread, overwritten every time."""

    keeps_history = False
    saver_class = PrefixedShallowSaver
