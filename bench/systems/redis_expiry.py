"""What the Redis saver keeps of a thread, in keys and in the search indexes.

``redis`` is a ``redis.asyncio.Redis``, of which some methods have no types.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

_SCAN_COUNT = 1000


async def keys_of(redis: Any, thread_id: str) -> frozenset[str]:
    """Return all keys with the thread's id in their name: checkpoints, writes, registries.

    The thread id must not be the beginning of another's. Reads the names of all keys.
    """
    pattern = f"*:{thread_id}:*"
    found = [key async for key in redis.scan_iter(match=pattern, count=_SCAN_COUNT)]
    return frozenset(key.decode() if isinstance(key, bytes) else str(key) for key in found)


async def entries_of(redis: Any, keys: Collection[str]) -> int:
    """Return how many of ``keys`` the search indexes still have, be there such a key or not."""
    if not keys:
        return 0
    found = 0
    for index in await redis.execute_command("FT._LIST"):
        wanted = ("INKEYS", len(keys), *keys, "NOCONTENT", "LIMIT", 0, 0)
        count, *_ = await redis.execute_command("FT.SEARCH", index, "*", *wanted)
        found += int(count)
    return found
