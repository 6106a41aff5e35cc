"""One client: how much of a saver's throughput measuring leaves."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import pytest

from bench.contracts import Payload
from benchmarks import closed_loop, real_savers
from benchmarks.conftest import Add
from benchmarks.reach import at_least, beside, spread

_ROUNDS = 15
_STEPS_S = 0.25
_GRAPH_ROUNDS = 9
_GRAPH_S = 0.5
_STATE_BYTES = 1_000
_LARGE_STATE_BYTES = 50_000
_LEAST_SHARE = 0.93
_REAL_ROUNDS = 21
_REAL_S = 0.4
_LEAST_REAL_SHARE = 0.95

Harness = Callable[[Payload, float], tuple[float, int]]
ByHand = Callable[[Payload, int], float]


class Round:
    """Runs the harness and other ways of doing the same in turns; holds cycles a second of each.

    The others do as many cycles as the harness did last, so that their savers grow as large. Who
    begins changes from round to round, so that a drift of the machine hits all alike.
    """

    def __init__(
        self,
        harness: Harness,
        others: Mapping[str, ByHand],
        duration_s: float,
        state_bytes: int = _STATE_BYTES,
    ) -> None:
        self._payload = closed_loop.payload_of(state_bytes)
        self._harness = harness
        self._others = others
        self._duration_s = duration_s
        self._cycles = 0
        self._number = count()
        self._found: list[dict[str, float]] = []

    def __call__(self) -> None:
        """Run one round."""
        names = ["harness", *self._others]
        first = next(self._number) % len(names)
        found = {}
        for name in (*names[first:], *names[:first]):
            gc.collect()
            found[name] = self._rate(name)
        self._found.append(found)

    def _rate(self, name: str) -> float:
        if name != "harness":
            return self._others[name](self._payload, self._cycles)
        rate_per_s, self._cycles = self._harness(self._payload, self._duration_s)
        return rate_per_s

    def shares(self, of: str) -> list[float]:
        """Return the harness's throughput as a share of another's, without the first round."""
        return [found["harness"] / found[of] for found in self._found[1:]]

    def cycle_us(self, name: str) -> str:
        """Say how long a cycle took."""
        return f"{spread([1e6 / found[name] for found in self._found[1:]], '.1f')} µs"


def test_closed_loop(benchmark: Any, add: Add) -> None:
    others = {"untimed": closed_loop.steps_untimed, "hand": closed_loop.steps_by_hand}
    one_round = Round(closed_loop.steps_through_the_harness, others, _STEPS_S)
    benchmark.pedantic(one_round, rounds=_ROUNDS, warmup_rounds=1)
    shares = one_round.shares("hand")
    title = "closed loop, one client, memory saver: throughput against a loop by hand"
    figure = spread(shares, ".3f")
    add(at_least(title, statistics.median(shares), _LEAST_SHARE, figure, f"{_LEAST_SHARE}"))
    untimed = spread(one_round.shares("untimed"), ".3f")
    add(beside("  against the same workload, untimed and without yields", untimed))
    add(beside("  time of a cycle through the harness", one_round.cycle_us("harness")))
    add(beside("  time of a cycle by hand", one_round.cycle_us("hand")))


def test_large_states(benchmark: Any, add: Add) -> None:
    others = {"hand": closed_loop.steps_by_hand}
    harness = closed_loop.steps_through_the_harness
    one_round = Round(harness, others, _STEPS_S, _LARGE_STATE_BYTES)
    benchmark.pedantic(one_round, rounds=_ROUNDS, warmup_rounds=1)
    title = "  the same with states of 50 kB, against a loop by hand"
    add(beside(title, spread(one_round.shares("hand"), ".3f")))
    add(beside("  time of such a cycle by hand", one_round.cycle_us("hand")))


def test_graph(benchmark: Any, add: Add) -> None:
    others = {"hand": closed_loop.graph_by_hand}
    one_round = Round(closed_loop.graph_through_the_harness, others, _GRAPH_S)
    benchmark.pedantic(one_round, rounds=_GRAPH_ROUNDS, warmup_rounds=1)
    title = "  the same with runs of a LangGraph graph, against a loop by hand"
    add(beside(title, spread(one_round.shares("hand"), ".3f")))
    add(beside("  time of a run through the harness", one_round.cycle_us("harness")))


@pytest.mark.parametrize("name", real_savers.OPTIONS)
def test_real_savers(benchmark: Any, add: Add, name: str) -> None:
    with real_savers.served(name, closed_loop.payload_of(_STATE_BYTES)) as saver:
        one_round = Round(saver.through_the_harness, {"hand": saver.by_hand}, _REAL_S)
        benchmark.pedantic(one_round, rounds=_REAL_ROUNDS, warmup_rounds=1)
    shares = one_round.shares("hand")
    title = f"closed loop, one client, {name}: throughput against a loop by hand"
    figure = spread(shares, ".3f")
    least = _LEAST_REAL_SHARE
    add(at_least(title, statistics.median(shares), least, figure, f"{least}"))
    add(beside("  time of a cycle through the harness", one_round.cycle_us("harness")))
    add(beside("  time of a cycle by hand", one_round.cycle_us("hand")))
