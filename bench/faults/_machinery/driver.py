"""Breaks a trial while it is measured: waits for each moment, acts, and brings back what can be."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.contracts import Fault, FaultTarget
from bench.handover.acknowledgements import AcknowledgedCount
from bench.records.trial import Strike
from bench.scenario.plan import Trial
from bench.scenario.scenario import FaultUse, Moment

_NS_PER_S = 1_000_000_000
_LOOK_S = 0.001


class FaultDriver:
    """Acts in a thread of the runner, so that no clock of the measurement depends on it.

    Between :meth:`start` and :meth:`stop` it acts on ``target`` as ``use`` says; ``log`` is the
    file of what was acknowledged. ``strikes`` has what was done, ``failure`` why it did not go on.
    """

    def __init__(
        self,
        fault: Fault,
        use: FaultUse,
        trial: Trial,
        target: FaultTarget,
        log: Path,
        clock: Callable[[], int],
    ) -> None:
        self._fault = fault
        self._moments = moments(use, trial)
        self._target = target
        self._log = log
        self._clock = clock
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._drive, daemon=True)
        self._broken_ns: list[int] = []
        self.strikes: list[Strike] = []
        self.failure: Exception | None = None

    @property
    def broken_ns(self) -> tuple[int, ...]:
        """The instants from which on nothing was acknowledged until what was hit came back."""
        return tuple(strike.done_ns for strike in self.strikes)

    @property
    def has_acted(self) -> bool:
        """Whether all that was broken came back that can, so that the store says what was kept."""
        return bool(self.strikes) and self.failure is None

    def start(self) -> None:
        """Begin, as the window opens."""
        self._thread.start()

    def stop(self) -> None:
        """Bring back what was broken, as the load ends, and do no more. Safe to call twice."""
        self._is_over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _drive(self) -> None:
        try:
            if self._fault.from_start:
                self._strike()
                return
            count = AcknowledgedCount(self._log)
            for moment in self._moments:
                if not self._comes(moment, count):
                    return
                self._strike()
                if self._target_has_ended:
                    return
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the trial's result
            self.failure = error

    @property
    def _target_has_ended(self) -> bool:
        return self._fault.ends_worker or (
            self._target.server is None and self._target.link is None
        )

    def _comes(self, moment: Moment, count: AcknowledgedCount) -> bool:
        """Wait for ``moment``, and tell whether it has come before the load ends."""
        begin_ns = self._clock()
        before = count.now()

        def has_come() -> bool:
            passed_s = (self._clock() - begin_ns) / _NS_PER_S
            if moment.s is not None:
                return passed_s >= moment.s[0]
            wanted = moment.operation[0] if moment.operation else 0
            return count.now() - before >= wanted or passed_s >= moment.latest_s

        while not has_come():
            if self._is_over.wait(_LOOK_S):
                return False
        return True

    def _strike(self) -> None:
        began_ns = self._clock()
        if not self._fault.from_start:
            self._fault.act(self._target)
        done_ns = self._clock()
        self.strikes.append(Strike(began_ns, done_ns))
        self._is_over.wait(self._fault.lasts_s)
        self._fault.undo(self._target)
        back_ns = 0 if self._target_has_ended else self._clock()
        self.strikes[-1] = Strike(began_ns, done_ns, back_ns)


def moments(use: FaultUse, trial: Trial) -> Iterator[Moment]:
    """Yield the moments at which ``trial`` is broken, each drawn from its seed."""
    draw = random.Random(f"{trial.seed}/{trial.subject}/{trial.fault}")  # noqa: S311 - no secret
    at = use.at
    for _ in range(use.times):
        if at.operation is not None:
            number = draw.randint(*at.operation)
            yield Moment(operation=(number, number), latest_s=at.latest_s)
        elif at.s is not None:
            seconds = draw.uniform(*at.s)
            yield Moment(s=(seconds, seconds))
