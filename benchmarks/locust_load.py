"""Locust on the null task, in a process of its own; prints what came of it as JSON.

``python -m benchmarks.locust_load RATE_PER_S USERS DURATION_S``. Locust runs as a library: without
its web page and without printing statistics, which leaves it more time than its command has.
"""

from __future__ import annotations

# Importing it patches the standard library, which has to come first.
from locust import User, constant_throughput, task  # isort: skip

import json
import sys
import time
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any, ClassVar

from locust.env import Environment
from locust.stats import RequestStats

from bench.subjects.null import NullSaver
from benchmarks import null_task

_SETTLE_S = 0.5
_SPAWN_LIMIT_S = 10.0
_GRID_MS = 0.01


def finish(coroutine: Coroutine[Any, Any, object]) -> None:
    """Run ``coroutine`` to its end; the null saver never waits for anything."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("the null saver waited")


def user_class(rate_per_s: float) -> type[User]:
    """Make users that each put at ``rate_per_s``."""

    class NullUser(User):
        """Puts into one null saver, and reports each put as a request."""

        wait_time = constant_throughput(rate_per_s)
        saver: ClassVar[NullSaver] = NullSaver()

        @task
        def put(self) -> None:
            """Time one put with Locust's usual clock, in ms."""
            started = time.perf_counter()
            finish(null_task.put(self.saver))
            self.environment.events.request.fire(
                request_type="null",
                name="put",
                response_time=(time.perf_counter() - started) * 1000.0,
                response_length=0,
                exception=None,
                context={},
            )

    return NullUser


def resolution_ms() -> float:
    """Log response times from 0 to 20 ms in small steps; return the smallest step told apart."""
    entry = RequestStats().total
    for number in range(2_000):
        entry.log(number * _GRID_MS, 0)  # type: ignore[arg-type] # it is given floats by its clients
    kept = sorted(entry.response_times)
    return float(min(after - before for before, after in pairwise(kept)))


def main() -> None:
    """Run the load that the arguments ask for."""
    rate_per_s, users, duration_s = float(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    environment = Environment(user_classes=[user_class(rate_per_s / users)])
    runner = environment.create_local_runner()
    runner.start(users, spawn_rate=users)
    limit = time.monotonic() + _SPAWN_LIMIT_S
    while runner.user_count < users and time.monotonic() < limit:
        time.sleep(0.01)
    time.sleep(_SETTLE_S)
    before, started = environment.stats.total.num_requests, time.perf_counter()
    time.sleep(duration_s)
    requests = environment.stats.total.num_requests - before
    elapsed_s = time.perf_counter() - started
    spawned = runner.user_count
    runner.quit()
    found = {
        "users": spawned,
        "achieved": requests / (rate_per_s * elapsed_s),
        "resolution_ms": resolution_ms(),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
