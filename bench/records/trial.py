"""The record of one trial: written once, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bench.spec.durability import Durability
from bench.spec.metric import Better, Unit
from bench.spec.plan import Trial

Status = Literal["measured", "unsupported", "failed"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One number that a probe read, self-describing, e.g. ``loop_lag.p99`` in ``ns``.

    ``detail`` goes with this very number, as the place in the code where the loop was held.
    """

    name: str
    value: float
    unit: Unit
    better: Better
    description: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """The measured part of a trial, in nanoseconds of the worker's monotonic clock.

    Warm-up lies before ``start_ns``; operations due before ``end_ns`` may end until ``drained_ns``.
    """

    start_ns: int
    end_ns: int
    drained_ns: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a trial has no measurement: the exception's class and text, and the stage it was in."""

    error_class: str
    message: str
    stage: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What reading back over a new connection showed.

    ``problems`` says in words what does not match, at most a few; ``lost`` and ``corrupted`` count
    acknowledged checkpoints (of the threads and checkpoints that were looked at). ``threads`` were
    read back, ``checkpoints`` counted; of ``steps`` supersteps the older checkpoint, its parent and
    its pending writes were compared: 0 where the workload or the saver does not allow that.
    """

    threads: int
    checkpoints: int
    lost: int
    corrupted: int
    unexpected: int
    problems: tuple[str, ...]
    steps: int = 0

    @property
    def passed(self) -> bool:
        """Whether everything that was acknowledged was found, unchanged, and nothing else."""
        return not (self.lost or self.corrupted or self.unexpected or self.problems)


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """What one trial left.

    ``operations`` names the codes in the samples' ``operation`` column. ``errors`` counts the
    operations that failed by exception class, with the first text of each in ``error_texts``.
    ``settings`` were read back from the store, ``durability`` follows from them. ``left_behind``
    says what could not be removed from a user's server, and is empty otherwise.
    """

    trial: Trial
    status: Status
    started_at: str
    loop_class: str
    loop_kind: str
    interpreter: str
    durability: Durability
    settings: Mapping[str, str]
    server: str
    operations: tuple[str, ...]
    window: Window | None
    readings: tuple[Reading, ...]
    errors: Mapping[str, int]
    error_texts: Mapping[str, str]
    verification: Verification | None
    failure: Failure | None
    samples_file: str | None
    left_behind: str = ""

    @property
    def has_samples(self) -> bool:
        """Whether the trial can be analysed."""
        return self.samples_file is not None and self.window is not None
