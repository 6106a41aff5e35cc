"""A worker as its runner sees it."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Self, cast

from bench.handover.interpreter import OWN, Interpreter
from bench.handover.job import (
    JOB,
    OPENING,
    RESULT,
    RESULT_FILE,
    Job,
    Opening,
    TrialResult,
    unmeasured,
)
from bench.handover.killing import was_killed
from bench.handover.log import log_tail
from bench.handover.session import end_session
from bench.records.redaction import secrets_in

MEASURING = "bench.measure.worker"
"""The program that measures a trial."""
# A worker that has handed over its result may take this long to end.
_ENDING_S = 5.0


class WorkerProcess:
    """A worker process; leaving the context ends it, whatever state it is in."""

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
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._stage = "import"
        self._secrets = secrets_in(environment)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*interpreter.command, "-m", program, str(directory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=interpreter.environment_of(environment),
            )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._send(JOB.dump_json(job))
        output = cast("IO[bytes]", self._process.stdout)
        threading.Thread(target=self._read, args=(output,), daemon=True).start()

    @property
    def process_id(self) -> int:
        """The worker's process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_up()
        try:
            self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            end_session(self._process.pid)

    def give_up(self) -> None:
        """Have the worker end at once, also from another thread than that which waits for it."""
        with contextlib.suppress(OSError):
            self._stdin.close()

    @property
    def was_killed(self) -> bool:
        """Whether the worker has ended as by a kill."""
        return was_killed(self._process.poll())

    def open(self, opening: Opening) -> None:
        """Tell the worker where the trial takes place; it begins."""
        self._secrets += opening.secrets
        self._send(OPENING.dump_json(opening))

    def stages(self, limit_s: float) -> Iterator[str]:
        """Yield the name of each stage as it begins; a worker that exceeds the limit is killed."""
        deadline_s = time.monotonic() + limit_s
        while True:
            try:
                stage = self._lines.get(timeout=max(0.0, deadline_s - time.monotonic()))
            except queue.Empty:
                self._process.kill()
                self._stage = f"{self._stage} (killed after {limit_s:.0f} s)"
                return
            if stage is None:
                return
            self._stage = stage
            yield stage

    def result(self) -> TrialResult:
        """Return what the worker handed over, or a failure that says how it ended."""
        path = self._directory / RESULT_FILE
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING_S)
        if path.exists() and self._process.poll() in (0, None):
            return RESULT.validate_json(path.read_bytes())
        code = self._process.poll()
        text = f"the worker ended with {_ending(code)}{log_tail(self._log, self._secrets)}"
        return unmeasured("failed", "WorkerDied", text, self._stage)

    def _send(self, line: bytes) -> None:
        with contextlib.suppress(OSError):
            self._stdin.write(line + b"\n")
            self._stdin.flush()

    def _read(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self._lines.put(line.decode(errors="replace").strip())
        self._lines.put(None)


def _ending(code: int | None) -> str:
    if code is None:
        return "no result, while still running"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
