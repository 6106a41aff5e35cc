"""One client on SQLite, Postgres and Redis: all that a trial does in its worker, and a plain loop.

Both give cycles a second, on a subject that was opened for them and on warm connections.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from bench.contracts import Endpoint, Payload, Place, Subject, new_namespace
from bench.discovery import load
from bench.errors import UnsupportedError
from bench.handover.clock import now_ns
from bench.measure.call_counts import CallCounts
from bench.measure.site import core_each, starting_on
from bench.measure.timing import Timing
from bench.scenario.arrival import Closed
from bench.scenario.scenario import Scenario
from bench.workloads.append_steps import AppendStepsWorkload
from benchmarks import closed_loop, harness

OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {},
    "postgres": {"pool_size": 10},
    "redis": {},
}
_PROBES = Scenario.model_fields["probes"].default
# Each of the ten connections prepares and plans its statements in these.
_WARM_CYCLES = 250
_WARM_UP_S = 0.1


class RealSaver:
    """Two open subjects of a kind on one event loop: one is timed, the other called by hand."""

    def __init__(self, timed: Subject, plain: Subject, prefix: str, runner: asyncio.Runner) -> None:
        self._timed = timed
        self._plain = plain
        self._prefix = prefix
        self._runner = runner
        self._number = count()
        self._recorder = harness.new_recorder()
        self._timing = Timing(self._recorder, now_ns)
        for checkout in timed.checkouts():
            self._timing.time_checkout(checkout)

    def warm_up(self, payload: Payload) -> None:
        """Let every connection of both do what is measured."""
        for subject in (self._timed, self._plain):
            self._runner.run(self._by_hand(subject, payload, _WARM_CYCLES))

    def through_the_harness(self, payload: Payload, duration_s: float) -> tuple[float, int]:
        """Offer ``append_steps``, watched as a trial is; return cycles a second, and how many."""
        return self._runner.run(self._watched(payload, duration_s))

    def by_hand(self, payload: Payload, cycles: int) -> float:
        """Return cycles a second of a loop with the same saver calls and no timing of each."""
        return self._runner.run(self._by_hand(self._plain, payload, cycles))

    async def _by_hand(self, subject: Subject, payload: Payload, cycles: int) -> float:
        return await closed_loop.by_hand(subject.saver(0), payload, cycles, self._new_prefix())

    def _new_prefix(self) -> str:
        return f"{self._prefix}-{next(self._number)}"

    async def _watched(self, payload: Payload, duration_s: float) -> tuple[float, int]:
        subject, recorder, counts = self._timed, self._recorder, CallCounts(self._recorder)
        counts.watch(subject.counted_calls())
        plugins: list[Any] = [load("probe", name) for name in _PROBES]
        # Those that count what is stored do so before and after: SQLite's log is then a new file.
        probes = [p() for p in plugins if p.side == "worker" and p.stops == "window"]
        workload = AppendStepsWorkload(closed_loop.SHAPE, payload, self._new_prefix(), 1)
        try:
            for probe in probes:
                await probe.start(subject)
            window = await harness.offer(
                workload,
                Closed(kind="closed", clients=1),
                lambda client: self._timing.time_saver(subject.saver(client)),
                recorder,
                warmup_s=_WARM_UP_S,
                duration_s=duration_s,
            )
            for probe in probes:
                await probe.stop(1)
        finally:
            counts.restore()
        return closed_loop.cycle_rate(recorder, window.start_ns)


@contextmanager
def served(name: str, payload: Payload) -> Iterator[RealSaver]:
    """Give the saver ``name``, warm, with its server, which is stopped in the end."""
    plugin: Any = load("subject", name)
    options = plugin.Options.model_validate(OPTIONS[name])
    worker_core, server_core = _cores()
    with ExitStack() as stack:
        endpoint = None
        if plugin.server:
            with starting_on(server_core):
                endpoint = stack.enter_context(_server(plugin, options))
        # Where the system puts a saver's threads changes more than measuring does.
        stack.enter_context(starting_on(worker_core))
        prefix = endpoint.namespace if endpoint else name
        runner = stack.enter_context(asyncio.Runner())
        opened: list[Subject] = []
        for _ in range(2):
            directory = tempfile.TemporaryDirectory(prefix="checkpoint-bench-overhead-")
            place = Place(Path(stack.enter_context(directory)), endpoint, prefix)
            subject: Subject = plugin(options, place)
            runner.run(subject.open(1))
            stack.callback(_close, runner, subject)
            opened.append(subject)
        saver = RealSaver(opened[0], opened[1], prefix, runner)
        saver.warm_up(payload)
        yield saver


def _cores() -> tuple[int | None, int | None]:
    """Return a core each for this process and the server, or none where that is not possible."""
    try:
        return core_each()
    except UnsupportedError:
        return None, None


@contextmanager
def _server(subject: Any, options: Any) -> Iterator[Endpoint]:
    plugin: Any = load("server", subject.server)
    server = plugin(dict(os.environ))
    try:
        yield server.start(subject.server_settings(options), new_namespace())
    finally:
        server.stop()


def _close(runner: asyncio.Runner, subject: Subject) -> None:
    runner.run(subject.close())
