"""A run of which a part is damaged, or at which two work at once: told, and completed once."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from bench.cli import main
from bench.measure import runner
from bench.records.sample import Integers, samples_content
from bench.records.store import Store

SCENARIO = """
schema_version = 2
question = "Is it whole?"
seed = 3
repetitions = 2
warmup_s = 0.05
duration_s = 0.1
verify_s = 0.05
probes = []
conformance = false
crash_check = false

[subjects.first]
use = "memory"

[workloads.steps]
use = "append_steps"

[payloads.small]
use = "nested"

[arrivals.one]
kind = "closed"
clients = 1

[sweeps.all]
subjects = ["first"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["one"]
loops = ["selector"]
"""


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
    assert (
        "1 trial of the run cannot be read: cannot read the samples of "
        f"{lost.trial.id}: No such file or directory"
    ) in " ".join(printed.split())

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
