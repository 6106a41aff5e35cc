"""The only place that reads a clock around a saver call.

A saver is timed by giving the object a class derived from its own, which overrides exactly those
methods that its own class overrides: it stays a ``BaseCheckpointSaver``, keeps every signature
(LangGraph looks for ``task_path``), shows the same capabilities, and copies of it are timed too.
Its ``lock`` and its pools get derived classes in the same way, so that waiting for the lock and
waiting for a connection are told apart.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from langgraph.checkpoint.base import BaseCheckpointSaver

from bench.contracts import Checkout
from bench.errors import InputError
from bench.handover.acknowledgements import AcknowledgementLog
from bench.measure.recorder import Recorder
from bench.records.outcome import Outcome
from bench.scenario.counted import LOCK_ACQUISITIONS

# Method of a saver → operation, named as in LangGraph's conformance suite.
OPERATIONS = {
    "aput": "put",
    "aput_writes": "put_writes",
    "aget_tuple": "get_tuple",
    "alist": "list",
    "adelete_thread": "delete_thread",
}
_LOCK, _POOL = 0, 1
_OK = int(Outcome.OK)

Clock = Callable[[], int]
Saver = BaseCheckpointSaver[Any]
Method = Callable[..., Any]
Timed = TypeVar("Timed")

# When the next operation of this context was due; 0 means: when it is called.
DUE: ContextVar[int] = ContextVar("due", default=0)
CLIENT: ContextVar[int] = ContextVar("client", default=-1)
# Of the operation under way, set means inside one: [lock wait, pool wait] in ns, its code, how many
# exchanges it waited for one after the other so far, and its task.
_WAITS: ContextVar[list[Any] | None] = ContextVar("waits", default=None)
# That operation, and the same number as far as a task that it started knows.
_IN_TURN: ContextVar[tuple[list[Any] | None, int]] = ContextVar("in_turn", default=(None, 0))


class Timing:
    """Makes savers, locks and pools report to a :class:`Recorder`, by the given ``clock``."""

    def __init__(
        self, recorder: Recorder, clock: Clock, log: AcknowledgementLog | None = None
    ) -> None:
        """Where there is a ``log``, it notes what is acknowledged, at instants of ``clock``."""
        self._recorder = recorder
        self._clock = clock
        self._noted = log.operations if log else {}
        self._classes: dict[type, type] = {}
        self._derived: set[type] = set()

    def time_saver(self, saver: Saver) -> Saver:
        """Make ``saver`` timed, in place, and return it; a saver that already is stays as it is.

        Raises:
            InputError: its class cannot be derived from or exchanged (``__slots__``).
        """
        own = type(saver)
        if own in self._derived:
            return saver
        _exchange_class(saver, self._derive(own, self._timed_methods(own)))
        lock = getattr(saver, "lock", None)
        if lock is not None:
            # The attribute is the saver's own; what replaces it behaves the same.
            saver.lock = self._timed_lock(lock)  # type: ignore[attr-defined]
        return saver

    def time_checkout(self, checkout: Checkout) -> None:
        """Make the pool's method record how long it took to hand out a connection."""
        own = type(checkout.pool)
        if own not in self._derived:
            method = {checkout.method: self._waiting(getattr(own, checkout.method), _POOL)}
            _exchange_class(checkout.pool, self._derive(own, method))

    def _derive(self, own: type, methods: dict[str, Any]) -> type:
        if own not in self._classes:
            attributes = {**methods, "__module__": own.__module__, "__qualname__": own.__qualname__}
            self._classes[own] = type(own.__name__, (own,), attributes)
            self._derived.add(self._classes[own])
        return self._classes[own]

    def _timed_methods(self, own: type) -> dict[str, Method]:
        return {
            name: self._timed(getattr(own, name), operation)
            for name, operation in OPERATIONS.items()
            if getattr(own, name) is not getattr(BaseCheckpointSaver, name)
        }

    def _timed(self, original: Method, operation: str) -> Method:
        code = self._recorder.code(operation)
        if inspect.isasyncgenfunction(original):
            return self._timed_iterator(original, code)
        add, note, clock = self._recorder.add, self._recorder.note, self._clock
        acknowledged = self._recorder.acknowledged
        current_task = asyncio.current_task
        begin, end = self._noted.get(operation, _NOT_NOTED)

        @functools.wraps(original)
        async def timed(self: Saver, *arguments: Any, **keywords: Any) -> Any:
            if _WAITS.get() is not None:
                return await original(self, *arguments, **keywords)
            noted = begin(*arguments, **keywords)
            waits: list[Any] = [0, 0, code, 0, current_task()]
            token = _WAITS.set(waits)
            due = DUE.get()
            if due:
                DUE.set(0)
            started = clock()
            try:
                result = await original(self, *arguments, **keywords)
                finished = clock()
            except BaseException as error:
                finished = clock()
                lock, pool = waits[:2]
                add(
                    (code, CLIENT.get(), due or started, started, lock, pool, finished, note(error))
                )
                raise
            finally:
                _WAITS.reset(token)
            end(noted, result, finished)
            add((code, CLIENT.get(), due or started, started, waits[0], waits[1], finished, _OK))
            acknowledged[code] += 1
            return result

        # LangGraph asks for it in every run, and wrapped functions are slow to answer.
        timed.__signature__ = inspect.signature(original)  # type: ignore[attr-defined] # any function may have one
        return timed

    def _timed_iterator(self, original: Method, code: int) -> Method:
        add, note, clock = self._recorder.add, self._recorder.note, self._clock

        @functools.wraps(original)
        async def timed(self: Saver, *arguments: Any, **keywords: Any) -> AsyncIterator[Any]:
            items = original(self, *arguments, **keywords)
            if _WAITS.get() is not None:
                async for item in items:
                    yield item
                return
            waits: list[Any] = [0, 0, code, 0, asyncio.current_task()]
            outcome = _OK
            due = DUE.get()
            DUE.set(0)
            started = clock()
            try:
                while True:
                    # Only while the saver works: the consumer's own operations are not nested.
                    token = _WAITS.set(waits)
                    try:
                        item = await anext(items)
                    except StopAsyncIteration:
                        break
                    finally:
                        _WAITS.reset(token)
                    yield item
            except GeneratorExit:
                raise
            except BaseException as error:
                outcome = note(error)
                raise
            finally:
                finished = clock()
                add((code, CLIENT.get(), due or started, started, *waits[:2], finished, outcome))
                await items.aclose()

        return timed

    def _waiting(self, original: Method, kind: int) -> Method:
        clock = self._clock
        if not inspect.iscoroutinefunction(original):

            @functools.wraps(original)
            def waited(self: object, *arguments: Any, **keywords: Any) -> Any:
                waits = _WAITS.get()
                before = clock()
                try:
                    return original(self, *arguments, **keywords)
                finally:
                    if waits is not None:
                        waits[kind] += clock() - before

            return waited

        @functools.wraps(original)
        async def awaited(self: object, *arguments: Any, **keywords: Any) -> Any:
            waits = _WAITS.get()
            before = clock()
            try:
                return await cast("Awaitable[Any]", original(self, *arguments, **keywords))
            finally:
                if waits is not None:
                    waits[kind] += clock() - before

        return awaited

    def _timed_lock(self, lock: object) -> object:
        own = type(lock)
        if own in self._derived or isinstance(lock, _ThreadLock):
            return lock
        if own.__flags__ & _BASETYPE and hasattr(own, "acquire"):
            method = {"acquire": self._counted(self._waiting(own.acquire, _LOCK))}
            _exchange_class(lock, self._derive(own, method))
            return lock
        return _ThreadLock(lock, self._counted(self._waiting(_acquire, _LOCK)))

    def _counted(self, acquire: Method) -> Method:
        return counting(acquire, self._recorder.calls_of(LOCK_ACQUISITIONS))


