"""Runs one way of loading a saver in this process, on a server of its own, turn by turn.

Each line on standard input is a turn: the seconds for which the harness offers its load, or the
cycles that a loop by hand does. The answer is cycles a second, and how many there were.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench.contracts import Endpoint, Payload, Place, Subject, new_namespace
from bench.discovery import load
from bench.errors import UnsupportedError
from bench.handover.acknowledgements import AcknowledgementLog
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


class ByTheHarness:
    """Offers ``append_steps`` for some seconds, with all that a trial does in its worker."""

    def __init__(self, subject: Subject, payload: Payload) -> None:
        self._subject = subject
        self._payload = payload
        self._recorder = harness.new_recorder()
        self._timing = Timing(self._recorder, now_ns, AcknowledgementLog())
        for checkout in subject.checkouts():
            self._timing.time_checkout(checkout)
        CallCounts(self._recorder).watch(subject.counted_calls())

    async def __call__(self, prefix: str, length: float) -> tuple[float, int]:
        """Return cycles a second of a load of ``length`` seconds, and how many there were."""
        plugins: list[Any] = [load("probe", name) for name in _PROBES]
        # Those that count what is stored do so before and after: SQLite's log is then a new file.
        probes = [p() for p in plugins if p.side == "worker" and p.stops == "window"]
        for probe in probes:
            await probe.start(self._subject)
        window = await harness.offer(
            AppendStepsWorkload(closed_loop.SHAPE, self._payload, prefix, 1),
            Closed(kind="closed", clients=1),
            self._timing.savers(self._subject.saver),
            self._recorder,
            warmup_s=_WARM_UP_S,
            duration_s=length,
        )
        for probe in probes:
            await probe.stop(1)
        return closed_loop.cycle_rate(self._recorder, window.start_ns)


class ByHand:
    """Does some cycles in a plain loop, which yields to the event loop before each call or not."""

    def __init__(self, subject: Subject, payload: Payload, *, yields: bool) -> None:
        self._saver = subject.saver(0)
        self._payload = payload
        self._yields = yields

    async def __call__(self, prefix: str, length: float) -> tuple[float, int]:
        """Return cycles a second of ``length`` cycles, and how many there were."""
        cycles = round(length)
        rate_per_s = await closed_loop.by_hand(
            self._saver, self._payload, cycles, prefix, yields=self._yields
        )
        return rate_per_s, cycles


Way = Callable[[str, float], Coroutine[Any, Any, tuple[float, int]]]
WAYS: Mapping[str, Callable[[Subject, Payload], Way]] = {
    "harness": ByTheHarness,
    "hand": partial(ByHand, yields=False),
    "hand_yielding": partial(ByHand, yields=True),
}


@contextmanager
def opened(name: str, runner: asyncio.Runner) -> Iterator[tuple[Subject, str]]:
    """Open the saver ``name`` with its server; give it with a prefix of its threads' ids."""
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
        directory = tempfile.TemporaryDirectory(prefix="checkpoint-bench-overhead-")
        prefix = endpoint.namespace if endpoint else name
        place = Place(Path(stack.enter_context(directory)), endpoint, prefix)
        subject: Subject = plugin(options, place)
        runner.run(subject.open(1))
        stack.callback(lambda: runner.run(subject.close()))
        yield subject, prefix


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


def main() -> None:
    """Answer turns until standard input ends."""
    way_name, saver_name, state_bytes = sys.argv[1:]
    payload = closed_loop.payload_of(int(state_bytes))
    with asyncio.Runner() as runner, opened(saver_name, runner) as (subject, prefix):
        warm = closed_loop.by_hand(subject.saver(0), payload, _WARM_CYCLES, f"{prefix}-warm")
        runner.run(warm)
        way = WAYS[way_name](subject, payload)
        for number, line in enumerate(sys.stdin):
            gc.collect()
            answer = runner.run(way(f"{prefix}-{number}", float(line)))
            sys.stdout.write(f"{json.dumps(answer)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
