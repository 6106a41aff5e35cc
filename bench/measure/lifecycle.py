"""The life of one trial inside its worker: open, prepare, warm up, measure, drain, tell."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.checkpoints import config_of
from bench.contracts import Subject
from bench.errors import InvalidMeasurementError, UnsupportedError
from bench.handover.acknowledgements import AcknowledgementLog
from bench.handover.failures import failure_of, running, within
from bench.handover.job import (
    ACKNOWLEDGED_FILE,
    DONE_STAGE,
    LEDGER_FILE,
    LEDGER_STAGE,
    OPENING_STAGE,
    PREPARED_FILE,
    READY_STAGE,
    VERIFY_STAGE,
    VOLATILE,
    Ledger,
    Opening,
    TrialResult,
)
from bench.handover.parts import Parts, close
from bench.measure.call_counts import CallCounts
from bench.measure.load_generator import Load, Offer
from bench.measure.pacer import sleep_beside
from bench.measure.recorder import Recorder
from bench.measure.timing import Clock, Saver, Timing
from bench.records.files import to_json
from bench.records.redaction import secrets_in, shortened
from bench.records.trial import Failure, Reading, Verification, Window
from bench.scenario.arrival import Closed
from bench.scenario.metric import (
    CLOSING,
    CYCLE,
    READ_OPERATION,
    WARM_UP,
)
from bench.verify.read_back import read_back, unread

_NS_PER_S = 1_000_000_000
# Where a load is not warm after the scenario's warm-up, that of a closed one is prolonged, so far.
_LONGEST_WARM_UP_S = 10.0
_WARM_LOOK_S = 0.02
# Postgres plans the first five executions of a prepared statement anew, on each connection.
_WARM_OPERATIONS = 6
# What watches from outside takes its first readings in this time, which ends as the window opens.
_OUTSIDE_LEAD_S = 0.05
# More than a load writes before its window, and in each second; pages not written take no room.
_LOG_BYTES = 1 << 26
_LOG_BYTES_PER_S = 1 << 23
# A thread that was told to end may take this long.
_ENDING_S = 0.2

Announce = Callable[[str], None]


def log_bytes(load_s: float) -> int:
    """Return how long the file is made that notes the writes of a load of so many seconds."""
    return _LOG_BYTES + round(load_s * _LOG_BYTES_PER_S)


class Lifecycle:
    """Runs one trial. ``announce`` is told the name of each stage as it begins.

    Once all is prepared it waits for ``may_begin`` with the load.
    """

    def __init__(
        self,
        parts: Parts,
        opening: Opening,
        announce: Announce,
        clock: Clock,
        may_begin: Future[bytes],
    ) -> None:
        self._may_begin = may_begin
        self._parts = parts
        self._announce = announce
        self._clock = clock
        self._stage = "open"
        trial = parts.job.trial
        self._arrival = parts.scenario.arrival(trial.arrival)
        self._workload = parts.workload_at(opening.namespace, self._arrival.concurrency)
        self._workload.directory = self._directory = Path(parts.job.directory)
        self._place = parts.job.place(opening)
        self._interface = parts.subject.interface
        names = (*self._interface.operations.values(), CYCLE, *parts.workload.marks)
        self._secrets = (*opening.secrets, *secrets_in(os.environ))
        self.recorder = Recorder(names, self._secrets)
        self._log = (
            # What breaks the trial counts in it, and it outlives this process.
            AcknowledgementLog.shared(
                self._directory / ACKNOWLEDGED_FILE,
                log_bytes(trial.warmup_s + trial.duration_s + parts.scenario.drain_s),
            )
            if trial.fault
            else AcknowledgementLog()
        )
        self._timing = Timing(self.recorder, clock, self._log, self._interface)
        self._call_counts = CallCounts(self.recorder)
        self._writes_before: dict[str, int] = {}
        self._cycles_in_window = 0

    async def run(self, asked_for: asyncio.AbstractEventLoop) -> TrialResult:
        """Run the trial; what goes wrong is part of the result.

        Raises:
            InvalidMeasurementError: this runs on another loop than the one that was ``asked_for``.
        """
        loop = asyncio.get_running_loop()
        if loop is not asked_for:
            raise InvalidMeasurementError(f"the loop is {loop!r}, asked for was {asked_for!r}")
        subject = self._make_subject()
        result = TrialResult(
            status="failed",
            loop_class=f"{type(loop).__module__}.{type(loop).__qualname__}",
            loop_kind=self._parts.loop.kind,
            interpreter=sys.version.split()[0],
            durability=subject.durability(self._parts.subject_options),
            operations=self.recorder.operations,
        )
        if self._parts.job.trial.fault and not subject.reopens:
            text = "it keeps everything in its process"
            return replace(result, status="unsupported", failure=Failure(VOLATILE, text, "open"))
        before = running()
        try:
            result = await self._measured(subject, result)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever goes wrong is the trial's result
            result = replace(result, failure=self.failure(error), status=self._status(error))
        finally:
            self._call_counts.restore()
            self._enter("close")
            closing_ns = self._clock()
            failed = await close(subject, self._parts.job.limit_s)
            closing_ns = self._clock() - closing_ns
        closing = self._closing(closing_ns, failed, running(_ENDING_S) - before)
        result = replace(result, readings=(*result.readings, closing))
        errors, texts = dict(self.recorder.errors), dict(self.recorder.error_texts)
        result = replace(result, errors=errors, error_texts=texts)
        result = self._handed_over(result)
        self._enter(DONE_STAGE)
        return result

    async def _measured(self, subject: Subject, result: TrialResult) -> TrialResult:
        limit_s, clients = self._parts.job.limit_s, self._arrival.concurrency
        self._enter("open")
        await within(limit_s, "opening", partial(subject.open, clients))
        for checkout in subject.checkouts():
            self._timing.time_checkout(checkout)
        self._call_counts.watch(subject.counted_calls())
        trial = self._parts.job.trial
        offer = Offer.of(self._arrival, trial.seed, trial.warmup_s, trial.duration_s)
        savers = self._timing.savers(subject.saver)
        load_of_trial = Load(self._workload, offer, savers, self.recorder, self._clock)
        load_of_trial.cancelled_share = self._parts.job.cancelled_share
        self._enter("prepare")
        await within(limit_s, "preparing", load_of_trial.prepare)
        if self.recorder.errors:
            first = next(iter(self.recorder.error_texts.items()))
            raise RuntimeError(f"preparing failed: {first[0]}: {first[1]}")
        settings = await subject.settings()
        result = replace(result, settings=settings, durability=subject.durability_found(settings))
        if trial.fault:
            # What is known of the trial if nothing is left of this process.
            self._directory.joinpath(PREPARED_FILE).write_bytes(to_json(result))
        if isinstance(self._arrival, Closed):
            await self._rehearse(load_of_trial, subject, savers)
        self._enter(READY_STAGE)
        await asyncio.wrap_future(self._may_begin)
        # Samples taken while others were at work are no measurement. Errors stay: an operation
        # that failed then is a fault of the saver's, and must not vanish.
        self.recorder.forget()
        window, readings = await self._window(load_of_trial, subject)
        result = replace(result, window=window, readings=readings)
        if not self._cycles_in_window:
            return replace(result, failure=self._nothing_finished())
        verification = None if subject.reopens else await self._read_back(subject)
        return replace(result, status="measured", verification=verification)

    def _nothing_finished(self) -> Failure:
        name, text = next(iter(self.recorder.error_texts.items()), ("TimeoutError", "cut off"))
        return Failure(name, f"no cycle of the window succeeded; first: {text}", "window")

    async def _window(self, load: Load, subject: Subject) -> tuple[Window, tuple[Reading, ...]]:
        trial = self._parts.job.trial
        await self._start_probes("drained", subject)
        self._call_counts.start()
        self._enter("warm-up")
        start_ns = load.start() + round(trial.warmup_s * _NS_PER_S)
        await self._warm_up(load, subject, start_ns)
        warmth = self._warmth(load, subject)
        await self._start_probes("window", subject)
        cycles_before = self._done(CYCLE)
        if isinstance(self._arrival, Closed):
            start_ns = self._clock()
        end_ns = start_ns + round(trial.duration_s * _NS_PER_S)
        load.end_at(end_ns)
        self._enter("window")
        await self._sleep_until(end_ns)
        self._enter("drain")
        readings = (warmth, *await self._stop_probes("window"))
        await load.drain(self._parts.scenario.drain_s)
        # Timers may fire early, by the resolution of the clock.
        drained_ns = max(end_ns, self._clock())
        self._cycles_in_window = self._done(CYCLE) - cycles_before
        readings += self._call_counts.stop()
        readings += await self._stop_probes("drained")
        return Window(start_ns, end_ns, drained_ns), readings

    async def _rehearse(self, load: Load, subject: Subject, savers: Callable[[int], Saver]) -> None:
        """Do what makes a load warm by being done, for which others may be at work.

        Reads are few in most loads: those that connections lack are made up for, each of the
        latest checkpoint of some thread.
        """
        self._enter("rehearsal")
        limit_ns = self._clock() + round(_LONGEST_WARM_UP_S * _NS_PER_S)

        def is_over() -> bool:
            # What fails, and what takes longer, the warm-up comes upon.
            return bool(self.recorder.errors) or self._clock() >= limit_ns

        def has_all_but_reads() -> bool:
            done = self._done_and_wanted(load, subject)
            done.pop(READ_OPERATION, None)
            return is_over() or all(count >= wanted for count, wanted in done.values())

        await load.rehearse(has_all_but_reads)
        threads = self._log.thread_ids
        count, wanted = self._done_and_wanted(load, subject).get(READ_OPERATION, (0, 0))
        for number in range(count, wanted):
            if is_over():
                break
            saver = savers(number % self._arrival.concurrency)
            # The recorder has noted what it raises.
            with suppress(Exception):
                await saver.aget_tuple(config_of(threads[number % len(threads)]))

    async def _warm_up(self, load: Load, subject: Subject, until_ns: int) -> None:
        """Wait until then, and until a closed load is warm, within limits.

        The window of an open load begins where its schedule says.
        """
        lead_ns = round(_OUTSIDE_LEAD_S * _NS_PER_S)
        await self._sleep_until(until_ns - lead_ns)
        self._enter(OPENING_STAGE)
        if not isinstance(self._arrival, Closed):
            await self._sleep_until(until_ns)
        else:
            until_ns = max(until_ns, self._clock() + lead_ns)
            await self._sleep_until(until_ns)
            limit_ns = until_ns + round(_LONGEST_WARM_UP_S * _NS_PER_S)
            while self._gets_warmer(load, subject) and self._clock() < limit_ns:  # noqa: ASYNC110 - a limit
                await asyncio.sleep(_WARM_LOOK_S)

    def _gets_warmer(self, load: Load, subject: Subject) -> bool:
        """Tell whether the load is not warm yet, and does not fail for good."""
        has_tried = load.fewest_cycles >= self._warm_cycles and load.fewest_cycles_since_start
        is_failing = self.recorder.errors and has_tried
        return not is_failing and self._warmth(load, subject).value < 1.0

    async def _sleep_until(self, until_ns: int) -> None:
        await sleep_beside((until_ns - self._clock()) / _NS_PER_S)

    @property
    def _warm_cycles(self) -> int:
        return max(self._parts.scenario.warmup_cycles, self._workload.cycles_per_visit)

    def _warmth(self, load: Load, subject: Subject) -> Reading:
        """Return how far the load is warm, by that which has been done least of what it does."""
        done = self._done_and_wanted(load, subject)
        if isinstance(self._arrival, Closed):
            # All clients start at once, which is not how they go on.
            name = "cycles of each client since all of them started"
            done[name] = (load.fewest_cycles_since_start, 1)
        name, (least, wanted) = min(done.items(), key=lambda item: item[1][0] / item[1][1])
        return Reading(
            name=WARM_UP,
            value=min(1.0, least / wanted),
            unit="ratio",
            better="neither",
            description="share of what makes a load warm that was done before the window opened",
            detail=f"{name}: {least} of {wanted}" if least < wanted else "",
        )

    def _done_and_wanted(self, load: Load, subject: Subject) -> dict[str, tuple[int, int]]:
        """Return how often each thing was done that makes a load warm, and how often it is to."""
        operations = _WARM_OPERATIONS * subject.connections(self._arrival.concurrency)
        done = {
            name: (self._done(name), operations)
            for name in (CYCLE, *self._interface.operations.values())
            if name == CYCLE or self._done(name)
        }
        if isinstance(self._arrival, Closed):
            done["cycles of each client"] = (load.fewest_cycles, self._warm_cycles)
        return done

    async def _start_probes(self, when: str, subject: Subject) -> None:
        self._writes_before[when] = self._done(self._interface.write)
        for probe in self._parts.probes:
            if probe.stops == when:
                await probe.start(subject)

    async def _stop_probes(self, when: str) -> tuple[Reading, ...]:
        readings: list[Reading] = []
        for probe in self._parts.probes:
            if probe.stops == when:
                writes = self._done(self._interface.write) - self._writes_before[when]
                readings += await probe.stop(writes)
        return tuple(readings)

    def _handed_over(self, result: TrialResult) -> TrialResult:
        """Leave the ledger to the process that reads the store back, where that is another."""
        if result.status != "measured" or result.verification is not None:
            return result
        self._enter(LEDGER_STAGE)
        try:
            content = to_json(self._ledger())
        except Exception as error:  # noqa: BLE001 - what cannot be compared is not verified
            problem = f"the ledger failed: {type(error).__name__}: {error}"
            return replace(result, verification=unread("harness", problem))
        self._log.save(self._directory / ACKNOWLEDGED_FILE)
        self._directory.joinpath(LEDGER_FILE).write_bytes(content)
        return result

    def _ledger(self) -> Ledger:
        return Ledger.of(self._workload, self._parts.job.trial.seed)

    async def _read_back(self, subject: Subject) -> Verification:
        self._enter(VERIFY_STAGE)
        verify_s = self._parts.scenario.verify_s
        log = self._log.noted()
        return await read_back(subject, self._workload, self._ledger(), log, verify_s, self._clock)

    def _make_subject(self) -> Subject:
        return self._parts.subject(self._parts.subject_options, self._place)

    def _done(self, operation: str) -> int:
        return self.recorder.acknowledged[self.recorder.code(operation)]

    def _enter(self, stage: str) -> None:
        self._stage = stage
        self._announce(stage)

    def failure(self, error: BaseException) -> Failure:
        """Return what ended the trial, in the stage that it was in."""
        return failure_of(error, self._stage, self._secrets)

    def _closing(
        self, duration_ns: int, failed: BaseException | None, left: frozenset[str]
    ) -> Reading:
        problems = [f"it left running: {', '.join(sorted(left))}"] if left else []
        if failed is not None:
            why = failure_of(failed, "close", self._secrets)
            problems.insert(0, f"{why.error_class}: {why.message}")
        return Reading(
            name=CLOSING,
            value=float(duration_ns),
            unit="ns",
            better="lower",
            description="time that closing the saver took, with all that it still had to write",
            detail=shortened("; ".join(problems), self._secrets, 500),
        )

    def _status(self, error: BaseException) -> Any:
        refused = isinstance(error, UnsupportedError | NotImplementedError)
        return "unsupported" if refused and self._stage == "open" else "failed"
