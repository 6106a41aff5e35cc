"""Where one job is done: a private directory, a server of its own, and a worker beside it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import psutil

from bench.contracts import (
    DataTemplate,
    Endpoint,
    Fault,
    FaultTarget,
    LinkControl,
    Server,
    ServerControl,
    Subject,
    new_namespace,
)
from bench.discovery import load
from bench.errors import BenchError, UnsupportedError
from bench.faults._machinery.disk import VolatileDisk
from bench.handover.clock import now_ns
from bench.handover.interpreter import OWN, Interpreter
from bench.handover.job import STEP_LIMIT_S, Job, Opening
from bench.handover.parts import options_of
from bench.links.relay import Relay
from bench.measure.worker_process import MEASURING, WorkerProcess
from bench.printable import printable
from bench.records.redaction import redact, secrets_in
from bench.records.trial import Stage
from bench.scenario.plan import Trial
from bench.scenario.scenario import Scenario
from bench.subjects._factories.factory import subject_of


class Site(FaultTarget):
    """Entering it starts the worker, and the server meanwhile; leaving it stops and removes all.

    The worker imports, opens and prepares what it needs, and then waits for :meth:`begin`. With a
    ``fault`` it has what that needs, and is what that acts on. With a ``template`` the store begins
    as that; in its place may stand why there is none.
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

    def __init__(  # noqa: PLR0913, PLR0917 - what is measured, and each of its surroundings
        self,
        scenario: Scenario,
        trial: Trial,
        environment: Mapping[str, str],
        interpreter: Interpreter = OWN,
        program: str = MEASURING,
        fault: Fault | None = None,
        template: DataTemplate | BenchError | None = None,
        limit_s: float = STEP_LIMIT_S,
    ) -> None:
        self._scenario = scenario
        self._trial = trial
        self._environment = environment
        self._interpreter = interpreter
        self._program = program
        self._fault = fault
        self._given_template = template
        self._disk: VolatileDisk | None = None
        self.link: LinkControl | None = None
        self._limit_s = limit_s
        self._stack = contextlib.ExitStack()
        self._secrets = secrets_in(environment)
        self._is_given_up = False
        self._is_started = False
        self._server: Server | None = None
        self._preparing: Future[None] | None = None
        self._under_way: Future[None] | None = None
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

    def start_ahead(self) -> None:
        """Start the worker, which then waits for its job, and prepare the server meanwhile."""
        self._in_thread(self._start)

    def wait_until_started(self) -> None:
        """Wait until all of it that was started ahead is at rest."""
        self._wait()
        if self._is_started:
            self.worker.wait_until_started()

    def prepare(self) -> None:
        """Start what is not yet, and have the worker prepare; entering the site waits for that."""
        self._wait()
        self._preparing = self._in_thread(self._prepare)

    def discard(self) -> None:
        """Stop and remove what was prepared and never entered."""
        self.give_up()
        self._wait()
        self._stack.close()

    def _in_thread(self, step: Callable[[], None]) -> Future[None]:
        executor = ThreadPoolExecutor(1)
        self._under_way = executor.submit(step)
        executor.shutdown(wait=False)
        return self._under_way

    def _wait(self) -> None:
        if self._under_way is not None:
            self._under_way.exception()

    def __enter__(self) -> Self:
        if self._preparing is None:
            self._wait()
            self._prepare()
            return self
        try:
            self._preparing.result()
        except BaseException:
            self.discard()
            raise
        return self

    def _start(self) -> None:
        # What fails is tried again when the trial is next, and told then.
        self._start_worker()
        if self._server is not None:
            # What is started here starts the server.
            with self.stage("directory"), starting_on(self._cores[1]):
                self._server.prepare()

    def _prepare(self) -> None:
        try:
            self._start_worker()
            # The worker imports the plug-ins while the server starts.
            self.worker.begin_import()
            with self.stage("server"):
                self._open()
        except BaseException:
            self._stack.close()
            raise

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

    def _start_worker(self) -> None:
        """Start the worker, unless that was done ahead."""
        if self._is_started:
            return
        with contextlib.ExitStack() as stack:
            name = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="checkpoint-bench-", ignore_cleanup_errors=True)
            )
            self.directory = Path(name)
            # Left in reverse: a worker that hangs must not hold what the server is to remove.
            if self._subject.server is not None:
                plugin: Any = load("server", self._subject.server)
                self._server = plugin(self._environment)
                self._secrets += self._server.secrets
            store = self._breakable(self._server, stack) or self._filled(self._server)
            if self._server is not None:
                stack.callback(self._stop, self._server)
            fault = self._fault
            missing = fault.missing_modules if fault else ()
            share = fault.cancelled_share if fault else 0.0
            self.job = Job(self._scenario, self._trial, name, store, self._limit_s, missing, share)
            with starting_on(self._cores[0]):
                worker = WorkerProcess(
                    self.job, self.directory, self._environment, self._interpreter, self._program
                )
            self.worker = stack.enter_context(worker)
            if self._is_given_up:
                self.worker.give_up()
            self._is_started = True
            # What started is stopped later, unless something did not.
            self._stack = stack.pop_all()

    def _breakable(self, server: Server | None, stack: contextlib.ExitStack) -> str:
        """Have what the fault needs; return where a subject without a server keeps its files.

        Raises:
            UnsupportedError: it cannot be had here, or nothing of ours is there to be broken.
        """
        fault = self._fault
        if fault is None:
            return ""
        if server is None and (fault.needs_server or fault.needs_link):
            raise UnsupportedError("it has no server that could be broken")
        spares_server = not fault.needs_server and (
            fault.ends_worker or fault.needs_link or fault.from_start
        )
        if server is not None and server.external and not spares_server:
            raise UnsupportedError("a server of the user's is never broken")
        if not fault.needs_volatile_disk:
            return ""
        self._disk = stack.enter_context(VolatileDisk())
        if server is not None:
            server.data_parent = str(self._disk.directory)
            return ""
        return str(self._disk.directory)

    @property
    def _template(self) -> DataTemplate | None:
        if isinstance(self._given_template, BenchError):
            raise self._given_template
        if self._given_template is None and self._scenario.preload(self._trial.workload):
            raise UnsupportedError("its store was not prepared: checkpoint-bench run does that")
        return self._given_template

    def _filled(self, server: Server | None) -> str:
        """Begin with the template; return where a subject without a server keeps its files then.

        Raises:
            BenchError: there is no template.
            UnsupportedError: the server is the user's, where nothing of theirs is exchanged.
        """
        template = self._template
        if template is None:
            return ""
        if server is not None:
            if server.external:
                raise UnsupportedError("a prepared store needs a server that we start")
            server.template = template
            return ""
        store = self.directory / "store"
        store.mkdir()
        if template.directory:
            copy_files(template.directory, store)
        return str(store)

    def settle(self) -> tuple[str, str]:
        """End what fills the store; return where its files are, and the server's password."""
        return self._server.settle() if self._server is not None else (self.job.store, "")

    @property
    def server(self) -> ServerControl | None:
        """What breaks the server, where it is ours."""
        return self._server.control if self._server is not None else None

    def kill_worker(self) -> None:
        """End the worker, as by SIGKILL."""
        self.worker.kill()

    def drop_unflushed(self) -> None:
        """Cut the disk's power; whoever had files on it open has ended."""
        if self._disk is not None:
            self._disk.cut()

    def limit_disk(self, free_bytes: int | None) -> None:
        """Let the disk run full, or no longer."""
        if self._disk is not None:
            self._disk.limit(free_bytes)

    def _open(self) -> None:
        """Start the server, and tell the worker where it is."""
        template = self._template
        self.opening = linked = Opening(None, template.namespace if template else new_namespace())
        if self._server is not None:
            use = self._scenario.resolve(self._trial.subject)
            subject = self._subject
            is_theirs = bool(self._server.external)
            asked = subject.required_settings if is_theirs else subject.server_settings
            settings = asked(options_of(subject, use))
            of_fault = self._fault.server_settings(self._server) if self._fault else {}
            with starting_on(self._cores[1]):
                started = self._server.start({**settings, **of_fault}, self.opening.namespace)
            if self._is_pinned and not started.process_ids:
                raise UnsupportedError(
                    "placement = 'pinned' needs a server that is started for the trial"
                )
            if self._disk is not None:
                self._disk.flush()
            if template and sys.platform != "win32":
                # What was copied must not be written to the disk beside the window.
                os.sync()
            self.opening = replace(self.opening, endpoint=started)
            self._secrets += self.opening.secrets
            self.server_kind = started.kind
            linked = self._linked(self._server, started)
        if self._fault is not None and self._fault.from_start:
            self._fault.act(self)
        self.cores = _cores_read_back(self.processes) if self._is_pinned else {}
        self.worker.open(linked)

    @property
    def _subject(self) -> type[Subject]:
        use = self._scenario.resolve(self._trial.subject)
        return subject_of(use)

    @property
    def _is_pinned(self) -> bool:
        return self._scenario.arrival(self._trial.arrival).placement == "pinned"

    @property
    def _cores(self) -> tuple[int, int] | tuple[None, None]:
        """The cores of worker and server, where each has its own."""
        return core_each() if self._is_pinned else (None, None)

    def _linked(self, server: Server, endpoint: Endpoint) -> Opening:
        delay_s = self._scenario.arrival(self._trial.arrival).round_trip_s / 2.0
        if not delay_s and not (self._fault and self._fault.needs_link):
            return self.opening

        def open_link(host: str, port: int) -> int:
            relay = self.link = self._stack.enter_context(Relay(host, port, delay_s))
            return relay.port

        return replace(self.opening, endpoint=server.through(endpoint, open_link))

    def _stop(self, server: Server) -> None:
        """Stop ``server``; that it left something behind must not cost what was measured."""
        try:
            server.stop()
        except BenchError as error:
            self.left_behind = str(error)


def copy_files(source: str, target: Path) -> None:
    """Copy what lies in ``source``, owners and modes included."""
    if sys.platform == "win32":
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)  # noqa: S603, S607 - no shell, and our own paths


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
