"""One concurrent caller, as a workload knows it."""

from __future__ import annotations

import types
from collections.abc import Awaitable, Callable, Generator
from typing import ParamSpec, TypeVar

from bench.measure.timing import DUE, Clock, Saver

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@types.coroutine
def yielded() -> Generator[None, None, None]:
    """Let the loop run everything else that is ready: ``asyncio.sleep(0)`` without its checks."""
    yield


class LoadClient:
    """One concurrent caller; what a workload knows as ``bench.contracts.Client``."""

    def __init__(self, index: int, saver_for: Callable[[int], Saver], clock: Clock) -> None:
        self.index = index
        self._saver_for = saver_for
        self._clock = clock
        self._cycle_due_ns = 0
        self.marks: dict[str, int] = {}
        self.cycles = 0

    def begin(self, due_ns: int) -> None:
        """Start a cycle: its first operation was due when the cycle was."""
        self._cycle_due_ns = due_ns
        self.marks.clear()
        DUE.set(0)

    def saver(self) -> Saver:
        """Return the saver to use for the next operation."""
        return self._saver_for(self.index)

    def perform(
        self,
        method: Callable[Arguments, Awaitable[Result]],
        *arguments: Arguments.args,
        **keywords: Arguments.kwargs,
    ) -> Awaitable[Result]:
        """Make a saver method one operation that is due now, and is run after yielding to the loop.

        LangGraph makes every saver call a task of its own, so the loop runs others before it. The
        first of a cycle was due when the cycle was, which has yielded already.
        """
        cycle_due_ns, self._cycle_due_ns = self._cycle_due_ns, 0
        due_ns = cycle_due_ns or self._clock()

        async def performed() -> Result:
            if not cycle_due_ns:
                await yielded()
            DUE.set(due_ns)
            return await method(*arguments, **keywords)

        return performed()

    def mark(self, name: str) -> None:
        """Note the instant as the (so far) last of its ``name`` in this cycle."""
        self.marks[name] = self._clock()