def counting(original: Method, calls: MutableMapping[int, int]) -> Method:
    """Return ``original``, counting in ``calls`` by the code of the operation that calls it.

    What is called outside an operation is not counted.
    """

    @functools.wraps(original)
    def counted(*arguments: Any, **keywords: Any) -> Any:
        waits = _WAITS.get()
        if waits is not None:
            calls[waits[2]] += 1
        return original(*arguments, **keywords)

    return counted


def _begin_nothing(*arguments: Any, **keywords: Any) -> None:
    del arguments, keywords


def _end_nothing(token: Any, result: Any, at_ns: int) -> None:
    del token, result, at_ns


_NOT_NOTED = (_begin_nothing, _end_nothing)


def counting_in_turn(original: Method, calls: MutableMapping[int, int]) -> Method:
    """Return ``original``, counting as :func:`counting` does, but what is under way at once as one.

    So as many are counted as a delay of each would show: the longest chain of calls of which each
    can follow only when the one before has ended. What a task of an operation has started is known
    to the operation's own task when it goes on, not to the tasks in between.
    """

    def count() -> None:
        operation = _WAITS.get()
        if operation is None:
            return
        task = _running_task()
        if task is None or task is operation[4]:
            before = operation[3]
        else:
            of, known = _IN_TURN.get()
            before = known if of is operation else 0
        _IN_TURN.set((operation, before + 1))
        if before == operation[3]:
            operation[3] += 1
            calls[operation[2]] += 1

    if inspect.iscoroutinefunction(inspect.unwrap(original)):

        @functools.wraps(original)
        async def awaited(*arguments: Any, **keywords: Any) -> Any:
            # Here, and not when it was called: somebody may have made a task of it since.
            count()
            return await original(*arguments, **keywords)

        return awaited

    @functools.wraps(original)
    def counted(*arguments: Any, **keywords: Any) -> Any:
        count()
        return original(*arguments, **keywords)

    return counted


def _running_task() -> asyncio.Task[Any] | None:
    """Return the task that runs, or ``None`` in a thread without a loop."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


# Py_TPFLAGS_BASETYPE: whether a class may be derived from (threading.Lock may not).
_BASETYPE = 1 << 10


def _acquire(lock: Any, *arguments: Any) -> Any:
    return lock.acquire(*arguments)


class _ThreadLock:
    """Stands in for a ``threading`` lock, whose type can be neither derived from nor exchanged."""

    def __init__(self, lock: Any, acquire: Method) -> None:
        self._lock = lock
        self._acquire = acquire

    def acquire(self, *arguments: Any) -> Any:
        return self._acquire(self._lock, *arguments)

    def release(self) -> None:
        self._lock.release()

    def locked(self) -> bool:
        return bool(self._lock.locked())

    def __enter__(self) -> bool:
        return bool(self.acquire())

    def __exit__(self, *_: object) -> None:
        self.release()


def _exchange_class(thing: object, derived: type) -> None:
    try:
        thing.__class__ = derived
    except TypeError as error:
        raise InputError(
            f"cannot time {type(thing).__module__}.{type(thing).__qualname__}: {error}; "
            "a saver needs an ordinary class (no __slots__)"
        ) from error
