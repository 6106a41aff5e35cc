"""A run belongs to one process at a time, and to nobody once that has ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.errors import InputError
from bench.records.compaction import compact
from bench.records.store import Store
from tests.unit.analysis.synthetic import make_run

RUN_ID = "20260101T000000Z-made-up"
HOLDS = """
import sys
from pathlib import Path
from bench.records.lock import locked
with locked(Path(sys.argv[1]), "it"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_what_another_process_holds_is_refused_until_that_ends(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    store = Store(tmp_path)
    with subprocess.Popen(  # noqa: S603 - this interpreter, a fixed program
        [sys.executable, "-c", HOLDS, str(run.directory / "run.json")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        with (
            pytest.raises(InputError, match=f"another process is at work on the run {RUN_ID}"),
            store.locked(RUN_ID),
        ):
            pass
        with pytest.raises(InputError, match="another process is at work"):
            compact(store, RUN_ID)
        assert store.read(RUN_ID).trials == run.trials

        other.kill()
        other.wait()

    compact(store, RUN_ID)
    with store.locked(RUN_ID):
        assert sorted(path.name for path in run.directory.iterdir()) == ["records.zip", "run.json"]


def test_there_is_nothing_to_lock_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run"), Store(tmp_path).locked(RUN_ID):
        pass
