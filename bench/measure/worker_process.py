"""A worker as its runner sees it."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self

import psutil

from bench.child_process import ChildProcess
from bench.handover.clock import now_ns
from bench.handover.failures import details_of, places
from bench.handover.guard import TOLD
from bench.handover.interpreter import OWN, Interpreter
from bench.handover.job import (
    HANDED_OVER,
    RESULT_FILE,
    STACKS_SIGNAL,
    STARTED_STAGE,
    Job,
    Opening,
    TrialResult,
)
from bench.handover.log import log_tail
from bench.measure._host import memory_limit
from bench.records.files import from_json, to_json
from bench.records.redaction import secrets_in
from bench.records.trial import Failure, Stage
from bench.scenario.scenario import FEWEST_MEMORY_BYTES, Scenario

MEASURING = "bench.measure.worker"
"""The program that measures a trial."""
# A worker that has handed over its result may take this long to end.
_ENDING_S = 5.0
# Starting Python may take this long.
_STARTING_S = 60.0
# A worker that hangs has so long to say where.
_TELLING_S = 1.0
_LOOK_S = 0.05
# Of the memory that is free a worker may take this share; its server needs some, too.
_SPARE_SHARE = 0.8


class WorkerProcess:
    """A worker process; leaving the context ends it and all that it started, in whatever state."""

    def __init__(
        self,
        job: Job,
        directory: Path,
        environment: Mapping[str, str],
        interpreter: Interpreter = OWN,
        program: str = MEASURING,
    ) -> None:
        self._directory = directory
        self._log = directory / "worker.log"
        self._stage = "import"
        self._process_id: int | None = None
        self._has_started = self._has_ended = False
        self.was_killed = False
        self._hung: Failure | None = None
        self._secrets = secrets_in(environment)
        with self._log.open("wb") as log:
            most_bytes = most_memory_bytes(job.scenario)
            guard = ("-m", "bench.handover.guard", str(most_bytes), program, str(directory))
            self._started_ns = now_ns()
            self._process = ChildProcess(
                [*interpreter.command, *guard], interpreter.environment_of(environment), log
            )
        self._job = job

    @property
    def process_id(self) -> int:
        """The worker's process id, which its guard tells first; 0 where that cannot start."""
        if self._process_id is None:
            told = self._process.line(_STARTING_S) or ""
            self._process_id = int(told) if told.isdecimal() else 0
        return self._process_id

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.give_up()
        if not self._process.wait(_ENDING_S):
            self._process.terminate(_ENDING_S)

    def give_up(self) -> None:
        """Have the worker end at once, also from another thread than that which waits for it."""
        self._process.give_up()

    def kill(self) -> None:
        """Kill the worker, and wait until nothing is left of it; also from another thread."""
        self.was_killed = True
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(self.process_id).kill()
        self._process.wait(_ENDING_S)

    def wait_until_started(self) -> None:
        """Wait until it has imported its program, and is at rest until :meth:`begin_import`."""
        # One that is late is waited for again, and what comes of that told, when its trial is next.
        with contextlib.suppress(TimeoutError):
            if self._has_started or not self.process_id:
                return
            stage = self._process.line(_STARTING_S)
            self._has_ended = stage is None
            self._has_started = stage == STARTED_STAGE

    def begin_import(self) -> None:
        """Have the worker import the plug-ins of its job."""
        self._process.send(to_json(self._job))

    def open(self, opening: Opening) -> None:
        """Tell the worker where the trial takes place; it opens the subject and prepares."""
        self._secrets += opening.secrets
        self._process.send(to_json(opening))

    def begin(self) -> None:
        """Let the worker go on to the end, once it has prepared."""
        self._process.send(b"")

    def stages(self, limit_s: float) -> Iterator[str]:
        """Yield the name of each stage as it begins.

        A worker that takes longer than ``limit_s`` seconds for one of them is ended; importing may
        take a minute more.
        """
        began_s = time.monotonic()
        deadline_s = began_s + limit_s + _STARTING_S
        while self.process_id and not self._has_ended:
            try:
                stage = self._process.line(max(0.0, deadline_s - time.monotonic()))
            except TimeoutError:
                self._end_hanging(time.monotonic() - began_s)
                return
            began_s = time.monotonic()
            deadline_s = began_s + limit_s
            if stage in (STARTED_STAGE, "import"):
                deadline_s += _STARTING_S
            if stage is None:
                return
            if stage == STARTED_STAGE:
                continue
            if stage == HANDED_OVER:
                self._process.send(b"")
                return
            self._stage = stage
            yield stage

    def result(self) -> TrialResult:
        """Return what the worker handed over, or a failure that says how it ended."""
        if self._hung is not None:
            return TrialResult("failed", failure=self._hung)
        path = self._directory / RESULT_FILE
        self._process.wait(_ENDING_S)
        code = self._process.exit_code
        if path.exists() and code in (0, None):
            result = from_json(path.read_bytes(), TrialResult)
            waited, *stages = result.stages
            spawned = Stage("spawn", self._started_ns, waited.start_ns)
            return replace(result, stages=(spawned, *stages))
        name, text = "WorkerDied", f"the worker ended with {_ending(code)}"
        log = log_tail(self._log, self._secrets)
        if told := re.findall(f"^{TOLD}(\\w+): (.+)$", log, re.MULTILINE):
            name, text = told[-1]
        elif log:
            text += f": {log.splitlines()[-1]}"
        return TrialResult("failed", failure=Failure(name, text, self._stage, log))

    def _end_hanging(self, after_s: float) -> None:
        """Have the worker say where it is, and end it."""
        before = self._log.stat().st_size
        if STACKS_SIGNAL:
            with contextlib.suppress(OSError):
                os.kill(self.process_id, STACKS_SIGNAL)
            # Of several writes the last ends what is told of a thread.
            deadline_s = time.monotonic() + _TELLING_S
            while self._log.stat().st_size == before and time.monotonic() < deadline_s:
                time.sleep(_LOOK_S)
            time.sleep(_LOOK_S)
        self._process.terminate(_ENDING_S)
        log = self._log.read_bytes()
        where = places(log[before:].decode(errors="replace"))
        printed = log_tail(self._log, self._secrets, before)
        text = f"it hung, and was ended after {after_s:.0f} s"
        details = details_of([*where, *printed.splitlines()], self._secrets)
        self._hung = Failure("HangError", text, self._stage, details)


def _ending(code: int | None) -> str:
    if code is None:
        return "no result, while still running"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def most_memory_bytes(scenario: Scenario) -> int:
    """Return how much memory a worker may take: as the scenario says, else a share of the free."""
    if scenario.worker_memory_bytes is not None:
        return scenario.worker_memory_bytes
    available = psutil.virtual_memory().available
    spare_bytes = int(_SPARE_SHARE * min(available, memory_limit() or available))
    return max(spare_bytes, FEWEST_MEMORY_BYTES)
