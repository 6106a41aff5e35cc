"""Counts what a saver calls: exact numbers per operation, which no neighbour can disturb."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from bench.contracts import CountedCalls
from bench.errors import InputError
from bench.measure.recorder import Recorder
from bench.measure.timing import Count, counting
from bench.records.trial import Reading
from bench.scenario.metric import COUNTED, ROUND_TRIPS, SAVER_OPERATIONS, counted_name


class CallCounts:
    """Exchanges methods of drivers' classes for counting ones, until :meth:`restore`."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._exchanged: list[tuple[type | ModuleType, str, Any]] = []
        self._rows_before = 0
        self._before: dict[str, list[int]] = {}

    def watch(self, counted: Iterable[CountedCalls]) -> None:
        """Count the calls of these methods from now on.

        Raises:
            InputError: a plug-in names something that is not counted, or no method.
        """
        counts: dict[tuple[type | ModuleType, str], list[Count]] = {}
        for calls in counted:
            if calls.what not in COUNTED or not hasattr(calls.owner, calls.method):
                raise InputError(
                    f"cannot count {calls.owner.__name__}.{calls.method} as {calls.what!r}: "
                    f"expected a method, counted as one of {', '.join(COUNTED)}"
                )
            count = Count(
                self._recorder.calls_of(calls.what), calls.what == ROUND_TRIPS, calls.counts
            )
            counts.setdefault((calls.owner, calls.method), []).append(count)
        # One function in between, whatever its calls count as.
        for (owner, method), counted_as in counts.items():
            self._exchanged.append((owner, method, owner.__dict__.get(method)))
            setattr(owner, method, counting(getattr(owner, method), counted_as))

    def restore(self) -> None:
        """Give the classes their own methods back."""
        for owner, method, own in reversed(self._exchanged):
            if own is None:
                delattr(owner, method)
            else:
                setattr(owner, method, own)
        self._exchanged.clear()

    def start(self) -> None:
        """Begin, while no operation is under way."""
        self._rows_before = len(self._recorder)
        self._before = {what: list(calls) for what, calls in self._recorder.calls.items()}

    def stop(self) -> tuple[Reading, ...]:
        """Return the calls per operation since :meth:`start`; no operation may be under way."""
        made = self._recorder.operations_since(self._rows_before)
        readings: list[Reading] = []
        for what, calls in self._recorder.calls.items():
            before = self._before.get(what) or [0] * len(calls)
            for code, operation in enumerate(self._recorder.operations):
                if made[code] and operation in SAVER_OPERATIONS:
                    value = (calls[code] - before[code]) / made[code]
                    text = f"{COUNTED[what]}, for each {operation}"
                    name = counted_name(operation, what)
                    readings.append(Reading(name, value, "count", "lower", text))
        return tuple(readings)
