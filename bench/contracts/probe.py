"""What else is watched while a trial is measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal, NamedTuple

from bench.contracts.subject import Subject
from bench.records.trial import MOST_SPANS, Reading
from bench.scenario.metric import Better, Unit


class ReadingKind(NamedTuple):
    """What a reading is: its unit, which way is better, and what it tells."""

    unit: Unit
    better: Better
    description: str


class Probe(ABC):
    """Watches a trial during its measured window. Has a side: inside the worker or outside.

    ``readings`` describes by name all that it may read, so that a scenario can make them primary
    metrics.
    """

    side: ClassVar[Literal["worker", "outside"]]
    readings: ClassVar[Mapping[str, ReadingKind]] = {}

    def reading(
        self,
        name: str,
        value: float,
        detail: str = "",
        spans: Iterable[tuple[int, int]] = (),
    ) -> Reading:
        """Return ``value`` as the reading that :attr:`readings` describes under this ``name``.

        ``spans``: (start, length), in ns of ``time.perf_counter_ns``; of many the longest are kept.
        """
        longest = sorted(spans, key=lambda span: -span[1])[:MOST_SPANS]
        return Reading(name, float(value), *self.readings[name], detail, tuple(sorted(longest)))


class WorkerProbe(Probe):
    """Runs in the worker's event loop.

    ``stops`` says what it watches. ``window``: from the opening of the measured window to its end.
    ``drained``: from before the load starts until the last operation has ended, so that nothing is
    under way at either end.
    """

    side = "worker"
    stops: ClassVar[Literal["window", "drained"]] = "window"

    @abstractmethod
    async def start(self, subject: Subject) -> None:
        """Begin to watch."""

    @abstractmethod
    async def stop(self, checkpoints: int) -> Sequence[Reading]:
        """End; ``checkpoints`` were acknowledged between :meth:`start` and now."""


class OutsideProbe(Probe):
    """Runs in the runner, which is idle while a trial is measured."""

    side = "outside"

    @abstractmethod
    def start(self, processes: Mapping[str, Sequence[int]]) -> None:
        """Begin to watch; ``processes`` has the process ids of ``worker`` and of ``server``."""

    @abstractmethod
    def stop(self) -> Sequence[Reading]:
        """End and return what was read. Must be safe when processes have gone."""
