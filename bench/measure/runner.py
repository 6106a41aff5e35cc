"""Runs a plan: one worker process per trial, only the server under test beside it.

What stops in every way out: the worker (its standard input closes), the server (its keeper sees the
same), the process that reads the store back, the trial's directory. Each finished trial is on disk
before the next one starts.
"""

from __future__ import annotations

import contextlib
import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psutil

from bench.contracts import Endpoint, Loop, OutsideProbe, Server, new_namespace
from bench.discovery import load
from bench.errors import BenchError, InputError, UnsupportedError
from bench.handover.interpreter import OWN, Interpreter
from bench.handover.job import (
    LEDGER_STAGE,
    OPENING_STAGE,
    SAMPLES_FILE,
    Job,
    Opening,
    TrialResult,
    unmeasured,
)
from bench.handover.parts import options_of
from bench.handover.placement import core_each, cores_read_back, starting_on
from bench.links.relay import Relay
from bench.measure.remaining import IsWanted, Remaining, no_more
from bench.measure.worker_process import WorkerProcess
from bench.printable import printable
from bench.records.redaction import redact, secrets_in
from bench.records.sample import Integers, read_raw
from bench.records.store import Store
from bench.records.trial import Failure, Reading, TrialRecord
from bench.spec.durability import Durability
from bench.spec.plan import Plan, Trial
from bench.spec.scenario import Scenario
from bench.subjects._factory import subject_class
from bench.verify.verifier_process import MARGIN_S, VerifierProcess

