"""A runner that is killed while something is broken leaves nothing broken, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest

from bench.contracts import Fault
from bench.discovery import load, names
from bench.records.store import Store
from tests.fuse import skip_without_fuse
from tests.services._platforms import skip_without
from tests.waiting import running, until

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
# All that is written is read back: a few hundred show what thousands would.
think_s = 0.02

[faults.it]
use = "tells:It"
{at}
options = {{ {options} }}

[sweeps.all]
faults = ["it"]
"""


FAULTS = names("fault")
WITHOUT_SERVER = {"worker_kill", "cancelled", "server_full"}
ON_OUR_DISK = {"power_cut", "server_full"}
# The fault itself, which tells when it has acted.
TELLS = """
from pathlib import Path
from bench.discovery import load
Known = load("fault", {fault!r})
class It(Known):
    def act(self, target):
        super().act(target)
        Path({path!r}).touch()
"""


def runner_of(
    directory: Path, temporary: Path, subject: str, fault: str, down_s: float, duration_s: float
) -> subprocess.Popen[bytes]:
    known: type[Fault] = load("fault", fault)
    given = {"down_s": down_s, "modules": ["none.such"]}
    options = ", ".join(
        f"{name} = {value}" for name, value in given.items() if name in known.Options.model_fields
    )
    path = directory / "broken.toml"
    at = "" if known.from_start else "at = { operation = 20 }"
    text = SCENARIO.format(subject=subject, at=at, options=options, duration_s=duration_s)
    path.write_text(text, encoding="utf-8")
    tells = TELLS.format(fault=fault, path=str(directory / "acted"))
    (directory / "tells.py").write_text(tells, encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BENCH_")}
    before = environment.get("PYTHONPATH", "")
    environment |= {"TMPDIR": str(temporary), "PYTHONPATH": f"{directory}{os.pathsep}{before}"}
    places = ["--results", str(directory / "results"), "--reports", str(directory / "reports")]
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "bench", "run", str(path), *places],
        stdout=subprocess.PIPE,
        env=environment,
    )


@pytest.mark.parametrize(
    ("subject", "fault"),
    [
        ("redis", "server_freeze"),
        ("redis", "power_cut"),
        ("redis", "server_refuses"),
        *((("sqlite" if fault in WITHOUT_SERVER else "postgres"), fault) for fault in FAULTS),
    ],
)
def test_a_runner_that_is_killed_meanwhile_leaves_nothing(
    subject: str, fault: str, tmp_path: Path, temporary: Path
) -> None:
    skip_without("redis" if subject == "redis" else None)
    if fault in ON_OUR_DISK:
        skip_without_fuse()
    with runner_of(tmp_path, temporary, subject, fault, 600.0, 600.0) as runner:
        process = psutil.Process(runner.pid)
        try:
            until((tmp_path / "acted").exists, process)
            family = process.children(recursive=True)
            ports = listening(family)
        finally:
            # Whatever went wrong: leaving waits for its end.
            runner.send_signal(signal.SIGKILL)

    assert running(family) == []
    assert ports.isdisjoint(listening(psutil.process_iter()))
    assert list(temporary.iterdir()) == []
    assert str(temporary) not in Path("/proc/mounts").read_text(encoding="utf-8")


def listening(processes: Iterable[psutil.Process]) -> set[tuple[object, ...]]:
    """Return the TCP ports that the processes listen on, each as one of its address."""
    ids = {process.pid for process in processes}
    found = psutil.net_connections("tcp4")
    return {c.laddr[1:2] for c in found if c.status == psutil.CONN_LISTEN and c.pid in ids}


@pytest.mark.parametrize(
    ("subject", "fault"),
    [
        ("postgres", "server_kill"),
        ("postgres", "server_freeze"),
        ("redis", "server_restart"),
        ("postgres", "reset"),
        ("redis", "stalled"),
        ("sqlite", "power_cut"),
        ("sqlite", "server_full"),
        ("sqlite", "cancelled"),
    ],
)
def test_what_was_flushed_is_kept_and_callers_are_served_again(
    subject: str, fault: str, tmp_path: Path, temporary: Path
) -> None:
    skip_without("redis" if subject == "redis" else None)
    if fault in ON_OUR_DISK:
        skip_without_fuse()
    with runner_of(tmp_path, temporary, subject, fault, 0.1, 3.0) as runner:
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
    # Who found the disk full was told so.
    assert record.errors or fault != "server_full"
    if subject != "sqlite":
        assert strike.done_ns < strike.back_ns
        assert record.broken.outages_ns[0] is not None
        assert record.broken.timeline is not None
        assert sum(record.broken.timeline.ok) > 0
