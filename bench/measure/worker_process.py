"""A worker as its runner sees it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from bench.child_process import ChildProcess
from bench.handover.interpreter import OWN, Interpreter
from bench.handover.job import HANDED_OVER, RESULT_FILE, Job, Opening, TrialResult, unmeasured
from bench.handover.killing import was_killed
from bench.handover.log import log_tail
from bench.records.files import from_json, to_json
from bench.records.redaction import secrets_in

MEASURING = "bench.measure.worker"
"""The program that measures a trial."""
# A worker that has handed over its result may take this long to end.
_ENDING_S = 5.0
# Starting Python may take this long.
_STARTING_S = 60.0


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
        self._secrets = secrets_in(environment)
        with self._log.open("wb") as log:
            self._process = ChildProcess(
                [*interpreter.command, "-m", "bench.handover.guard", program, str(directory)],
                interpreter.environment_of(environment),
                log,
            )
        self._process.send(to_json(job))

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

    @property
    def was_killed(self) -> bool:
        """Whether the worker has ended as by a kill."""
        return was_killed(self._process.exit_code)

    def open(self, opening: Opening) -> None:
        """Tell the worker where the trial takes place; it begins."""
        self._secrets += opening.secrets
        self._process.send(to_json(opening))

    def stages(self, limit_s: float) -> Iterator[str]:
        """Yield the name of each stage as it begins; a worker that exceeds the limit is killed."""
        deadline_s = time.monotonic() + limit_s
        while self.process_id:
            try:
                stage = self._process.line(max(0.0, deadline_s - time.monotonic()))
            except TimeoutError:
                self._process.terminate(_ENDING_S)
                self._stage = f"{self._stage} (killed after {limit_s:.0f} s)"
                return
            if stage is None:
                return
            if stage == HANDED_OVER:
                self._process.send(b"")
                return
            self._stage = stage
            yield stage

    def result(self) -> TrialResult:
        """Return what the worker handed over, or a failure that says how it ended."""
        path = self._directory / RESULT_FILE
        self._process.wait(_ENDING_S)
        code = self._process.exit_code
        if path.exists() and code in (0, None):
            return from_json(path.read_bytes(), TrialResult)
        text = f"the worker ended with {_ending(code)}{log_tail(self._log, self._secrets)}"
        return unmeasured("failed", "WorkerDied", text, self._stage)


def _ending(code: int | None) -> str:
    if code is None:
        return "no result, while still running"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
