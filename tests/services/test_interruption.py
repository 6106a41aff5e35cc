"""Ctrl-C, SIGTERM and a killed runner leave nothing behind, and the run can be completed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import IO, cast

import psutil
import pytest

from bench.records.store import Store
from tests.services._platforms import needs_redis
from tests.waiting import running, until

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's"),
    needs_redis,
]

SCENARIO = """
schema_version = 2
question = "Does it stop?"
seed = 1
repetitions = 1
warmup_s = 0.05
conformance = false
crash_check = false
duration_s = 1.0
# Enough of them for an estimate, also where the machine has much else to do.
primary_metrics = ["put.response.p50"]

[subjects.postgres]
use = "postgres"

[subjects.redis]
use = "redis"

[workloads.steps]
use = "append_steps"

[payloads.small]
use = "nested"

[arrivals.two]
kind = "closed"
clients = 2
think_s = 0.02

[sweeps.all]
subjects = ["postgres", "redis"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["two"]
loops = ["selector"]
"""


def command(directory: Path, *flags: str) -> list[str]:
    path = directory / "stops.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    places = ["--results", str(directory / "results"), "--reports", str(directory / "reports")]
    return [sys.executable, "-m", "bench", "run", str(path), *places, *flags]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_in_the_middle_it_leaves_nothing_and_can_be_completed(
    number: signal.Signals, tmp_path: Path, temporary: Path
) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BENCH_")}
    environment["TMPDIR"] = str(temporary)
    with subprocess.Popen(  # noqa: S603 - our own program
        command(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as runner:
        # When the first trial has been told, the second is under way.
        lines = iter(cast("IO[bytes]", runner.stdout).readline, b"")
        assert any(b" trial 1/" in line for line in lines)
        process = psutil.Process(runner.pid)
        family = until(partial(_with_a_server, process), process)
        runner.send_signal(number)
        code = runner.wait(timeout=60)

    assert running(family) == []
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    assert list(temporary.iterdir()) == []
    store = Store(tmp_path / "results")
    kept = store.finished(store.newest())
    assert len(kept) == 1

    done = subprocess.run(  # noqa: S603 - as above
        command(tmp_path, "--resume"), capture_output=True, env=environment, check=False
    )

    assert done.returncode == 0, done.stderr.decode()
    assert store.run_ids() == [store.newest()]
    assert len(store.finished(store.newest())) == 2
    assert kept < store.finished(store.newest())


def _with_a_server(runner: psutil.Process) -> list[psutil.Process]:
    """Return the runner's descendants if a server is among them."""
    family = runner.children(recursive=True)
    names = [_name(process) for process in family]
    return family if any(name.startswith(("postgres", "redis-server")) for name in names) else []


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""
