"""One open load on the null task, in a process of its own; prints what came of it as JSON.

``python -m benchmarks.paced LOOP PACER RATE_PER_S DURATION_S``, where PACER is ``harness`` or
``sleep``: a loop that starts a task and sleeps for the period, as load scripts are often written.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, NamedTuple

import numpy as np

from bench.contracts import Loop
from bench.discovery import load
from bench.handover.clock import now_ns
from bench.records.outcome import COLUMNS, Outcome
from bench.records.sample import Samples
from bench.records.trial import Window
from bench.scenario.arrival import Constant
from bench.scenario.metric import CYCLE
from bench.subjects.null import NullSaver
from benchmarks import harness, null_task

_WARMUP_S = 0.5
_NS_PER_S = 1e9


class Paced(NamedTuple):
    """What came of an open load.

    ``achieved`` is the share of the plan that finished inside the window; the lag (ns) is from due
    until started, without queueing for a place.
    """

    achieved: float
    lag_p50_ns: int
    lag_p99_ns: int

    @classmethod
    def of(cls, planned: float, finished: int, lags_ns: Any) -> Paced:
        """Summarise; quantiles are values that were observed."""
        p50, p99 = np.quantile(lags_ns, [0.5, 0.99], method="inverted_cdf")
        return cls(finished / planned, int(p50), int(p99))


async def by_the_harness(rate_per_s: float, duration_s: float) -> Paced:
    """Offer a constant rate with the load generator, timing and recorder of a trial."""
    recorder = harness.new_recorder()
    saver = harness.timed(NullSaver(), recorder)
    arrival = Constant(kind="constant", rate_per_s=rate_per_s)
    window = await harness.offer(
        null_task.OneOperation(),
        arrival,
        lambda _: saver,
        recorder,
        warmup_s=_WARMUP_S,
        duration_s=duration_s,
    )
    rows = np.array(recorder.rows(), dtype=np.int64).reshape(-1, len(COLUMNS))
    cycles = Samples(rows).of(recorder.code(CYCLE)).due_within(window.start_ns, window.end_ns)
    planned = round(rate_per_s * duration_s)
    if len(cycles) != planned:
        raise RuntimeError(f"{len(cycles)} cycles have a record, planned were {planned}")
    well = (cycles.column("outcome") == Outcome.OK) & (cycles.column("finished") < window.end_ns)
    lag = cycles.column("wait") - cycles.column("pool_wait")
    return Paced.of(planned, int(np.count_nonzero(well)), lag)


async def by_sleeping(rate_per_s: float, duration_s: float) -> Paced:
    """Start a task and sleep for the period, again and again; lag is behind the asked-for plan."""
    saver = NullSaver()
    finished: list[int] = []
    started: list[int] = []

    async def task() -> None:
        started.append(now_ns())
        await null_task.put(saver)
        finished.append(now_ns())

    period_s = 1.0 / rate_per_s
    first_ns = now_ns()
    window = Window(first_ns, first_ns + round(duration_s * _NS_PER_S), 0)
    tasks = set()
    while now_ns() < window.end_ns:
        under_way = asyncio.create_task(task())
        tasks.add(under_way)
        under_way.add_done_callback(tasks.discard)
        await asyncio.sleep(period_s)
    due = first_ns + np.arange(len(started)) * (_NS_PER_S * period_s)
    inside = int(np.count_nonzero(np.array(finished) < window.end_ns))
    return Paced.of(rate_per_s * duration_s, inside, np.array(started) - due)


def main() -> None:
    """Run the load that the arguments ask for."""
    loop_name, pacer, rate_per_s, duration_s = sys.argv[1:]
    way = {"harness": by_the_harness, "sleep": by_sleeping}[pacer]
    plugin: Any = load("loop", loop_name)
    loop: Loop = plugin()
    with asyncio.Runner(loop_factory=loop.new_event_loop) as runner:
        paced = runner.run(way(float(rate_per_s), float(duration_s)))
    json.dump(paced._asdict(), sys.stdout)


if __name__ == "__main__":
    main()
