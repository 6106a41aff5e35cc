"""A synchronous saver, driven from asyncio.

::

    kind = driven(PostgresSaver, asyncio.to_thread)
    await kind(connection).aget_tuple(config)
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar

from langgraph.checkpoint.base import BaseCheckpointSaver

Saver = TypeVar("Saver", bound=BaseCheckpointSaver[Any])
Method = Callable[..., Any]
Call = Callable[..., Awaitable[Any]]

_METHODS = [name for name in dir(BaseCheckpointSaver) if hasattr(BaseCheckpointSaver, f"a{name}")]


def threads_of_asyncio() -> int:
    """Return the size of the executor that ``asyncio.to_thread`` would use."""
    return min(32, (os.cpu_count() or 1) + 4)


def has_own(kind: type, name: str) -> bool:
    """Tell whether ``kind`` overrides the method ``name`` of LangGraph's base class."""
    return getattr(kind, name) is not getattr(BaseCheckpointSaver, name)


async def in_coroutine(method: Method, *arguments: Any, **keywords: Any) -> Any:
    """Call ``method`` right here, which blocks the loop."""
    return method(*arguments, **keywords)


def in_threads_of(executor: Executor) -> Call:
    """Return what calls in a thread of ``executor`` as ``asyncio.to_thread`` does in its own.

    That is in a copy of the caller's context, so that context variables are found there too.
    """

    async def call(method: Method, *arguments: Any, **keywords: Any) -> Any:
        bound = partial(method, *arguments, **keywords)
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(executor, context.run, bound)

    return call


def driven(kind: type[Saver], call: Call) -> type[Saver]:
    """Derive a class whose asynchronous methods ``call`` the synchronous ones that ``kind`` has."""

    def coroutine_of(name: str) -> Method:
        @functools.wraps(getattr(kind, name))
        async def method(self: Saver, *arguments: Any, **keywords: Any) -> Any:
            return await call(getattr(self, name), *arguments, **keywords)

        return method

    @functools.wraps(kind.list)
    async def alist(self: Saver, *arguments: Any, **keywords: Any) -> AsyncIterator[Any]:
        # To its end: ``list`` may hold the saver's lock until it is exhausted, and a consumer that
        # called the saver meanwhile would stop the loop for ever.
        for item in await call(lambda: [*self.list(*arguments, **keywords)]):
            yield item

    methods = {
        f"a{name}": alist if name == "list" else coroutine_of(name)
        for name in _METHODS
        if has_own(kind, name)
    }
    attributes = {**methods, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), attributes)
