"""Runs a plan: one worker process per trial, only the server under test beside it.

While a trial's store is read back and removed, the next trial's server starts and its worker
prepares, and the worker of the one after that starts. A trial begins when nothing is left of the
one before, and when what was started ahead is at rest: beside an open window, or a warm-up, nothing
else runs.

What stops in every way out: the worker (its standard input closes), the server (its keeper sees the
same), the process that reads the store back, the trial's directory. Each finished trial is on disk
before the next one starts.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from types import MappingProxyType
from typing import Any

import psutil

from bench.contracts import DataTemplate, Endpoint, Fault, Loop, OutsideProbe
from bench.discovery import load
from bench.errors import BenchError, InputError, UnsupportedError
from bench.faults._machinery.driver import FaultDriver
from bench.faults._machinery.timeline import fault_record
from bench.handover.clock import now_ns
from bench.handover.interpreter import OWN, Interpreter
from bench.handover.job import (
    ACKNOWLEDGED_FILE,
    DONE_STAGE,
    FAULTS_FILE,
    LEDGER_STAGE,
    OPENING_STAGE,
    PREPARED_FILE,
    SAMPLES_FILE,
    STEP_LIMIT_S,
    VERIFY_STAGE,
    TrialResult,
    unmeasured,
)
from bench.handover.parts import options_of
from bench.measure.site import Site
from bench.measure.worker_process import WorkerProcess, most_memory_bytes
from bench.records.files import from_json, to_json
from bench.records.sample import Integers, read_raw
from bench.records.store import Store
from bench.records.trial import Failure, FaultRecord, Reading, TrialRecord
from bench.scenario.durability import Durability
from bench.scenario.plan import Plan, Trial
from bench.scenario.scenario import OwnInterpreter, Scenario
from bench.subjects._factories.factory import subject_of
from bench.verify.verifier_process import MARGIN_S, VerifierProcess

Interpreters = Mapping[str | OwnInterpreter, Interpreter]
NO_OTHERS: Interpreters = MappingProxyType({})
Templates = Mapping[tuple[str, str], DataTemplate | BenchError]
"""By subject and workload what a store begins with, or why it cannot."""
NO_TEMPLATES: Templates = MappingProxyType({})


# Asked with the first trial of an optional block, when its turn comes.
IsWanted = Callable[[Trial], bool]


def no_more(trial: Trial) -> bool:
    """Want no optional block."""
    del trial
    return False


class Remaining:
    """Iterates over the trials without a record, in the plan's order.

    ``finished`` has the ids of those that have one. A block that was begun is completed without
    being asked for. ``total`` counts the trials that are known to be measured in the end: it grows
    by a block whenever one is added.
    """

    def __init__(self, plan: Plan, finished: Collection[str], is_wanted: IsWanted) -> None:
        self._plan = plan
        self._finished = finished
        self._is_wanted = is_wanted
        done = [trial for trial in plan.trials if trial.id in finished]
        self._begun = {trial.block for trial in done}
        self.done = len(done)
        self.total = len(plan.expected(self._begun))

    def following(self, trial: Trial) -> Trial | None:
        """Return the trial that comes after ``trial`` for certain, if there is one."""
        later = self._plan.trials[self._plan.trials.index(trial) + 1 :]
        one = next((each for each in later if each.id not in self._finished), None)
        if one is None or one.block == trial.block or one.block in self._begun:
            return one
        return None if one.block in self._plan.optional_blocks else one

    def __iter__(self) -> Iterator[Trial]:
        for block, trials in groupby(self._plan.trials, key=lambda trial: trial.block):
            todo = [trial for trial in trials if trial.id not in self._finished]
            if todo and block in self._plan.optional_blocks and block not in self._begun:
                if not self._is_wanted(todo[0]):
                    continue
                self.total += len(todo)
            yield from todo


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: ``done`` of ``total`` trials; the last of them, and what comes next.

    Nothing is ``following`` where that is not certain.
    """

    done: int
    total: int
    record: TrialRecord
    following: Trial | None = None


