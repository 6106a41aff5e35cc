"""A runner that is killed while something is broken leaves nothing broken, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bench.records.store import Store
from tests.fuse import skip_without_fuse
from tests.services._platforms import skip_without
from tests.waiting import until

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(sys.platform != "linux", reason="servers are broken on Linux alone"),
]

SCENARIO = """
schema_version = 2
question = "What is left?"
warmup_s = 0.0
warmup_cycles = 0
duration_s = {duration_s}
verify_s = 20.0
repetitions = 1
conformance = false
crash_check = false

[subjects]
it = {{ use = "{subject}" }}

[workloads.steps]
use = "append_steps"

[arrivals.two]
kind = "closed"
clients = 2

[faults.it]
use = "{fault}"
at = {{ operation = 20 }}
options = {{ {options} }}

[sweeps.all]
faults = ["it"]
"""


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A directory for everything temporary, which Postgres's user can reach as well."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def runner_of(
    directory: Path, temporary: Path, subject: str, fault: str, down_s: float, duration_s: float
) -> subprocess.Popen[bytes]:
    path = directory / "broken.toml"
    options = "" if fault in {"worker_kill", "reset"} else f"down_s = {down_s}"
    text = SCENARIO.format(subject=subject, fault=fault, options=options, duration_s=duration_s)
    path.write_text(text, encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BENCH_")}
    environment["TMPDIR"] = str(temporary)
    places = ["--results", str(directory / "results"), "--reports", str(directory / "reports")]
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "bench", "run", str(path), *places],
        stdout=subprocess.PIPE,
        env=environment,
    )


@pytest.mark.parametrize(
    ("subject", "fault"),
    [
        ("sqlite", "worker_kill"),
        ("sqlite", "power_cut"),
        ("postgres", "server_kill"),
        ("postgres", "server_restart"),
        ("postgres", "server_freeze"),
        ("postgres", "power_cut"),
        ("redis", "server_freeze"),
        ("redis", "power_cut"),
    ],
)
def test_a_runner_that_is_killed_meanwhile_leaves_nothing(
    subject: str, fault: str, tmp_path: Path, temporary: Path
) -> None:
    skip_without("redis" if subject == "redis" else None)
    if fault == "power_cut":
        skip_without_fuse()
    victim = "worker" if subject == "sqlite" else "server"
    seen: set[psutil.Process] = set()
    with runner_of(tmp_path, temporary, subject, fault, 600.0, 600.0) as runner:
        process = psutil.Process(runner.pid)
        try:
            until(lambda: broken(process, victim, seen), process)
            family = {*seen, *process.children(recursive=True)}
        finally:
            # Whatever went wrong: leaving waits for its end.
            runner.send_signal(signal.SIGKILL)

    _, alive = psutil.wait_procs(list(family), timeout=60)
    assert alive == []
    assert list(temporary.iterdir()) == []
    assert str(temporary) not in Path("/proc/mounts").read_text(encoding="utf-8")


def broken(runner: psutil.Process, victim: str, seen: set[psutil.Process]) -> bool:
    """Tell whether a ``victim`` is gone that was ``seen``, or one is frozen."""
    there: set[psutil.Process] = set()
    for process in runner.children(recursive=True):
        with suppress(psutil.NoSuchProcess, IndexError):
            parent = " ".join(process.parents()[0].cmdline())
            is_server = "_keeper.py" in parent and process.name() in {"postgres", "redis-server"}
            is_worker = "bench.measure.worker" in parent and "guard" in parent
            if is_server if victim == "server" else is_worker:
                there.add(process)
    seen |= there
    return bool(seen - there) or any(is_stopped(process) for process in there)


def is_stopped(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("subject", "fault"),
    [
        ("postgres", "server_kill"),
        ("postgres", "server_freeze"),
        ("redis", "server_restart"),
        ("postgres", "reset"),
        ("redis", "stalled"),
        ("sqlite", "power_cut"),
    ],
)
def test_what_was_flushed_is_kept_and_callers_are_served_again(
    subject: str, fault: str, tmp_path: Path, temporary: Path
) -> None:
    skip_without("redis" if subject == "redis" else None)
    if fault == "power_cut":
        skip_without_fuse()
    with runner_of(tmp_path, temporary, subject, fault, 0.1, 4.0) as runner:
        told = runner.communicate()[0].decode()

    assert runner.returncode == 0, told
    store = Store(tmp_path / "results")
    (record,) = store.read(store.newest()).trials
    assert record.broken is not None
    assert record.verification is not None
    (strike,) = record.broken.strikes
    assert strike.began_ns < strike.done_ns
    assert record.verification.acknowledged >= 20
    assert record.verification.lost_acknowledged == 0
    if subject != "sqlite":
        assert strike.done_ns < strike.back_ns
        assert record.broken.outages_ns[0] is not None
        assert record.broken.timeline is not None
        assert sum(record.broken.timeline.ok) > 0
