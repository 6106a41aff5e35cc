"""The worker process: one trial, then it ends.

Started by ``bench.measure.runner`` as ``python -m bench.measure.worker``. It reads its job from
standard input, and ends with everything it made as soon as that closes: then the runner is gone.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from bench.child_process import read_line
from bench.handover.clock import now_ns
from bench.handover.job import (
    HANDED_OVER,
    RESULT_FILE,
    SAMPLES_FILE,
    STACKS_SIGNAL,
    Job,
    Opening,
    TrialResult,
)
from bench.handover.parts import Parts
from bench.measure.lifecycle import Announce, Lifecycle
from bench.records.files import from_json, to_json


def main() -> None:
    """Run the trial that standard input describes, in the directory that is the one argument."""
    directory = Path(sys.argv[1])
    parts, opening, announce, hand_over = receive_job(directory)
    lifecycle = Lifecycle(parts, opening, announce, now_ns)
    with asyncio.Runner(loop_factory=parts.loop.new_event_loop) as runner:
        try:
            result = runner.run(lifecycle.run(runner.get_loop()))
        # As where a saver stops the loop.
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever goes wrong is the trial's result
            result = TrialResult("failed", failure=lifecycle.failure(error))
        lifecycle.recorder.write(directory / SAMPLES_FILE)
        (directory / RESULT_FILE).write_bytes(to_json(result))
        # Before the loop is closed, which waits for threads that a saver may have left.
        hand_over()


def receive_job(directory: Path) -> tuple[Parts, Opening, Announce, Callable[[], None]]:
    """Return what standard input describes, imported, where it is to be done, and who is told.

    From here on this process ends, and ``directory`` goes, when its runner does. The last function
    hands all that lies there over: it returns once the runner answers for it.
    """
    if hasattr(faulthandler, "register"):
        # In native code, also where the interpreter's lock is held.
        faulthandler.register(STACKS_SIGNAL, all_threads=True)
    is_taken = threading.Event()
    announcements = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    # What a library prints must not be taken for an announcement.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def announce(stage: str) -> None:
        try:
            announcements.write(stage + "\n")
        except BrokenPipeError:
            _end(directory)

    announce("import")
    parts = Parts.of(from_json(_line(directory), Job))
    opening = from_json(_line(directory), Opening)
    threading.Thread(target=_end_with_runner, args=(directory, is_taken), daemon=True).start()

    def hand_over() -> None:
        announce(HANDED_OVER)
        is_taken.wait()

    return parts, opening, announce, hand_over


def _line(directory: Path) -> bytes:
    line = read_line()
    if not line:
        _end(directory)
    return line


def _end_with_runner(directory: Path, is_taken: threading.Event) -> None:
    while os.read(0, 1):
        is_taken.set()
    _end(directory)


def _end(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
