"""A worker or a server that is killed costs its trial, no other, and the exit code says so."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import IO, cast

import psutil
import pytest

from bench.errors import EXIT_INCONCLUSIVE
from bench.records.store import Store
from tests.services._platforms import needs_redis
from tests.services.test_interruption import SCENARIO
from tests.waiting import running, until

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(sys.platform == "win32", reason="processes are told by POSIX names"),
    needs_redis,
]
SERVERS = ("postgres", "redis-server")


@pytest.mark.parametrize(
    ("victim", "reasons"),
    [("worker", ("WorkerDied",)), ("server", ("ServerDied",))],
)
def test_what_is_killed_costs_its_own_trial_only(
    victim: str, reasons: tuple[str, ...], tmp_path: Path, temporary: Path
) -> None:
    scenario = tmp_path / "kills.toml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BENCH_")}
    environment["TMPDIR"] = str(temporary)
    results, reports = str(tmp_path / "results"), str(tmp_path / "reports")
    command = [sys.executable, "-m", "bench", "run", str(scenario), "--results", results]
    with subprocess.Popen(  # noqa: S603 - our own program
        [*command, "--reports", reports], stdout=subprocess.PIPE, env=environment
    ) as runner:
        output = cast("IO[bytes]", runner.stdout)
        # The first line is written as the run begins.
        output.readline()
        process = psutil.Process(runner.pid)
        family = until(partial(_connected, process), process)
        _the(victim, family).kill()
        told = output.read().decode()
        code = runner.wait(timeout=120)

    assert code == EXIT_INCONCLUSIVE, told
    run = Store(Path(results)).read(Store(Path(results)).newest())
    failed = [record for record in run.trials if record.status == "failed"]
    assert len(failed) == 1
    assert failed[0].failure is not None
    assert failed[0].failure.error_class in reasons
    assert [record.status for record in run.trials if record not in failed] == ["measured"]
    assert "1 of 2 trials failed" in (Path(reports) / run.record.run_id / "report.md").read_text(
        encoding="utf-8"
    )
    assert running(family) == []
    assert list(temporary.iterdir()) == []


def _connected(runner: psutil.Process) -> list[psutil.Process]:
    """Return the runner's descendants if the worker talks to the server."""
    family = runner.children(recursive=True)
    try:
        connections = _the("worker", family).net_connections("tcp")
        servers = any(process.name() in SERVERS for process in family)
    except (psutil.NoSuchProcess, StopIteration, IndexError):
        return []
    is_connected = any(each.status == psutil.CONN_ESTABLISHED for each in connections)
    return family if servers and is_connected else []


def _the(victim: str, family: list[psutil.Process]) -> psutil.Process:
    """Return the worker, or the server's first process."""
    if victim == "worker":
        # Its guard, which comes first, is started with the same words.
        return [one for one in family if "bench.measure.worker" in one.cmdline()][-1]
    return next(process for process in family if process.name() in SERVERS)
