"""Processes with all that they started, and running a runner that ends badly."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

LIMIT_S = 60
REPOSITORY = Path(__file__).parents[2]


def tree(process_ids: Iterable[int]) -> list[psutil.Process]:
    """Return the processes with all that they have started."""
    processes = [psutil.Process(process_id) for process_id in process_ids]
    return processes + [child for process in processes for child in process.children(True)]


@dataclass(frozen=True)
class Ended:
    """What a runner that killed itself has left: its server, and the worker that it had started."""

    exit_code: int
    server: tuple[int, ...]
    keeper: int
    directory: Path
    worker: int


def run_runner_that_is_killed(module: str, plugin: str, worker_input: int) -> Ended:
    """Start a server and a worker in a runner, which then kills itself without clearing up.

    The worker reads ``worker_input`` (a descriptor), so that it outlives its runner.
    """
    code = f"""
        import json, os, signal, subprocess, sys
        from {module} import {plugin}
        server = {plugin}({{}})
        endpoint = server.start({{}}, "bench_orphan")
        worker = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin={worker_input},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        print(json.dumps([endpoint.process_ids, server._embedded._keeper.process_id,
                          str(server._embedded.directory), worker.pid]), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = run_code(code, pass_descriptors=(worker_input,))
    server, keeper, directory, worker = json.loads(done.stdout)
    return Ended(done.returncode, tuple(server), keeper, Path(directory), worker)


def run_code(
    code: str, prefix: Sequence[str] = (), pass_descriptors: Sequence[int] = ()
) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a Python of its own, started through the command ``prefix``."""
    return subprocess.run(  # noqa: S603  # the test's own code, no shell
        [*prefix, sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        cwd=REPOSITORY,
        pass_fds=pass_descriptors,
    )