def run(  # noqa: PLR0913 - what is measured, and each of its surroundings
    scenario: Scenario,
    plan: Plan,
    store: Store,
    run_id: str,
    on_progress: Callable[[Progress], None],
    environment: Mapping[str, str],
    interpreters: Interpreters = NO_OTHERS,
    *,
    is_wanted: IsWanted = no_more,
    templates: Templates = NO_TEMPLATES,
    limit_s: float = STEP_LIMIT_S,
) -> None:
    """Measure the trials of ``plan`` that ``store`` has no record of, in the plan's order.

    ``environment`` may name external servers; ``interpreters`` are those that subjects name;
    ``is_wanted`` is asked before each optional block; ``templates`` are of trials on prepared
    stores; ``limit_s`` is as in :class:`TrialRun`.
    ``KeyboardInterrupt`` passes through after everything that belongs to the trial under way has
    been stopped and removed.

    Raises:
        InputError: a subject names an interpreter that is not among ``interpreters``.
    """
    chosen = interpreters_of(scenario, interpreters)
    # Of each worker's own start it would depend on what the trial before it still holds.
    most_bytes = most_memory_bytes(scenario)
    scenario = scenario.model_copy(update={"worker_memory_bytes": most_bytes})
    remaining = Remaining(plan, store.finished(run_id), is_wanted)
    with contextlib.ExitStack() as stack:
        # What wrote a store reads it back: another version might change it first.
        verifiers = {
            interpreter: stack.enter_context(VerifierProcess(scenario, environment, interpreter))
            for interpreter in sorted(set(chosen.values()), key=lambda found: found.path)
        }

        def run_of(trial: Trial) -> TrialRun:
            used = chosen[trial.subject]
            verifier = verifiers[used]
            template = templates.get((trial.subject, trial.workload))
            return TrialRun(
                *(scenario, trial, environment, verifier, used), template=template, limit_s=limit_s
            )

        ahead: dict[str, TrialRun] = {}
        prepared: set[str] = set()

        def prepare_after(trial: Trial) -> None:
            following = remaining.following(trial)
            if following is None or following.id in prepared:
                return
            prepared.add(following.id)
            ahead[following.id] = ahead.get(following.id) or run_of(following)
            ahead[following.id].prepare()
            after = remaining.following(following)
            if after is not None:
                ahead[after.id] = run_of(after)
                ahead[after.id].start_ahead()

        def discard_prepared() -> None:
            for trial_run in ahead.values():
                trial_run.discard()

        stack.callback(discard_prepared)
        last_s = time.monotonic()
        for done, trial in enumerate(remaining, start=remaining.done + 1):
            trial_run = ahead.get(trial.id) or run_of(trial)
            for other in ahead.values():
                if other is not trial_run:
                    other.wait_until_started()
            record, rows = trial_run.run(partial(prepare_after, trial))
            ahead.pop(trial.id, None)
            before_s, last_s = last_s, time.monotonic()
            record = replace(record, took_s=round(last_s - before_s, 3))
            store.add(run_id, record, rows)
            following = remaining.following(trial)
            on_progress(Progress(done, remaining.total, record, following))


def interpreters_of(scenario: Scenario, interpreters: Interpreters) -> dict[str, Interpreter]:
    """Return by subject that is measured on which interpreter its workers run."""
    known: Interpreters = {"": OWN, **interpreters}
    asked = {label: scenario.resolve(label).interpreter for label in scenario.measured_subjects}
    for label, interpreter in asked.items():
        if interpreter not in known:
            raise InputError(
                f"subjects.{label} names the interpreter {interpreter!r}, which only "
                "checkpoint-bench gate can provide"
            )
    return {label: known[interpreter] for label, interpreter in asked.items()}


