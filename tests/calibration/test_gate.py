"""Mutation tests of the gate, end to end: each change that it must see, and one that is none.

Differences of time are huge and simulated; everything else needs no time at all.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli import main

SIMULATED = "bench.selftest.simulated:FixedServiceSubject"
TALKING = "tests.calibration.gated_savers:TalkingSubject"
FORGETFUL = "tests.processes.their_savers:forgetful"
# The smallest number of blocks with which one metric can be answered.
ENOUGH = 6


def subject(label: str, use: str, options: str = "") -> str:
    return f'[subjects.{label}]\nuse = "{use}"\noptions = {{ {options} }}\n'


def gate(directory: Path, base: str, head: str, blocks: int, *flags: str) -> int:
    """Measure the two subjects (TOML) and return the exit code."""
    text = f"""
schema_version = 2
question = "Has it got worse?"
seed = 3
repetitions = {blocks}
warmup_s = 0.05
conformance = false
crash_check = false
duration_s = 0.25
verify_s = 0.05
primary_metrics = ["put.response.p50"]
probes = []
{base}
{head}
[workloads.steps]
use = "append_steps"
[payloads.small]
use = "binary"
options = {{ state_bytes = 1000 }}
[arrivals.load]
kind = "closed"
clients = 2
[sweeps.all]
subjects = ["base", "head"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["load"]
loops = ["selector"]
"""
    path = directory / "small.toml"
    path.write_text(text, encoding="utf-8")
    places = ["--results", str(directory / "results"), "--reports", str(directory / "reports")]
    arms = ["--base-subject", "base", "--head-subject", "head"]
    return main(["gate", str(path), *arms, *places, *flags])


@pytest.mark.timed
def test_the_same_twice_passes(tmp_path: Path) -> None:
    base = subject("base", SIMULATED, "service_s = 0.005")
    again = '[subjects.head]\nsame_as = "base"'

    assert gate(tmp_path, base, again, ENOUGH, "--smallest-effect", "0.3") == 0


@pytest.mark.timed
def test_a_subject_that_takes_half_as_long_again_has_regressed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = subject("base", SIMULATED, "service_s = 0.010")
    head = subject("head", SIMULATED, "service_s = 0.015")

    assert gate(tmp_path, base, head, ENOUGH) == 1
    assert "of 1 in question: 1 confirmed" in capsys.readouterr().out


def test_one_more_round_trip_is_a_regression_at_unchanged_time(tmp_path: Path) -> None:
    base, head = subject("base", TALKING), subject("head", TALKING, "exchanges = 2")

    assert gate(tmp_path, base, head, 1) == 1


def test_too_few_trials_cannot_tell(tmp_path: Path) -> None:
    assert gate(tmp_path, subject("base", TALKING), subject("head", TALKING), 1) == 3


def test_a_lost_write_is_invalid(tmp_path: Path) -> None:
    base, head = subject("base", "memory"), subject("head", FORGETFUL)

    assert gate(tmp_path, base, head, 1) == 4
