"""An open load on the null saver: what each loop, Locust and a sleeping loop make of it."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from bench.discovery import load, names
from benchmarks.conftest import Add
from benchmarks.program import answer_of
from benchmarks.reach import at_least, at_most, beside

_RATE_PER_S = 5_000
_DURATION_S = 4.0
_LEAST_ACHIEVED = 0.995
_MOST_LAG_NS = 1_500_000
_LADDER_PER_S = (10_000, 15_000, 20_000, 30_000, 40_000, 50_000, 60_000, 80_000, 100_000)
_RUNG_S = 1.0
_USERS = (1, 10, 100)
_UNBOUNDED_PER_S = 1_000_000


def loops() -> list[str]:
    """Name the loops that can be made here."""
    plugins: dict[str, Any] = {name: load("loop", name) for name in names("loop")}
    return [name for name, plugin in plugins.items() if plugin().unavailable() is None]


def milliseconds(lag_ns: int) -> str:
    return f"{lag_ns / 1e6:.2f} ms"


@pytest.mark.parametrize("loop", loops())
def test_open_loop(benchmark: Any, add: Add, loop: str) -> None:
    arguments = ("paced", loop, "harness", _RATE_PER_S, _DURATION_S)
    found = benchmark.pedantic(answer_of, arguments, rounds=1)
    achieved, lag_ns = found["achieved"], found["lag_p99_ns"]
    title = f"open loop, {_RATE_PER_S}/s, {loop}"
    needed = f"{_LEAST_ACHIEVED:.1%}"
    add(at_least(f"{title}: achieved", achieved, _LEAST_ACHIEVED, f"{achieved:.2%}", needed))
    text = f"{milliseconds(lag_ns)} (p50 {milliseconds(found['lag_p50_ns'])})"
    add(at_most(f"{title}: lag p99", lag_ns, _MOST_LAG_NS, text, milliseconds(_MOST_LAG_NS)))


@pytest.mark.parametrize("loop", loops())
def test_highest_rate(benchmark: Any, add: Add, loop: str) -> None:
    """Go up until two rates in a row are not sustained, each tried twice.

    A single miss may be a disturbance from outside.
    """

    def is_sustained(rate_per_s: int) -> bool:
        found = answer_of("paced", loop, "harness", rate_per_s, _RUNG_S)
        return bool(found["achieved"] >= _LEAST_ACHIEVED and found["lag_p99_ns"] <= _MOST_LAG_NS)

    def climb() -> int:
        highest = misses = 0
        for rate_per_s in _LADDER_PER_S:
            if is_sustained(rate_per_s) or is_sustained(rate_per_s):
                highest, misses = rate_per_s, 0
            else:
                misses += 1
            if misses == 2:
                break
        return highest

    highest = benchmark.pedantic(climb, rounds=1)
    figure = f"{highest}/s" if highest else f"below {_LADDER_PER_S[0]}/s"
    beyond = ", the highest that was tried" if highest == _LADDER_PER_S[-1] else ""
    add(beside(f"open loop, {loop}: highest rate sustained", figure + beyond))


@pytest.mark.parametrize("loop", loops())
def test_sleeping_loop(benchmark: Any, add: Add, loop: str) -> None:
    arguments = ("paced", loop, "sleep", _RATE_PER_S, _DURATION_S)
    found = benchmark.pedantic(answer_of, arguments, rounds=1)
    title = f"beside: asyncio.sleep(1/rate), {_RATE_PER_S}/s, {loop}"
    add(beside(f"{title}: achieved", f"{found['achieved']:.2%}"))
    lag_ns = found["lag_p99_ns"]
    side = "behind" if lag_ns >= 0 else "ahead of"
    add(beside(f"{title}: lag p99", f"{milliseconds(abs(lag_ns))} {side} its plan"))


@pytest.mark.skipif(sys.platform == "win32", reason="Locust is not installed on Windows")
def test_locust(benchmark: Any, add: Add) -> None:
    def tried() -> list[dict[str, Any]]:
        return [answer_of("locust_load", _RATE_PER_S, users, _DURATION_S) for users in _USERS]

    for found in (attempts := benchmark.pedantic(tried, rounds=1)):
        title = f"beside: Locust, {_RATE_PER_S}/s, users {found['users']}: achieved"
        add(beside(title, f"{found['achieved']:.2%}"))
    unbounded = answer_of("locust_load", _UNBOUNDED_PER_S, _USERS[-1], _DURATION_S)
    rate = f"{unbounded['achieved'] * _UNBOUNDED_PER_S:.0f}/s"
    add(beside(f"beside: Locust, without waiting, users {unbounded['users']}", rate))
    figure = f"{attempts[0]['resolution_ms']:g} ms; due times, and so lag, it does not report"
    add(beside("beside: Locust, resolution of response times", figure))
