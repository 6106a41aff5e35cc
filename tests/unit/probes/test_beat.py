"""A beat comes at its interval on every loop, until it is ended."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.discovery import load
from bench.measure.pacer import sleep_beside
from bench.probes._beat import beat

MS = 1_000_000


@pytest.mark.parametrize("name", ["selector", "uvloop", "proactor"])
def test_a_beat_goes_on_until_it_is_ended_and_leaves_nothing_open(name: str) -> None:
    plugin: Any = load("loop", name)
    if plugin().unavailable():
        pytest.skip(plugin().unavailable())
    beats: list[int] = []

    async def main() -> tuple[int, int]:
        before = open_files()
        third = asyncio.Event()

        def on_beat() -> None:
            beats.append(len(beats))
            if len(beats) == 3:
                third.set()

        end = beat(MS, on_beat)
        await third.wait()
        end()
        ended = len(beats)
        again = asyncio.Event()
        end_of_another = beat(5 * MS, again.set)
        await again.wait()
        end_of_another()
        assert open_files() == before
        return ended, len(beats)

    with asyncio.Runner(loop_factory=plugin().new_event_loop) as runner:
        at_end, later = runner.run(main())
    assert at_end == later >= 3


def open_files() -> int:
    """Return how many files this process has open, where the system tells."""
    return sum(1 for _ in Path("/proc/self/fd").glob("*"))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a beat is a timer of the loop")
def test_no_wait_of_the_loop_gets_a_limit_by_a_beat_or_by_the_end_of_a_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a timer of the loop")

    monkeypatch.setattr(asyncio.SelectorEventLoop, "call_at", refuse)

    async def main() -> None:
        come = asyncio.Event()
        end = beat(MS, come.set)
        await come.wait()
        end()
        await sleep_beside(-1.0)

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(main())
