"""Which of the embedded servers exist here."""

from __future__ import annotations

import pytest

from bench.servers._wheels import has_redis_wheels

NO_REDIS = "there is no embedded Redis for this platform and Python version"

needs_redis = pytest.mark.skipif(not has_redis_wheels(), reason=NO_REDIS)


def skip_without(server: str | None) -> None:
    """Skip the running test if the embedded ``server`` does not exist here."""
    if server == "redis" and not has_redis_wheels():
        pytest.skip(NO_REDIS)
