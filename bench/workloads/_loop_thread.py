"""Synchronous methods of asynchronous savers, called where they can only wait for themselves."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Literal

from bench.systems.sync_bridge import OwnLoopError

# Whoever calls at the same time on another loop's thread waits.
_ONE_AT_A_TIME = threading.Lock()


class _WaitsForItselfError(Exception):
    """A call did not return within its limit."""


def call_on_loop_thread(
    call: Callable[[], object], limit_s: float = 0.2
) -> Literal["refused", "returned", "waits for itself", "not implemented"]:
    """Call a synchronous method on the thread of the running loop, and say what came of it.

    What has not returned after ``limit_s`` seconds waits for this very loop, which stands still
    meanwhile. It is then never begun.
    """
    submit, own_thread = asyncio.run_coroutine_threadsafe, threading.get_ident()

    def submit_within_limit(
        coroutine: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop
    ) -> concurrent.futures.Future[Any]:
        if threading.get_ident() != own_thread:
            return submit(coroutine, loop)
        is_late = False

        async def begun() -> Any:
            # To cancel it would let it come to its first await.
            if is_late:
                coroutine.close()
                return None
            return await coroutine

        future = submit(begun(), loop)
        wait = future.result

        def result(_: float | None = None) -> Any:
            nonlocal is_late
            try:
                return wait(limit_s)
            except concurrent.futures.TimeoutError:
                is_late = True
                raise _WaitsForItselfError from None

        future.result = result  # type: ignore[method-assign, assignment]  # nobody waits for it any longer
        return future

    with _ONE_AT_A_TIME:
        # What savers' own methods call: no other way ends the wait of the thread that runs this.
        asyncio.run_coroutine_threadsafe = submit_within_limit  # type: ignore[assignment]  # as above
        try:
            call()
        except _WaitsForItselfError:
            return "waits for itself"
        except (OwnLoopError, asyncio.InvalidStateError):
            return "refused"
        except NotImplementedError:
            return "not implemented"
        finally:
            asyncio.run_coroutine_threadsafe = submit
    return "returned"
