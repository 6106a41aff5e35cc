"""The record of one trial: written once, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat, StringConstraints

from bench.scenario.durability import Durability
from bench.scenario.metric import Better, Unit
from bench.scenario.plan import Trial

Status = Literal["measured", "unsupported", "failed"]
Unread = Literal["", "saver", "harness"]
# Samples hold instants as 64-bit integers, and no count is larger.
Instant = Annotated[int, Field(ge=0, lt=1 << 63)]
Count = Annotated[int, Field(ge=0, lt=1 << 63)]
# What is made for each of them takes time and memory; trials have ten and some hundred.
MOST_OPERATIONS = 100
MOST_READINGS = 2_000
MOST_SPANS = 40
MOST_STAGES = 100
MOST_SLOTS = 1 << 20
MOST_WINDOW_NS = 7 * 24 * 3600 * 10**9
SamplesFile = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}\.npz$")]


@dataclass(frozen=True, slots=True)
class Reading:
    """One number that a probe read, self-describing, e.g. ``loop_lag.p99`` in ``ns``.

    ``detail`` goes with this very number, as the place in the code where the loop was held.
    ``spans`` has when what it is about happened: (start, length) in ns of the worker's monotonic
    clock, by their start; of many the longest.
    """

    name: str
    value: FiniteFloat
    unit: Unit
    better: Better
    description: str
    detail: str = ""
    spans: Annotated[tuple[tuple[Instant, Instant], ...], Field(max_length=MOST_SPANS)] = field(
        default=(), metadata={"shown": False}
    )


@dataclass(frozen=True, slots=True)
class Window:
    """The measured part of a trial, in nanoseconds of the worker's monotonic clock.

    Warm-up lies before ``start_ns``; operations due before ``end_ns`` may end until ``drained_ns``.
    """

    start_ns: Instant
    end_ns: Instant
    drained_ns: Instant


@dataclass(frozen=True, slots=True)
class Stage:
    """What was done for a trial, by its worker or beside it, and when, on its window's clock."""

    name: str
    start_ns: Instant
    end_ns: Instant


