"""What a saver's process cannot do itself when its runner is gone, its guard does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.waiting import running

RUNNER = """
import os, subprocess, sys
guard = subprocess.Popen(
    [sys.executable, "-m", "bench.handover.guard", "1000000000", *sys.argv[1:]],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
)
child = int(guard.stdout.readline())
assert guard.stdout.readline() == b"held\\n"
print(guard.pid, child, flush=True)
os._exit(0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a process is looked at there alone")
def test_what_native_code_holds_ends_with_its_runner(tmp_path: Path) -> None:
    directory = tmp_path / "of_the_trial"
    directory.mkdir()
    runner = [sys.executable, "-c", RUNNER, "tests.processes.holds_the_interpreter", str(directory)]
    told = subprocess.run(runner, capture_output=True, check=True, text=True).stdout  # noqa: S603 - our own
    left = [psutil.Process(int(each)) for each in told.split() if psutil.pid_exists(int(each))]

    alive = running(left)
    for process in alive:
        process.kill()

    assert (alive, directory.exists()) == ([], False)
