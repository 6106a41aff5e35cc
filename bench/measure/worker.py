"""The worker process: one trial, then it ends.

Started by ``bench.measure.runner`` as ``python -m bench.measure.worker``. It reads its job from
standard input, and ends with everything it made as soon as that closes: then the runner is gone.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import threading
from pathlib import Path

from bench.measure.clock import now_ns
from bench.measure.handover import JOB, OPENING, RESULT, RESULT_FILE, SAMPLES_FILE, Job
from bench.measure.lifecycle import Lifecycle, Parts


def main() -> None:
    """Run the trial that standard input describes; see ``bench.measure.handover``."""
    announcements = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    # What a library prints must not be taken for an announcement.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def announce(stage: str) -> None:
        announcements.write(stage + "\n")

    announce("import")
    job = JOB.validate_json(_read_line())
    parts = Parts.of(job)
    opening = OPENING.validate_json(_read_line())
    threading.Thread(target=_end_with_runner, args=(job,), daemon=True).start()
    lifecycle = Lifecycle(parts, opening, announce, now_ns)
    with asyncio.Runner(loop_factory=parts.loop.new_event_loop) as runner:
        result = runner.run(lifecycle.run(runner.get_loop()))
    directory = Path(job.directory)
    lifecycle.recorder.write(directory / SAMPLES_FILE)
    (directory / RESULT_FILE).write_bytes(RESULT.dump_json(result))


def _read_line() -> bytes:
    """Read one line from file descriptor 0 without a buffer that would swallow the next."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            raise SystemExit(0)
        line += byte
    return bytes(line)


def _end_with_runner(job: Job) -> None:
    while os.read(0, 1):
        pass
    shutil.rmtree(job.directory, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
