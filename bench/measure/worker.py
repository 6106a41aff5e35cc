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
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from bench.child_process import read_line
from bench.handover.clock import now_ns
from bench.handover.guard import have_memory_watched
from bench.handover.job import (
    HANDED_OVER,
    IMPORTED_STAGE,
    READY_STAGE,
    RESULT_FILE,
    SAMPLES_FILE,
    STACKS_SIGNAL,
    STARTED_STAGE,
    Job,
    Opening,
    TrialResult,
)
from bench.handover.missing import hide_modules
from bench.handover.parts import Parts
from bench.measure.lifecycle import Lifecycle
from bench.records.files import from_json, to_json
from bench.records.trial import Stage


def main() -> None:
    """Run the trial that standard input describes, in the directory that is the one argument."""
    directory = Path(sys.argv[1])
    orders = Orders(directory)
    parts = orders.parts
    lifecycle = Lifecycle(parts, orders.opening, orders.announce, now_ns, orders.may_begin)
    with asyncio.Runner(loop_factory=parts.loop.new_event_loop) as runner:
        try:
            result = runner.run(lifecycle.run(runner.get_loop()))
        # As where a saver stops the loop.
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever goes wrong is the trial's result
            result = TrialResult("failed", failure=lifecycle.failure(error))
        lifecycle.recorder.write(directory / SAMPLES_FILE)
        result = replace(result, stages=orders.stages())
        (directory / RESULT_FILE).write_bytes(to_json(result))
        # Before the loop is closed, which waits for threads that a saver may have left.
        orders.hand_over()


class Orders:
    """What the runner asks of this process, and how it is told how far that is.

    From here on, at any stage, this process ends and ``directory`` goes when its runner does.
    ``parts`` are imported, ``opening`` says where they are at work, and ``may_begin`` is done when
    nothing else is at work any more.
    """

    def __init__(self, directory: Path) -> None:
        if hasattr(faulthandler, "register"):
            # In native code, also where the interpreter's lock is held.
            faulthandler.register(STACKS_SIGNAL, all_threads=True)
        self._directory = directory
        self._began: list[tuple[str, int]] = []
        self._told = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
        # What a library prints must not be taken for an announcement.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        self._opening, self.may_begin, self._is_taken = (Future[bytes]() for _ in range(3))
        # Who waits for it cannot cancel it.
        self.may_begin.set_running_or_notify_cancel()
        self.announce(STARTED_STAGE)
        line = read_line()
        if not line:
            _end(directory)
        threading.Thread(target=self._listen, daemon=True).start()
        have_memory_watched()
        self.announce("import")
        job = from_json(line, Job)
        hide_modules(job.missing_modules)
        self.parts = Parts.of(job)
        self.announce(IMPORTED_STAGE)
        self.opening = from_json(self._opening.result(), Opening)

    def announce(self, stage: str) -> None:
        """Tell the runner that a stage begins."""
        self._began.append((stage, now_ns()))
        try:
            self._told.write(stage + "\n")
        except BrokenPipeError:
            _end(self._directory)

    def stages(self) -> tuple[Stage, ...]:
        """Return what was done until now, without where this process waited but for its job."""
        began = pairwise([*self._began, ("", now_ns())])
        done = (Stage(name, start_ns, end_ns) for (name, start_ns), (_, end_ns) in began)
        return tuple(stage for stage in done if stage.name not in {IMPORTED_STAGE, READY_STAGE})

    def hand_over(self) -> NoReturn:
        """Leave all that lies in the directory to the runner, and end once it answers for that.

        At once, since nothing is left to be done: clearing up what was imported takes longer than
        many a stage of a trial.
        """
        self.announce(HANDED_OVER)
        self._is_taken.result()
        sys.stderr.flush()
        os._exit(0)

    def _listen(self) -> None:
        for order, line in zip(
            (self._opening, self.may_begin, self._is_taken), _lines(), strict=False
        ):
            order.set_result(line)
        os.read(0, 1)
        _end(self._directory)


def _lines() -> Iterator[bytes]:
    """Yield the lines of standard input; at once what is there, since an import waits meanwhile."""
    rest = b""
    while given := os.read(0, 65_536):
        *lines, rest = (rest + given).split(b"\n")
        yield from lines


def _end(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