class TrialRun:
    """One trial, from the outside; without a ``verifier`` it starts one of its own.

    One with a fault is broken while it is measured, and is done once its store was read back,
    whether or not its worker lives to tell. ``limit_s`` is as in :class:`Job`; a worker that
    hangs longer in a stage, beyond twice that, warm-up, window, drain and reading back, is ended.
    """

    def __init__(
        self,
        scenario: Scenario,
        trial: Trial,
        environment: Mapping[str, str],
        verifier: VerifierProcess | None = None,
        interpreter: Interpreter = OWN,
        template: DataTemplate | BenchError | None = None,
        limit_s: float = STEP_LIMIT_S,
    ) -> None:
        self._verifier = verifier
        self._interpreter = interpreter
        self._scenario = scenario
        self._trial = trial
        self._environment = environment
        use = scenario.resolve(trial.subject)
        self._subject = subject_of(use)
        self._options = options_of(self._subject, use)
        loop: Any = load("loop", trial.loop)
        self._loop: Loop = loop()
        self._driver: FaultDriver | None = None
        self._fault: Fault | None = None
        if trial.fault:
            fault_use = scenario.faults[trial.fault]
            plugin = load("fault", fault_use.use)
            self._fault = plugin(options_of(plugin, fault_use))
        self._site = Site(
            *(scenario, trial, environment, interpreter),
            fault=self._fault,
            template=template,
            limit_s=limit_s,
        )
        self._besides_s = 2.0 * limit_s
        self._started_at = ""

    def start_ahead(self) -> None:
        """Start the worker ahead, which then waits."""
        if not self._loop.unavailable():
            self._site.start_ahead()

    def wait_until_started(self) -> None:
        """Wait until what was started ahead is at rest."""
        self._site.wait_until_started()

    def prepare(self) -> None:
        """Have worker and server prepare ahead; :meth:`run` waits for them."""
        if not self._loop.unavailable():
            self._site.prepare()

    def discard(self) -> None:
        """Stop and remove what was prepared and never run."""
        self._site.discard()

    def run(
        self, on_measured: Callable[[], None] = lambda: None
    ) -> tuple[TrialRecord, Integers | None]:
        """Measure, and return the record and the samples (``None`` where there is no window).

        ``on_measured`` is called when nothing is timed any more, before another process reads the
        store back; perhaps twice.
        """
        self._started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        reason = self._loop.unavailable()
        if reason:
            return self._record(unmeasured("unsupported", "UnavailableLoop", reason, "loop")), None
        readings: tuple[Reading, ...] = ()
        rows: Integers | None = None
        try:
            with self._site as site:
                site.begin()
                result, readings = self._at(site, on_measured)
                samples = site.directory / SAMPLES_FILE
                rows = read_raw(samples) if result.window and samples.exists() else None
        except UnsupportedError as error:
            result = unmeasured("unsupported", type(error).__name__, str(error), "server")
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the trial's result
            result = unmeasured("failed", type(error).__name__, str(error), "runner")
        return self._record(result, readings, rows), rows

    def _at(
        self, site: Site, on_measured: Callable[[], None]
    ) -> tuple[TrialResult, tuple[Reading, ...]]:
        with contextlib.ExitStack() as stack:
            verifier = self._verifier or stack.enter_context(
                VerifierProcess(self._scenario, self._environment, self._interpreter)
            )
            stack.callback(verifier.give_up)
            job, opening = site.job, site.opening
            endpoint = opening.endpoint
            driver = self._driver = self._driver_at(site)
            if driver is not None:
                stack.callback(driver.stop)
                verifier.expect(job, opening)

            def on_ledger() -> None:
                verifier.expect(job, opening)
                on_measured()

            on_stage = {LEDGER_STAGE: on_ledger}
            on_stage |= dict.fromkeys((VERIFY_STAGE, DONE_STAGE), on_measured)
            if driver is not None:
                on_stage |= {"window": driver.start, "drain": driver.stop}
            result, readings = self._watch(site.worker, site.processes, on_stage)
            result = replace(result, settings={**result.settings, **site.cores})
            if driver is None:
                result = self._with_server_death(result, endpoint)
            else:
                result = self._broken(result, driver, site)
            is_left = result.status == "measured" or (driver and driver.has_acted)
            if is_left and result.verification is None:
                limit_s = self._scenario.verify_s + MARGIN_S
                with site.stage("read back"):
                    verification = verifier.verification(site.directory, limit_s)
                result = replace(result, verification=verification)
            if driver is None:
                result = self._with_server_death(result, endpoint)
            return result, readings

    def _driver_at(self, site: Site) -> FaultDriver | None:
        if self._fault is None:
            return None
        use, log = self._scenario.faults[self._trial.fault], site.directory / ACKNOWLEDGED_FILE
        return FaultDriver(self._fault, use, self._trial, site, log, now_ns)

    def _broken(self, result: TrialResult, driver: FaultDriver, site: Site) -> TrialResult:
        """Return the ``result`` of a trial with a fault, and leave the verifier when that acted."""
        driver.stop()
        prepared = site.directory / PREPARED_FILE
        if result.window is None and prepared.exists():
            known = from_json(prepared.read_bytes(), TrialResult)
            result = replace(known, status=result.status, failure=result.failure)
        if driver.failure is not None:
            error = driver.failure
            failure = Failure(type(error).__name__, str(error), "fault")
            return replace(result, status="failed", failure=failure, window=None, verification=None)
        if result.status == "unsupported":
            return result
        if not driver.strikes:
            if result.failure is not None:
                return result
            text = "the load ended before the fault was to act"
            return unmeasured("failed", "NoFault", text, "fault")
        (site.directory / FAULTS_FILE).write_bytes(to_json(driver.broken_ns))
        if site.worker.was_killed:
            return replace(result, status="measured", failure=None)
        return result

    def _watch(
        self,
        worker: WorkerProcess,
        processes: Mapping[str, Sequence[int]],
        on_stage: Mapping[str, Callable[[], None]],
    ) -> tuple[TrialResult, tuple[Reading, ...]]:
        names = () if self._fault else self._scenario.probes
        plugins: list[Any] = [load("probe", name) for name in names]
        probes: list[OutsideProbe] = [p() for p in plugins if p.side == "outside"]
        readings: list[Reading] = []
        watching: list[OutsideProbe] = []
        trial = self._trial
        scenario = self._scenario
        length_s = trial.warmup_s + trial.duration_s + scenario.drain_s + scenario.verify_s
        try:
            for stage in worker.stages(length_s + self._besides_s):
                if stage in on_stage:
                    on_stage[stage]()
                if stage == OPENING_STAGE:
                    for probe in probes:
                        probe.start(processes)
                        watching.append(probe)
                elif stage != "window":
                    readings += [reading for probe in watching for reading in probe.stop()]
                    watching.clear()
        finally:
            for probe in watching:
                probe.stop()
        return worker.result(), tuple(readings)

    def _with_server_death(self, result: TrialResult, endpoint: Endpoint | None) -> TrialResult:
        gone = [pid for pid in (endpoint.process_ids if endpoint else ()) if not _is_alive(pid)]
        if not gone:
            return result
        text = f"the {self._subject.server} server ended during the trial"
        return unmeasured("failed", "ServerDied", text, "server")

    def _record(
        self,
        result: TrialResult,
        readings: tuple[Reading, ...] = (),
        rows: Integers | None = None,
    ) -> TrialRecord:
        failure, shown = result.failure, self._site.shown
        if failure is not None:
            texts = shown(failure.message), failure.stage, shown(failure.details)
            failure = Failure(failure.error_class, *texts)
        verification = result.verification
        if verification is not None:
            problems = tuple(map(shown, verification.problems))
            verification = replace(verification, problems=problems)
        durability = result.durability
        if durability is Durability.UNKNOWN and not result.settings:
            durability = self._subject.durability(self._options)
        return TrialRecord(
            trial=self._trial,
            status=result.status,
            started_at=self._started_at,
            loop_class=result.loop_class,
            loop_kind=result.loop_kind or self._loop.kind,
            interpreter=result.interpreter,
            durability=durability,
            settings={name: shown(text) for name, text in result.settings.items()},
            server=self._site.server_kind,
            operations=result.operations,
            window=result.window,
            readings=tuple(r for r in (*result.readings, *readings) if math.isfinite(r.value)),
            errors=result.errors,
            error_texts={name: shown(text) for name, text in result.error_texts.items()},
            verification=verification,
            failure=failure,
            samples_file=f"{self._trial.id}.npz" if rows is not None else None,
            left_behind=shown(self._site.left_behind),
            stages=(*result.stages, *self._site.stages),
            broken=self._fault_record(result, rows),
        )

    def _fault_record(self, result: TrialResult, rows: Integers | None) -> FaultRecord | None:
        if self._driver is None:
            return None
        return fault_record(self._driver.strikes, rows, result.window, result.operations)


def _is_alive(process_id: int) -> bool:
    try:
        return bool(psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
