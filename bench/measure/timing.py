"""The only place that reads a clock around a saver call.

A saver is timed by giving the object a class derived from its own, which overrides exactly those
methods that its own class overrides: it stays a ``BaseCheckpointSaver``, keeps every signature
(LangGraph looks for ``task_path``), shows the same capabilities, and copies of it are timed too.
Its ``lock`` and its pools get derived classes in the same way, so that waiting for the lock and
waiting for a connection are measured separately.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, MutableSequence, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

from langgraph.checkpoint.base import BaseCheckpointSaver

from bench.contracts import CHECKPOINT_SAVER, Checkout, Interface
from bench.errors import InputError
from bench.handover.acknowledgements import AcknowledgementLog
from bench.measure.recorder import Recorder
from bench.records.outcome import Outcome
from bench.scenario.metric import LOCK_ACQUISITIONS, ROUND_TRIPS

# Method of a saver → operation.
OPERATIONS = CHECKPOINT_SAVER.operations
_OK = int(Outcome.OK)

Clock = Callable[[], int]
# A BaseCheckpointSaver, or what else has the methods of the interface.
Saver = Any
Method = Callable[..., Any]


class Caller:
    """Who calls: its ``index``, and when its next operation was due (0: when it is called).

    ``due_ns`` is set directly before the saver's method is called, in the same step of the loop,
    and taken by it; so the operations of one caller may overlap.
    """

    __slots__ = ("due_ns", "index")

    def __init__(self, index: int) -> None:
        self.index = index
        self.due_ns = 0


_NOBODY = Caller(-1)
CALLER: ContextVar[Caller] = ContextVar("caller", default=_NOBODY)
# Of the operation under way, set means inside one: [lock wait, pool wait] in ns, its code, how many
# exchanges it waited for one after the other so far, and its task. A list, since nothing is read
# and written faster.
_OPERATION: ContextVar[list[Any] | None] = ContextVar("operation", default=None)
_LOCK, _POOL, _CODE, _EXCHANGES, _TASK = range(5)
# That operation, and the same number as far as a task that it started knows.
_IN_TURN: ContextVar[tuple[list[Any] | None, int]] = ContextVar("in_turn", default=(None, 0))


class Timing:
    """Makes savers, locks and pools report to a :class:`Recorder`, by the given ``clock``."""

    def __init__(
        self,
        recorder: Recorder,
        clock: Clock,
        log: AcknowledgementLog | None = None,
        interface: Interface = CHECKPOINT_SAVER,
    ) -> None:
        """Where there is a ``log``, it notes what is acknowledged, at instants of ``clock``."""
        self._operations = interface.operations
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
            saver.lock = self._timed_lock(lock)
        return saver

    def savers(self, saver_for: Callable[[int], Saver]) -> Callable[[int], Saver]:
        """Return ``saver_for``, each of whose savers is timed before it is handed out."""
        derived, time_saver = self._derived, self.time_saver

        def timed(client: int) -> Saver:
            saver = saver_for(client)
            return saver if type(saver) in derived else time_saver(saver)

        return timed

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
            for name, operation in self._operations.items()
            if getattr(own, name) is not getattr(BaseCheckpointSaver, name, None)
        }

    def _timed(self, original: Method, operation: str) -> Method:
        code = self._recorder.code(operation)
        if inspect.isasyncgenfunction(original):
            return self._timed_iterator(original, code)
        add, note, clock = self._recorder.add, self._recorder.note, self._clock
        acknowledged = self._recorder.acknowledged
        current_operation, caller_of = _OPERATION.get, CALLER.get
        current_task, counted = asyncio.current_task, self._recorder.calls
        begin, end = self._noted.get(operation, _NOT_NOTED)

        @functools.wraps(original)
        async def timed(self: Saver, *arguments: Any, **keywords: Any) -> Any:
            if current_operation() is not None:
                return await original(self, *arguments, **keywords)
            noted = begin(*arguments, **keywords)
            caller = caller_of()
            due, caller.due_ns = caller.due_ns, 0
            # Only to tell what is under way at once does anybody ask for the task.
            task = current_task() if ROUND_TRIPS in counted else None
            waits: list[Any] = [0, 0, code, 0, task]
            token = _OPERATION.set(waits)
            started = clock()
            try:
                result = await original(self, *arguments, **keywords)
                finished = clock()
            except BaseException as error:
                finished = clock()
                lock, pool = waits[_LOCK], waits[_POOL]
                outcome = note(error)
                add(code, caller.index, due or started, started, lock, pool, finished, outcome)
                raise
            finally:
                _OPERATION.reset(token)
            end(noted, result, finished)
            lock, pool = waits[_LOCK], waits[_POOL]
            add(code, caller.index, due or started, started, lock, pool, finished, _OK)
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
            if _OPERATION.get() is not None:
                async for item in items:
                    yield item
                return
            waits: list[Any] = [0, 0, code, 0, asyncio.current_task()]
            outcome = _OK
            caller = CALLER.get()
            due, caller.due_ns = caller.due_ns, 0
            started = clock()
            try:
                while True:
                    # Only while the saver works: the consumer's own operations are not nested.
                    token = _OPERATION.set(waits)
                    try:
                        item = await anext(items)
                    except StopAsyncIteration:
                        break
                    finally:
                        _OPERATION.reset(token)
                    yield item
            except GeneratorExit:
                raise
            except BaseException as error:
                outcome = note(error)
                raise
            finally:
                finished = clock()
                lock, pool = waits[_LOCK], waits[_POOL]
                add(code, caller.index, due or started, started, lock, pool, finished, outcome)
                await items.aclose()

        return timed

    def _waiting(
        self, original: Method, kind: int, calls: MutableSequence[int] | None = None
    ) -> Method:
        """Return ``original``, its time added to the operation's waits of that ``kind``.

        ``calls`` counts as in :func:`counting`. What is called outside an operation is left alone.
        """
        clock, current_operation = self._clock, _OPERATION.get
        # Without ``calls`` into a list that nobody reads, which is cheaper than to ask.
        counts = calls if calls is not None else [0] * len(self._recorder.operations)
        if not inspect.iscoroutinefunction(original):

            @functools.wraps(original)
            def waited(self: object, *arguments: Any, **keywords: Any) -> Any:
                operation = current_operation()
                if operation is None:
                    return original(self, *arguments, **keywords)
                counts[operation[_CODE]] += 1
                before = clock()
                try:
                    return original(self, *arguments, **keywords)
                finally:
                    operation[kind] += clock() - before

            return waited

        @functools.wraps(original)
        async def awaited(self: object, *arguments: Any, **keywords: Any) -> Any:
            operation = current_operation()
            if operation is None:
                return await original(self, *arguments, **keywords)
            counts[operation[_CODE]] += 1
            before = clock()
            try:
                return await original(self, *arguments, **keywords)
            finally:
                operation[kind] += clock() - before

        return awaited

    def _timed_lock(self, lock: object) -> object:
        own = type(lock)
        if own in self._derived or isinstance(lock, _ThreadLock):
            return lock
        calls = self._recorder.calls_of(LOCK_ACQUISITIONS)
        if own.__flags__ & _BASETYPE and hasattr(own, "acquire"):
            acquire = self._waiting(own.acquire, _LOCK, calls)
            if isinstance(lock, asyncio.Lock):
                acquire = _timed_unless_free(own.acquire, acquire, calls)
            _exchange_class(lock, self._derive(own, {"acquire": acquire}))
            return lock
        return _ThreadLock(lock, self._waiting(_acquire, _LOCK, calls))


class Count(NamedTuple):
    """As what a method counts: one number in ``calls`` for each operation's code.

    ``in_turn``: what is under way at once counts as one. So as many are counted as a delay of each
    would show: the longest chain of calls of which each can follow only when the one before has
    ended. What a task of an operation has started is known to the operation's own task when it goes
    on, not to the tasks in between. ``counts`` gets a call's arguments and tells whether it counts.
    """

    calls: MutableSequence[int]
    in_turn: bool = False
    counts: Callable[..., bool] | None = None


def counting(original: Method, counted_as: Sequence[Count]) -> Method:
    """Return ``original``, counting by the code of the operation that calls it.

    What is called outside an operation is not counted.
    """
    current_operation = _OPERATION.get
    always = [count.calls for count in counted_as if not count.in_turn and count.counts is None]
    sometimes = [count for count in counted_as if count.in_turn or count.counts is not None]

    if sometimes and inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def awaited(*arguments: Any, **keywords: Any) -> Any:
            # Here, and not when it was called: somebody may have made a task of it since.
            operation = current_operation()
            if operation is not None:
                for calls in always:
                    calls[operation[_CODE]] += 1
                _count(sometimes, operation, arguments, keywords)
            return await original(*arguments, **keywords)

        return awaited

    @functools.wraps(original)
    def counted(*arguments: Any, **keywords: Any) -> Any:
        operation = current_operation()
        if operation is not None:
            for calls in always:
                calls[operation[_CODE]] += 1
            if sometimes:
                _count(sometimes, operation, arguments, keywords)
        return original(*arguments, **keywords)

    return counted


def _count(counted_as: list[Count], operation: list[Any], arguments: Any, keywords: Any) -> None:
    for calls, in_turn, counts in counted_as:
        is_counted = counts is None or counts(*arguments, **keywords)
        if is_counted and (not in_turn or _is_next(operation)):
            calls[operation[_CODE]] += 1


def _is_next(operation: list[Any]) -> bool:
    """Tell whether an exchange that begins now follows all others of the operation so far."""
    try:
        is_own = asyncio.current_task() in (None, operation[_TASK])
    except RuntimeError:
        # In a thread without a loop.
        is_own = True
    if is_own:
        before = operation[_EXCHANGES]
    else:
        of, known = _IN_TURN.get()
        before = known if of is operation else 0
    _IN_TURN.set((operation, before + 1))
    if before != operation[_EXCHANGES]:
        return False
    operation[_EXCHANGES] = before + 1
    return True


def _begin_nothing(*arguments: Any, **keywords: Any) -> None:
    del arguments, keywords


def _end_nothing(token: Any, result: Any, at_ns: int) -> None:
    del token, result, at_ns


_NOT_NOTED = (_begin_nothing, _end_nothing)


def _timed_unless_free(original: Method, timed: Method, calls: MutableSequence[int]) -> Method:
    """Return ``timed``, but ``original`` where the lock is free: it is had at once.

    A lock for which others wait is not free, also where nobody holds it.
    """
    current_operation = _OPERATION.get

    @functools.wraps(original)
    def acquire(self: Any) -> Any:
        if self._locked or self._waiters:
            return timed(self)
        operation = current_operation()
        if operation is not None:
            calls[operation[_CODE]] += 1
        return original(self)

    return acquire


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
