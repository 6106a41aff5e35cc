"""Every loop that can run here does what savers need of it."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import sys
import threading
import warnings
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from bench import discovery
from bench.contracts import Loop
from bench.errors import UnavailableError

Result = TypeVar("Result")
MEGABYTE = bytes(range(256)) * 4096


def make(name: str) -> Loop:
    return discovery.load("loop", name)()


AVAILABLE = [name for name in discovery.names("loop") if make(name).unavailable() is None]


@pytest.fixture(params=AVAILABLE)
def loop_plugin(request: pytest.FixtureRequest) -> Loop:
    return make(request.param)


def run(plugin: Loop, coroutine: Coroutine[Any, Any, Result]) -> Result:
    with asyncio.Runner(loop_factory=plugin.new_event_loop) as runner:
        return runner.run(coroutine)


def test_the_loops_of_this_platform_are_available() -> None:
    expected = {"proactor", "selector"}
    fast = "winloop" if sys.platform == "win32" else "uvloop"
    if importlib.util.find_spec(fast) is not None:
        expected.add(fast)
    assert set(AVAILABLE) == expected


def test_a_megabyte_is_echoed_both_ways_at_once(loop_plugin: Loop) -> None:
    async def exchange() -> list[bytes]:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]

        async def client() -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)

            async def send() -> None:
                writer.write(MEGABYTE)
                await writer.drain()
                writer.write_eof()

            _, received = await asyncio.gather(send(), reader.read())
            writer.close()
            await writer.wait_closed()
            return received

        async with server:
            return list(await asyncio.gather(client(), client(), client()))

    assert run(loop_plugin, exchange()) == [MEGABYTE] * 3


def test_a_read_that_is_cancelled_leaves_the_connection_usable(loop_plugin: Loop) -> None:
    async def exchange() -> bytes:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write((await reader.readline()).upper())
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            waiting = asyncio.ensure_future(reader.readline())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            writer.write(b"late\n")
            line = await reader.readline()
            writer.close()
            await writer.wait_closed()
            return line

    assert run(loop_plugin, exchange()) == b"LATE\n"


def test_another_thread_wakes_the_loop(loop_plugin: Loop) -> None:
    async def wait() -> str:
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[str] = loop.create_future()
        thread = threading.Thread(
            target=loop.call_soon_threadsafe, args=(woken.set_result, "woken")
        )
        loop.call_later(30, woken.cancel)
        thread.start()
        try:
            return await woken
        finally:
            thread.join()

    assert run(loop_plugin, wait()) == "woken"


def test_many_timers_all_fire(loop_plugin: Loop) -> None:
    async def wait() -> list[int]:
        async def after(number: int) -> int:
            await asyncio.sleep((number % 7) / 1000)
            return number

        return await asyncio.gather(*(after(number) for number in range(500)))

    assert run(loop_plugin, wait()) == list(range(500))


def test_an_executor_returns_its_results(loop_plugin: Loop) -> None:
    async def compute() -> list[str]:
        loop = asyncio.get_running_loop()
        calls = (loop.run_in_executor(None, str, number) for number in range(50))
        return list(await asyncio.gather(*calls))

    assert run(loop_plugin, compute()) == [str(number) for number in range(50)]


def test_a_refused_connection_is_an_error(loop_plugin: Loop) -> None:
    async def connect() -> None:
        async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
        await asyncio.open_connection("127.0.0.1", port)

    with pytest.raises(ConnectionRefusedError):
        run(loop_plugin, connect())


def test_a_loop_closes_without_a_resource_warning(loop_plugin: Loop) -> None:
    async def exchange() -> None:
        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()

    gc.collect()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(loop_plugin, exchange())
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_only_the_proactor_is_ever_emulated() -> None:
    kinds = {name: make(name).kind for name in discovery.names("loop")}
    emulated = "native" if sys.platform == "win32" else "emulated"
    assert kinds == {
        "proactor": emulated,
        "selector": "native",
        "uvloop": "native",
        "winloop": "native",
    }


@pytest.mark.skipif(sys.platform == "win32", reason="winloop is for Windows")
def test_winloop_says_why_it_is_unavailable() -> None:
    plugin = make("winloop")
    assert "runs on Windows only" in (plugin.unavailable() or "")
    with pytest.raises(UnavailableError, match="runs on Windows only"):
        plugin.new_event_loop()


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not for Windows")
def test_uvloop_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = make("uvloop")
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert plugin.unavailable() == (
        'uvloop is not installed; pip install "checkpoint-bench[uvloop]"'
    )
    with pytest.raises(UnavailableError, match=r"checkpoint-bench\[uvloop\]"):
        plugin.new_event_loop()