def _ordered(window: Window) -> Window:
    if not window.start_ns < window.end_ns <= window.drained_ns:
        raise ValueError("expected start_ns < end_ns <= drained_ns")
    if window.drained_ns - window.start_ns > MOST_WINDOW_NS:
        raise ValueError("expected a window of at most a week")
    return window


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a trial has no measurement: the exception's class and text, and the stage it was in.

    ``details`` has lines: what led to it, where in the code, and what the worker printed last.
    """

    error_class: str
    message: str
    stage: str
    details: str = ""

    @property
    def sentence(self) -> str:
        """What happened, and in which stage."""
        is_said = self.error_class in {"InputError", "HangError"}
        text = self.message if is_said else f"{self.error_class}: {self.message}"
        return f"{text}, in its stage {self.stage}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What reading back, from a new process where the store outlives the worker, showed.

    Of the acknowledged checkpoints that were looked at, ``lost`` were not found, ``corrupted`` had
    other content, ``broken_parents`` another parent; ``lost_writes`` counts single pending writes
    that were gone or changed. ``duplicated`` were stored more often than written, ``unexpected``
    never written, ``misplaced`` belong to another thread. ``stale`` reads, of the trial or
    afterwards, returned an older checkpoint than the last acknowledged one. Listings alone are
    wrong where ``unordered`` chains were not listed newest first, or ``out_of_namespace``
    checkpoints were listed that are another namespace's. ``problems`` says in words what does not
    match, ``listing_problems`` what of listings, each at most a few.

    ``deterministic``: the same runs lead to the same contents, so that these were compared; else
    only the states that runs ended with were. Of ``contents_unknown`` threads the same runs took
    too long to be made again.

    ``lost_acknowledged`` writes, as counted next, are known by their ids to be gone; the oldest had
    been acknowledged ``oldest_lost_ns`` before the last one was, or before the trial was broken.
    Of checkpoints that are gone ``lost_out_of_order`` had been acknowledged before one of the same
    chain that is there. ``unacknowledged_stored`` checkpoints were found, which is allowed.

    ``unread``: nothing could be looked at, since the ``saver`` could not open or read the store, or
    since the ``harness`` cut it off, or failed itself.

    ``attempted`` writes (checkpoints, and calls of ``aput_writes``) are ``acknowledged`` or
    ``indeterminate``: they raised or were cut off. ``checkpoints`` were counted by the store's own
    means; of ``threads`` the latest checkpoint was compared, of ``whole_threads`` every one, in all
    ``steps`` of them with content, parent and writes. ``server_counters`` is what the server itself
    had counted, by name.
    """

    threads: Count
    checkpoints: Count
    lost: Count
    corrupted: Count
    unexpected: Count
    problems: tuple[str, ...]
    steps: Count = 0
    whole_threads: Count = 0
    attempted: Count = 0
    acknowledged: Count = 0
    indeterminate: Count = 0
    duplicated: Count = 0
    stale: Count = 0
    broken_parents: Count = 0
    lost_writes: Count = 0
    server_counters: Mapping[str, Count] = field(default_factory=dict)
    misplaced: Count = 0
    unordered: Count = 0
    out_of_namespace: Count = 0
    deterministic: bool = True
    contents_unknown: Count = 0
    listing_problems: tuple[str, ...] = ()
    lost_acknowledged: Count = 0
    oldest_lost_ns: Count = 0
    lost_out_of_order: Count = 0
    unacknowledged_stored: Count = 0
    unread: Unread = ""

    @property
    def passed(self) -> bool:
        """Whether everything that was acknowledged was found, unchanged, and nothing else.

        A listing that is wrong is no fault of what is stored.
        """
        return not (self.lost or self.lost_writes or self.wrong or self.problems)

    @property
    def missing(self) -> int:
        """How many acknowledged writes are gone, at least."""
        return max(self.lost_acknowledged, self.lost, int(self.lost_writes > 0))

    @property
    def changed(self) -> int:
        """How much is stored otherwise than it was written."""
        changed = self.corrupted + self.duplicated + self.unexpected + self.misplaced
        return changed + self.broken_parents

    @property
    def wrong(self) -> int:
        """How much came back otherwise than it was written.

        Where something is gone, a read of what was before it is no further fault.
        """
        return self.changed + (0 if self.missing else self.stale)


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that acted: when it began to, when that was done, when what it hit was back.

    In ns of the clock of the trial's samples; ``back_ns`` is 0 where it did not come back.
    """

    began_ns: Count
    done_ns: Count
    back_ns: Count = 0


@dataclass(frozen=True, slots=True)
class Timeline:
    """What callers felt of a trial, in slots of ``slot_ns`` from ``start_ns`` on.

    Each list has a number for each slot: cycles that became due, those of them that succeeded, that
    failed (or were shed or cut off), and the median response time of these together.
    """

    start_ns: Count
    slot_ns: Count
    due: Annotated[tuple[Count, ...], Field(max_length=MOST_SLOTS)]
    ok: Annotated[tuple[Count, ...], Field(max_length=MOST_SLOTS)]
    failed: Annotated[tuple[Count, ...], Field(max_length=MOST_SLOTS)]
    response_ns: Annotated[tuple[Count, ...], Field(max_length=MOST_SLOTS)]


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """What was done to a trial, and what its callers felt.

    ``outages_ns`` has for each of the ``strikes`` the longest time until the next in which some
    caller waited and no cycle succeeded; ``recoveries_ns`` the time from when it was back to the
    end of the first cycle that became due after it and succeeded. ``None``: none of those became
    due before the next strike, or before the load ended. ``responses_ns`` has the longest response
    of a cycle that ended after it, well or not; empty where an older version wrote it, whose
    ``outages_ns`` end with the first success. All are empty where the callers died with the worker,
    and there is no ``timeline``. ``done`` counts by name what became due in the window and was
    done: operations, and what the workload marks.
    """

    strikes: tuple[Strike, ...] = ()
    outages_ns: tuple[Count | None, ...] = ()
    responses_ns: tuple[Count, ...] = ()
    recoveries_ns: tuple[Count | None, ...] = ()
    timeline: Timeline | None = None
    done: Mapping[str, Count] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """What one trial left.

    ``operations`` names the codes in the samples' ``operation`` column. ``errors`` counts the
    operations that failed by exception class, with the first text of each in ``error_texts``.
    ``settings`` were read back from the store, ``durability`` follows from them. ``left_behind``
    says what could not be removed from a user's server, and is empty otherwise. ``took_s`` is by
    how much the trial made its run longer, with its servers and reading back; 0 where nobody took
    it. ``stages`` has all that was done for it, without where it waited for others; none where an
    older version wrote it.
    ``broken`` is what was done to it on purpose.
    ``samples_bytes`` and ``samples_sha256`` are of the samples' file as it was written; 0 and ""
    where an older version wrote it.
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
    operations: Annotated[tuple[str, ...], Field(max_length=MOST_OPERATIONS)]
    window: Annotated[Window, AfterValidator(_ordered)] | None
    readings: Annotated[tuple[Reading, ...], Field(max_length=MOST_READINGS)]
    errors: Mapping[str, Count]
    error_texts: Mapping[str, str]
    verification: Verification | None
    failure: Failure | None
    samples_file: SamplesFile | None
    left_behind: str = ""
    took_s: FiniteFloat = 0.0
    samples_bytes: int = 0
    samples_sha256: str = ""
    stages: Annotated[tuple[Stage, ...], Field(max_length=MOST_STAGES)] = ()
    broken: FaultRecord | None = None

    @property
    def has_samples(self) -> bool:
        """Whether the trial can be analysed."""
        return self.samples_file is not None and self.window is not None

    @property
    def is_measured(self) -> bool:
        """Whether it has a measurement that can be analysed."""
        return self.status == "measured" and self.has_samples

    def reading(self, name: str) -> Reading | None:
        """Return what a probe read, or ``None``."""
        return next((read for read in self.readings if read.name == name), None)

    def reading_value(self, name: str) -> float:
        """Return the value that a probe read; 0 where there is none."""
        read = self.reading(name)
        return read.value if read else 0.0

    @property
    def has_no_success(self) -> bool:
        """Whether it failed since its whole load did: neither its worker nor its server died."""
        is_unprepared = self.failure is not None and self.failure.stage == "prepare"
        is_of_load = self.window is not None or (is_unprepared and bool(self.errors))
        return self.status == "failed" and is_of_load
