"""A run of which a part is damaged, or at which two work at once: told, and completed once."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.analyse import analyse
from bench.cli import main
from bench.measure import runner
from bench.records.sample import Integers, samples_content
from bench.records.store import Store
from tests.processes.test_trials import text_of

SCENARIO = text_of("memory", repetitions=2, verify_s=0.05)
# A runner that is killed when the samples of its first trial are whole, and their record is not.
KILLED = """
import os, signal, sys
from pathlib import Path
from bench.cli import main
from bench.records import store

write = store.write_file

def killed(path: Path, content: bytes) -> None:
    if path.parent.name == "trials":
        if sys.argv[1] == "half":
            partial = path.with_suffix(f".json.{os.getpid()}.partial")
            partial.write_bytes(content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, content)

store.write_file = killed
main(sys.argv[2:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL does not exist there")
@pytest.mark.parametrize("of_record", ["nothing", "half"])
def test_a_run_that_is_killed_between_samples_and_record_is_completed(
    of_record: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "whole.toml").write_text(SCENARIO, encoding="utf-8")
    places = ["--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports")]
    command = ["run", str(tmp_path / "whole.toml"), *places]
    killed = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", KILLED, of_record, *command], capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    store = Store(tmp_path / "results")
    run = store.read(store.newest())
    (orphan,) = (run.directory / "samples").iterdir()
    before = orphan.read_bytes()
    assert (run.trials, run.damaged) == ((), {})
    assert main(["report", *places]) == 3
    assert "0 of 2 trials" in capsys.readouterr().out

    assert main([*command, "--resume"]) == 0

    found = store.read(run.record.run_id)
    assert (len(found.trials), found.damaged) == (2, {})
    written = {path.name: path.read_bytes() for path in (run.directory / "samples").iterdir()}
    assert set(written) == {trial.samples_file for trial in found.trials}
    for trial in found.trials:
        assert hashlib.sha256(written[str(trial.samples_file)]).hexdigest() == trial.samples_sha256
    assert written[orphan.name] != before
    assert main(["report", *places]) == 0
    assert main(["compact", run.record.run_id, "--results", str(tmp_path / "results")]) == 0
    assert sorted(path.name for path in run.directory.iterdir()) == ["records.zip", "run.json"]
    assert store.read(run.record.run_id).trials == found.trials


def test_what_is_damaged_is_named_and_measured_again_by_one_of_two_that_resume(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # With the mark that some editors put in front of UTF-8.
    (tmp_path / "whole.toml").write_text(SCENARIO, encoding="utf-8-sig")
    places = ["--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports")]
    command = ["run", str(tmp_path / "whole.toml"), *places]
    assert main(command) == 0
    store = Store(tmp_path / "results")
    run = store.read(store.newest())
    lost, kept = run.trials
    (run.directory / "samples" / f"{lost.trial.id}.npz").unlink()
    capsys.readouterr()

    assert main(["report", *places]) == 3
    printed = capsys.readouterr().out
    assert "1 of 2 trials" in printed
    said = (
        "1 trial of the run cannot be read: cannot read the samples of "
        f"{lost.trial.id}: No such file or directory"
    )
    findings = analyse(store.read(store.newest())).findings
    assert any(said in finding.message for finding in findings)

    measured: list[int] = []

    def while_another_resumes(*arguments: Any, **named: Any) -> None:
        measured.append(main([*command, "--resume"]))
        runner.run(*arguments, **named)

    monkeypatch.setattr("bench.cli.measuring.measure", while_another_resumes)
    assert main([*command, "--resume"]) == 0

    assert measured == [2]
    assert f"another process is at work on the run {run.record.run_id}" in capsys.readouterr().err
    found = store.read(run.record.run_id)
    assert found.damaged == {}
    assert [trial.trial.id for trial in found.trials] == [lost.trial.id, kept.trial.id]
    assert found.trials[0] != lost
    assert found.trials[1] == kept


def test_a_full_disk_ends_a_run_with_the_place_and_the_way_on_and_costs_one_trial(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "whole.toml").write_text(SCENARIO, encoding="utf-8")
    places = ["--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports")]
    command = ["run", str(tmp_path / "whole.toml"), *places]
    written: list[bytes] = []

    def compressed(rows: Integers) -> bytes:
        written.append(samples_content(rows))
        if len(written) > 1:
            monkeypatch.setattr(os, "fsync", full)
        return written[-1]

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("bench.records.store.samples_content", compressed)
    assert main(command) == 5
    monkeypatch.undo()

    said = capsys.readouterr().err
    store = Store(tmp_path / "results")
    run = store.read(store.newest())
    assert (len(run.trials), run.damaged) == (1, {})
    assert f"error: {run.directory / 'samples'}" in said
    assert "cannot write this file: No space left on device" in said
    assert "--resume" in said
    assert [path.name for path in run.directory.rglob("*.partial")] == []

    assert main([*command, "--resume"]) == 0
    assert store.read(run.record.run_id).trials[0] == run.trials[0]
