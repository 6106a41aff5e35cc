"""Where one job is done: a private directory, a server of its own, and a worker beside it."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import psutil

from bench.contracts import Endpoint, Server, new_namespace
from bench.discovery import load
from bench.errors import BenchError, UnsupportedError
from bench.handover.clock import now_ns
from bench.handover.interpreter import OWN, Interpreter
from bench.handover.job import STEP_LIMIT_S, Job, Kill, Opening
from bench.handover.parts import options_of
from bench.links.relay import Relay
from bench.measure.worker_process import MEASURING, WorkerProcess
from bench.printable import printable
from bench.records.redaction import redact, secrets_in
from bench.records.trial import Stage
from bench.scenario.plan import Trial
from bench.scenario.scenario import Scenario
from bench.subjects._factory import subject_class


class Site:
    """Entering it starts the worker, and the server meanwhile; leaving it stops and removes all.

    The worker imports, opens and prepares what it needs, and then waits for :meth:`begin`.
    ``program`` is the module that the worker runs, ``limit_s`` as in :class:`Job`. ``cores`` says,
    where these are pinned, on which cores worker and server run. ``left_behind`` says after leaving
    what could not be removed from a user's server, ``stages`` what was done beside the worker.

    Raises:
        UnavailableError: the server cannot be started or reached.
        UnsupportedError: an external server runs with other settings than the subject asks for.
    """

    worker: WorkerProcess
    job: Job
    opening: Opening
    cores: Mapping[str, str]

    def __init__(
        self,
        scenario: Scenario,
        trial: Trial,
        environment: Mapping[str, str],
        interpreter: Interpreter = OWN,
        program: str = MEASURING,
        kill: Kill | None = None,
        limit_s: float = STEP_LIMIT_S,
    ) -> None:
        self._scenario = scenario
        self._trial = trial
        self._environment = environment
        self._interpreter = interpreter
        self._program = program
        self._kill = kill
        self._limit_s = limit_s
        self._stack = contextlib.ExitStack()
        self._secrets = secrets_in(environment)
        self._is_given_up = False
        self._preparing: Future[None] | None = None
        self.server_kind = ""
        self.left_behind = ""
        self.stages: list[Stage] = []

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Note when the block was run."""
        start_ns = now_ns()
        try:
            yield
        finally:
            self.stages.append(Stage(name, start_ns, now_ns()))

    def prepare(self) -> None:
        """Start worker and server ahead, in a thread; entering the site then waits for them."""
        executor = ThreadPoolExecutor(1)
        self._preparing = executor.submit(self._prepare)
        executor.shutdown(wait=False)

    def discard(self) -> None:
        """Stop and remove what was prepared and never entered."""
        self.give_up()
        if self._preparing is not None:
            self._preparing.exception()
        self._stack.close()

    def __enter__(self) -> Self:
        if self._preparing is None:
            self._prepare()
            return self
        try:
            self._preparing.result()
        except BaseException:
            self.discard()
            raise
        return self

    def _prepare(self) -> None:
        with contextlib.ExitStack() as stack:
            name = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="checkpoint-bench-", ignore_cleanup_errors=True)
            )
            self.directory = Path(name)
            with self.stage("start"):
                self._start(stack)
            # What started is stopped later, unless something did not.
            self._stack = stack.pop_all()

    def __exit__(self, *_: object) -> None:
        with self.stage("remove"):
            self._stack.close()

    @property
    def processes(self) -> Mapping[str, tuple[int, ...]]:
        """The ids of the worker's and the server's processes."""
        endpoint = self.opening.endpoint
        return {
            "worker": (self.worker.process_id,),
            "server": endpoint.process_ids if endpoint else (),
        }

    def begin(self) -> None:
        """Let the worker go on to the end."""
        self.worker.begin()

    def give_up(self) -> None:
        """Have the worker end at once; for another thread than that which has entered the site."""
        self._is_given_up = True
        worker: WorkerProcess | None = getattr(self, "worker", None)
        if worker is not None:
            worker.give_up()

    def shown(self, text: str) -> str:
        """Return ``text`` without passwords, and without what a terminal would obey."""
        return printable(redact(text, self._secrets))

    def _start(self, stack: contextlib.ExitStack) -> None:
        use = self._scenario.resolve(self._trial.subject)
        subject = subject_class(use.use, use.options)
        # Left in reverse: a worker that hangs must not hold what the server is to remove.
        server: Server | None = None
        if subject.server is not None:
            plugin: Any = load("server", subject.server)
            server = plugin(self._environment)
            self._secrets += server.secrets
            stack.callback(self._stop, server)
        self.job = Job(self._scenario, self._trial, str(self.directory), self._kill, self._limit_s)
        arrival = self._scenario.arrival(self._trial.arrival)
        is_pinned = arrival.placement == "pinned"
        worker_core, server_core = core_each() if is_pinned else (None, None)
        # The worker imports what it needs while the server starts.
        with starting_on(worker_core):
            worker = WorkerProcess(
                self.job, self.directory, self._environment, self._interpreter, self._program
            )
        self.worker = stack.enter_context(worker)
        if self._is_given_up:
            self.worker.give_up()
        self.opening = linked = Opening(None, new_namespace())
        if server is not None:
            settings = subject.server_settings(options_of(subject, use))
            with starting_on(server_core):
                started = server.start(settings, self.opening.namespace)
            if is_pinned and not started.process_ids:
                raise UnsupportedError(
                    "placement = 'pinned' needs a server that is started for the trial"
                )
            self.opening = replace(self.opening, endpoint=started)
            self._secrets += self.opening.secrets
            self.server_kind = started.kind
            linked = self._linked(server, started, arrival.round_trip_s / 2.0, stack)
        self.cores = _cores_read_back(self.processes) if is_pinned else {}
        self.worker.open(linked)

    def _linked(
        self, server: Server, endpoint: Endpoint, delay_s: float, stack: contextlib.ExitStack
    ) -> Opening:
        if not delay_s:
            return self.opening

        def open_link(host: str, port: int) -> int:
            return stack.enter_context(Relay(host, port, delay_s)).port

        return replace(self.opening, endpoint=server.through(endpoint, open_link))

    def _stop(self, server: Server) -> None:
        """Stop ``server``; that it left something behind must not cost what was measured."""
        try:
            server.stop()
        except BenchError as error:
            self.left_behind = str(error)


def core_each() -> tuple[int, int]:
    """Return the cores of the worker and of the server.

    Raises:
        UnsupportedError: the system cannot place a process, or this one may use a single core.
    """
    if sys.platform != "linux":
        raise UnsupportedError("placement = 'pinned' needs Linux: what starts stays on its core")
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise UnsupportedError("placement = 'pinned' needs two cores, and this process may use one")
    return cores[0], cores[1]


@contextlib.contextmanager
def starting_on(core: int | None) -> Iterator[None]:
    """Let what this thread starts in the block run on ``core`` alone; ``None``: anywhere."""
    if core is None or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _cores_read_back(processes: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, process_ids in processes.items():
        cores: set[int] = set()
        for process_id in process_ids:
            with contextlib.suppress(psutil.Error):
                cores.update(psutil.Process(process_id).cpu_affinity())
        if process_ids:
            found[f"{name}_cores"] = ", ".join(map(str, sorted(cores)))
    return found
