"""The verifier: a process that never had to do with the worker, and reads back what it left.

``python -m bench.verify.verifier MODULE…`` imports what verifying needs, once for a run. For each
trial it is sent two lines: an order (:class:`Order`), then ``go`` when the worker has ended. It
forks, the child reads the store back, and the child's exit code is written to standard output as
one line. Whatever the child leaves is ended with it. Where there is no ``fork`` it does the work
itself and ends. When standard input closes, the runner has gone: the child is killed and the
trial's directory removed. SIGTERM has it kill the child and end.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import select
import shutil
import signal
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bench.child_process import read_line
from bench.handover.acknowledgements import Acknowledged
from bench.handover.clock import now_ns
from bench.handover.guard import adopt_orphans, end_descendants
from bench.handover.job import (
    ACKNOWLEDGED_FILE,
    FAULTS_FILE,
    LEDGER_FILE,
    VERIFICATION_FILE,
    Job,
    Ledger,
    Opening,
)
from bench.handover.parts import Parts, close
from bench.records.files import from_json, to_json
from bench.records.trial import Verification
from bench.verify.read_back import read_back, unread

LOG_FILE = "verifier.log"
GO = b"go"


@dataclass(frozen=True, slots=True)
class Order:
    """The trial whose store is to be read back, in the same directory and namespace."""

    job: Job
    opening: Opening


def main() -> None:
    """Serve until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_now)
    adopt_orphans()
    for name in sys.argv[1:]:
        # Not all that a run needs is installed in every interpreter of it.
        with suppress(ImportError):
            importlib.import_module(name)
    # A child that collects garbage would copy all of this.
    gc.collect()
    gc.freeze()
    order: Order | None = None
    while line := read_line():
        if line != GO + b"\n":
            # Where no "go" followed upon the one before, its worker has died.
            order = from_json(line, Order)
        elif order is not None:
            code = _in_a_child(order) if hasattr(os, "fork") else _serve(order)
            os.write(1, b"%d\n" % code)
            order = None
            if not hasattr(os, "fork"):
                return
    if order is not None:
        _remove(order)


def _in_a_child(order: Order) -> int:
    """Return the exit code of a child that carries out ``order``; negative is a signal."""
    # Each end closes with its process, whichever way that ends.
    parent_ended, parent_lives = os.pipe()
    child_ended, child_lives = os.pipe()
    child = os.fork()
    if not child:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.close(parent_lives)
        os.close(child_ended)
        _keep_from_children(child_lives)
        threading.Thread(target=_end_with, args=(parent_ended,), daemon=True).start()
        os._exit(_serve(order))
    os.close(parent_ended)
    os.close(child_lives)
    readable, _, _ = select.select([0, child_ended], [], [])
    if 0 in readable:
        # Nothing is sent while a child is at work: this is the end of input.
        end_descendants()
        _remove(order)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    end_descendants()
    os.close(parent_lives)
    os.close(child_ended)
    return os.waitstatus_to_exitcode(status)


def _serve(order: Order) -> int:
    directory = Path(order.job.directory)
    answers = os.dup(1)
    try:
        # What a library prints is no answer.
        with (directory / LOG_FILE).open("wb") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        content = to_json(_verification(order))
        (directory / VERIFICATION_FILE).write_bytes(content)
    except BaseException:  # noqa: BLE001 - the child must not go on as its parent does
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(answers, 1)
    return 0


def _verification(order: Order) -> Verification:
    parts = Parts.of(order.job)
    with asyncio.Runner(loop_factory=parts.loop.new_event_loop) as runner:
        return runner.run(_read_back(order, parts))


async def _read_back(order: Order, parts: Parts) -> Verification:
    scenario, directory = parts.scenario, Path(order.job.directory)
    workload = parts.workload_at(order.opening.namespace, 1)
    told = directory / LEDGER_FILE
    # A worker that was killed has left its log alone.
    ledger = from_json(told.read_bytes(), Ledger) if told.exists() else Ledger(0)
    log = Acknowledged.read(directory / ACKNOWLEDGED_FILE)
    faults = directory / FAULTS_FILE
    log.broken_ns = from_json(faults.read_bytes(), tuple[int, ...]) if faults.exists() else ()
    place = replace(order.job.place(order.opening), is_reading_back=True)
    subject = parts.subject(parts.subject_options, place)
    try:
        await subject.open(1)
        return await read_back(subject, workload, ledger, log, scenario.verify_s, now_ns)
    except Exception as error:  # noqa: BLE001 - what cannot be opened is not verified
        return unread("saver", f"reading back failed: {type(error).__name__}: {error}", log)
    finally:
        await close(subject)


def _keep_from_children(descriptor: int) -> None:
    """Close it in what this process forks, and may leave: its end says that this one has ended."""
    held = [descriptor]

    def close_once() -> None:
        while held:
            os.close(held.pop())

    os.register_at_fork(after_in_child=close_once)


def _end_with(parent_ended: int) -> None:
    os.read(parent_ended, 1)
    os._exit(1)


def _end_now(*_: object) -> None:
    end_descendants()
    os._exit(1)


def _remove(order: Order) -> None:
    shutil.rmtree(order.job.directory, ignore_errors=True)


if __name__ == "__main__":
    main()
