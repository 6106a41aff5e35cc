"""One client: how much of a saver's throughput measuring leaves."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Mapping
from functools import partial
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
# New processes and servers so often, and so many rounds in each. Two processes of one program
# differ by some per cent, in the layout of their memory and the seed of their hashes.
_REAL_PROCESSES = 8
_REAL_ROUNDS = 3
_REAL_S = 0.4
_LEAST_REAL_SHARE = 0.95

Harness = Callable[[float], tuple[float, int]]
ByHand = Callable[[int], float]
_BY_HAND = {"hand": closed_loop.steps_by_hand, "hand_yielding": closed_loop.steps_by_hand_yielding}


class Rounds:
    """Runs the harness and other ways of doing the same in turns; holds cycles a second of each.

    The others do as many cycles as the harness did last, so that their savers grow as large. Who
    begins changes from round to round, so that a drift of the machine hits all alike.
    """

    def __init__(self, duration_s: float) -> None:
        self._duration_s = duration_s
        self._found: list[dict[str, float]] = []

    def run(self, harness: Harness, others: Mapping[str, ByHand], rounds: int) -> None:
        """Run so many rounds, after one that does not count."""
        names = ["harness", *others]
        cycles = 0
        for number in range(1 + rounds):
            first = number % len(names)
            found = {}
            for name in (*names[first:], *names[:first]):
                gc.collect()
                if name == "harness":
                    found[name], cycles = harness(self._duration_s)
                else:
                    found[name] = others[name](cycles)
            if number:
                self._found.append(found)

    def shares(self, of: str) -> list[float]:
        """Return the harness's throughput as a share of another's."""
        return [found["harness"] / found[of] for found in self._found]

    def cycle_us(self, name: str) -> str:
        """Say how long a cycle took."""
        return f"{spread([1e6 / found[name] for found in self._found], '.1f')} µs"


def in_memory(
    benchmark: Any, harness: Any, others: Mapping[str, Any], payload: Payload, rounds: Rounds
) -> None:
    """Run the rounds of ways that take a payload and make a saver each time."""
    bound = {name: partial(other, payload) for name, other in others.items()}
    benchmark.pedantic(rounds.run, (partial(harness, payload), bound, _ROUNDS), rounds=1)


def add_shares(add: Add, rounds: Rounds, title: str, least: float) -> None:
    """Add the lines of ``append_steps`` against both loops by hand."""
    shares = rounds.shares("hand_yielding")
    title = f"{title}: throughput against a loop by hand"
    add(at_least(title, statistics.median(shares), least, spread(shares, ".3f"), f"{least}"))
    bare = spread(rounds.shares("hand"), ".3f")
    add(beside("  against one that never yields to the event loop by itself", bare))
    add(beside("  time of a cycle through the harness", rounds.cycle_us("harness")))
    add(beside("  time of a cycle by hand", rounds.cycle_us("hand_yielding")))
    add(beside("  time of a cycle by hand without yields", rounds.cycle_us("hand")))


def test_closed_loop(benchmark: Any, add: Add) -> None:
    rounds = Rounds(_STEPS_S)
    others = {"untimed": closed_loop.steps_untimed, **_BY_HAND}
    payload = closed_loop.payload_of(_STATE_BYTES)
    in_memory(benchmark, closed_loop.steps_through_the_harness, others, payload, rounds)
    add_shares(add, rounds, "closed loop, one client, memory saver", _LEAST_SHARE)
    untimed = spread(rounds.shares("untimed"), ".3f")
    add(beside("  against the same workload, untimed and without yields", untimed))


def test_large_states(benchmark: Any, add: Add) -> None:
    rounds = Rounds(_STEPS_S)
    payload = closed_loop.payload_of(_LARGE_STATE_BYTES)
    in_memory(benchmark, closed_loop.steps_through_the_harness, _BY_HAND, payload, rounds)
    title = "  the same with states of 50 kB, against a loop by hand"
    add(beside(title, spread(rounds.shares("hand_yielding"), ".3f")))
    add(beside("  time of such a cycle by hand", rounds.cycle_us("hand_yielding")))


def test_graph(benchmark: Any, add: Add) -> None:
    rounds = Rounds(_GRAPH_S)
    payload = closed_loop.payload_of(_STATE_BYTES)
    harness = partial(closed_loop.graph_through_the_harness, payload)
    others = {"hand": partial(closed_loop.graph_by_hand, payload)}
    benchmark.pedantic(rounds.run, (harness, others, _GRAPH_ROUNDS), rounds=1)
    title = "  the same with runs of a LangGraph graph, against a loop by hand"
    add(beside(title, spread(rounds.shares("hand"), ".3f")))
    add(beside("  time of a run through the harness", rounds.cycle_us("harness")))


@pytest.mark.parametrize("name", ["sqlite", "postgres", "redis"])
def test_real_savers(benchmark: Any, add: Add, name: str) -> None:
    rounds = Rounds(_REAL_S)

    def in_new_processes() -> None:
        with real_savers.started(("harness", *_BY_HAND), name, _STATE_BYTES) as ways:
            others = {way: ways[way].cycles for way in _BY_HAND}
            rounds.run(ways["harness"].turn, others, _REAL_ROUNDS)

    benchmark.pedantic(in_new_processes, rounds=_REAL_PROCESSES)
    add_shares(add, rounds, f"closed loop, one client, {name}", _LEAST_REAL_SHARE)
