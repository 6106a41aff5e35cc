"""One concurrent caller, as a workload knows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ParamSpec, TypeVar

from bench.measure.timing import Caller, Clock, Saver

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class _Turn:
    """``await TURN`` lets the loop run all else that is ready, as ``asyncio.sleep(0)`` does.

    It yields once; there is no Python between the client and the loop for it.
    """

    __await__ = staticmethod(partial(iter, (None,)))


TURN = _Turn()


class LoadClient(Caller):
    """One concurrent caller; what a workload knows as ``bench.contracts.Client``."""

    __slots__ = ("_clock", "_cycle_due_ns", "cycles", "last_ns", "marks", "saver", "started_ns")

    def __init__(self, index: int, saver_for: Callable[[int], Saver], clock: Clock) -> None:
        super().__init__(index)
        self._clock = clock
        self._cycle_due_ns = 0
        self.saver = partial(saver_for, index)
        self.marks: dict[str, int] = {}
        self.cycles = 0
        # How long the last cycle took.
        self.last_ns = 0
        self.started_ns = 0

    def begin(self, due_ns: int) -> None:
        """Start a cycle: its first operation was due when the cycle was."""
        self._cycle_due_ns = due_ns
        self.due_ns = 0
        if self.marks:
            self.marks.clear()

    async def perform(
        self,
        method: Callable[Arguments, Awaitable[Result]],
        *arguments: Arguments.args,
        **keywords: Arguments.kwargs,
    ) -> Result:
        """Make a saver method one operation that is due now, and is run after yielding to the loop.

        LangGraph makes every saver call a task of its own, so the loop runs others before it. The
        first of a cycle was due when the cycle was, which has yielded already.
        """
        due_ns = self._cycle_due_ns
        if due_ns:
            self._cycle_due_ns = 0
        else:
            due_ns = self._clock()
            await TURN
        self.due_ns = due_ns
        return await method(*arguments, **keywords)

    def mark(self, name: str) -> None:
        """Note the instant as the (so far) last of its ``name`` in this cycle."""
        self.marks[name] = self._clock()