# Importing, opening and closing may take this long beyond warm-up, window, drain, reading back.
_BESIDES_S = 60.0
NO_OTHERS: Mapping[str, Interpreter] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: ``done`` of ``total`` trials, and the seconds that the rest will take."""

    done: int
    total: int
    remaining_s: float
    record: TrialRecord


def run(  # noqa: PLR0913 - what is measured, and each of its surroundings
    scenario: Scenario,
    plan: Plan,
    store: Store,
    run_id: str,
    on_progress: Callable[[Progress], None],
    environment: Mapping[str, str],
    interpreters: Mapping[str, Interpreter] = NO_OTHERS,
    *,
    is_wanted: IsWanted = no_more,
) -> None:
    """Measure the trials of ``plan`` that ``store`` has no record of, in the plan's order.

    ``environment`` may name external servers; ``interpreters`` are those that subjects name;
    ``is_wanted`` is asked before each optional block.
    ``KeyboardInterrupt`` passes through after everything that belongs to the trial under way has
    been stopped and removed.

    Raises:
        InputError: a subject names an interpreter that is not among ``interpreters``.
    """
    chosen = _interpreters(scenario, interpreters)
    remaining = Remaining(plan, store.finished(run_id), is_wanted)
    before = remaining.done
    began_s = time.monotonic()
    with contextlib.ExitStack() as stack:
        # What wrote a store reads it back: another version might change it first.
        verifiers = {
            interpreter: stack.enter_context(VerifierProcess(scenario, environment, interpreter))
            for interpreter in sorted(set(chosen.values()), key=lambda found: found.path)
        }
        for done, trial in enumerate(remaining, start=before + 1):
            used = chosen[trial.subject]
            trial_began_s = time.monotonic()
            record, rows = TrialRun(scenario, trial, environment, verifiers[used], used).run()
            record = replace(record, took_s=round(time.monotonic() - trial_began_s, 3))
            store.add(run_id, record, rows)
            mean_s = (time.monotonic() - began_s) / (done - before)
            remaining_s = mean_s * (remaining.total - done)
            on_progress(Progress(done, remaining.total, remaining_s, record))


def _interpreters(
    scenario: Scenario, interpreters: Mapping[str, Interpreter]
) -> dict[str, Interpreter]:
    """Return by subject on which interpreter its workers run."""
    known = {"": OWN, **interpreters}
    for label, subject in scenario.subjects.items():
        if subject.interpreter not in known:
            raise InputError(
                f"subjects.{label} names the interpreter {subject.interpreter!r}, which only "
                "bench gate can provide"
            )
    return {label: known[subject.interpreter] for label, subject in scenario.subjects.items()}


class TrialRun:
    """One trial, from the outside; without a ``verifier`` it starts one of its own."""

    def __init__(
        self,
        scenario: Scenario,
        trial: Trial,
        environment: Mapping[str, str],
        verifier: VerifierProcess | None = None,
        interpreter: Interpreter = OWN,
    ) -> None:
        self._verifier = verifier
        self._interpreter = interpreter
        self._scenario = scenario
        self._trial = trial
        self._environment = environment
        self._subject = subject_class(scenario.resolve(trial.subject).use)
        self._options = options_of(self._subject, scenario.resolve(trial.subject))
        loop: Any = load("loop", trial.loop)
        self._loop: Loop = loop()
        self._secrets = secrets_in(environment)
        self._server_text = ""
        self._left_behind = ""
        self._started_at = datetime.now(UTC).isoformat(timespec="milliseconds")

    def run(self) -> tuple[TrialRecord, Integers | None]:
        """Measure, and return the record and the samples (``None`` where there is no window)."""
        reason = self._loop.unavailable()
        if reason:
            return self._record(unmeasured("unsupported", "UnavailableLoop", reason, "loop")), None
        with tempfile.TemporaryDirectory(
            prefix="checkpoint-bench-", ignore_cleanup_errors=True
        ) as name:
            directory = Path(name)
            try:
                result, readings = self._in(directory)
            except UnsupportedError as error:
                result = unmeasured("unsupported", type(error).__name__, str(error), "server")
                readings = ()
            # Whatever goes wrong around a trial is its result, and the run goes on.
            except Exception as error:  # noqa: BLE001
                result = unmeasured("failed", type(error).__name__, str(error), "runner")
                readings = ()
            samples = directory / SAMPLES_FILE
            rows = read_raw(samples) if result.window and samples.exists() else None
            return self._record(result, readings, has_samples=rows is not None), rows

    def _in(self, directory: Path) -> tuple[TrialResult, tuple[Reading, ...]]:
        with contextlib.ExitStack() as stack:
            # Left in reverse: a worker that hangs must not hold what the server is to remove.
            server = self._server()
            if server is not None:
                stack.callback(self._stop, server)
            verifier = self._verifier or stack.enter_context(
                VerifierProcess(self._scenario, self._environment, self._interpreter)
            )
            stack.callback(verifier.give_up)
            job = Job(self._scenario, self._trial, str(directory))
            is_pinned = self._scenario.arrival(self._trial.arrival).placement == "pinned"
            worker_core, server_core = core_each() if is_pinned else (None, None)
            # The worker imports what it needs while the server starts.
            with starting_on(worker_core):
                worker = stack.enter_context(
                    WorkerProcess(job, directory, self._environment, self._interpreter)
                )
            opening = Opening(None, new_namespace())
            if server is not None:
                settings = self._subject.server_settings(self._options)
                with starting_on(server_core):
                    started = server.start(settings, opening.namespace)
                if is_pinned and not started.process_ids:
                    raise UnsupportedError(
                        "placement = 'pinned' needs a server that is started for the trial"
                    )
                opening = replace(opening, endpoint=started)
                self._secrets += opening.secrets
                self._server_text = started.kind
            endpoint = opening.endpoint
            worker.open(self._linked(opening, server, stack))
            processes = {
                "worker": (worker.process_id,),
                "server": endpoint.process_ids if endpoint else (),
            }
            cores = cores_read_back(processes) if is_pinned else {}
            result, readings = self._watch(worker, processes, lambda: verifier.expect(job, opening))
            result = replace(result, settings={**result.settings, **cores})
            result = self._with_server_death(result, endpoint)
            if result.status == "measured" and result.verification is None:
                limit_s = self._scenario.verify_s + MARGIN_S
                verification = verifier.verification(directory, limit_s)
                result = replace(result, verification=verification)
            return self._with_server_death(result, endpoint), readings

    def _linked(
        self, opening: Opening, server: Server | None, stack: contextlib.ExitStack
    ) -> Opening:
        """Return how the worker gets to the server: by way of a link, where one is asked for."""
        delay_s = self._scenario.arrival(self._trial.arrival).round_trip_s / 2.0
        if not delay_s or server is None or opening.endpoint is None:
            return opening

        def open_link(host: str, port: int) -> int:
            return stack.enter_context(Relay(host, port, delay_s)).port

        return Opening(server.through(opening.endpoint, open_link), opening.namespace)

    def _stop(self, server: Server) -> None:
        """Stop ``server``; that it left something behind must not cost what was measured."""
        try:
            server.stop()
        except BenchError as error:
            self._left_behind = str(error)

    def _server(self) -> Server | None:
        if self._subject.server is None:
            return None
        plugin: Any = load("server", self._subject.server)
        server: Server = plugin(self._environment)
        return server

    def _watch(
        self,
        worker: WorkerProcess,
        processes: Mapping[str, Sequence[int]],
        on_ledger: Callable[[], None],
    ) -> tuple[TrialResult, tuple[Reading, ...]]:
        plugins: list[Any] = [load("probe", name) for name in self._scenario.probes]
        probes: list[OutsideProbe] = [p() for p in plugins if p.side == "outside"]
        readings: list[Reading] = []
        watching: list[OutsideProbe] = []
        trial = self._trial
        scenario = self._scenario
        length_s = trial.warmup_s + trial.duration_s + scenario.drain_s + scenario.verify_s
        try:
            for stage in worker.stages(length_s + _BESIDES_S):
                if stage == LEDGER_STAGE:
                    on_ledger()
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
        *,
        has_samples: bool = False,
    ) -> TrialRecord:
        failure = result.failure
        if failure is not None:
            failure = Failure(failure.error_class, self._shown(failure.message), failure.stage)
        verification = result.verification
        if verification is not None:
            told = tuple(self._shown(problem) for problem in verification.problems)
            verification = replace(verification, problems=told)
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
            settings={name: self._shown(text) for name, text in result.settings.items()},
            server=self._server_text,
            operations=result.operations,
            window=result.window,
            readings=tuple(r for r in (*result.readings, *readings) if math.isfinite(r.value)),
            errors=result.errors,
            error_texts={name: self._shown(text) for name, text in result.error_texts.items()},
            verification=verification,
            failure=failure,
            samples_file=f"{self._trial.id}.npz" if has_samples else None,
            left_behind=self._shown(self._left_behind),
        )

    def _shown(self, text: str) -> str:
        return printable(redact(text, self._secrets))


def _is_alive(process_id: int) -> bool:
    try:
        return bool(psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
