"""Mutation tests of the gate, end to end: each change that it must see, and one that is none.

Of time nothing is measured: trials leave what they are told. All else is measured.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli import main
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import Left, Load, Make, measure_nothing

TALKING = "tests.calibration.gated_savers:TalkingSubject"
FORGETFUL = "tests.processes.their_savers:forgetful"
# The smallest number of blocks with which one metric can be answered.
ENOUGH = 6


def subject(label: str, use: str, options: str = "") -> str:
    return f'[subjects.{label}]\nuse = "{use}"\noptions = {{ {options} }}\n'


MEMORY = (subject("base", "memory"), '[subjects.head]\nsame_as = "base"')


def put_takes(*, base_ms: int, head_ms: int) -> Make:
    """Trials that differ a little from block to block, and by what their subjects take."""
    of_subject = {"base": base_ms, "head": head_ms}

    def make(trial: Trial) -> Left:
        of_block = 1.0 + 0.01 * (trial.repetition % 3) + 0.002 * trial.repetition
        put_ns = round(of_subject[trial.subject] * 1e6 * of_block)
        return Left(Load(cycles=100, put=put_ns))

    return make


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


def test_the_same_twice_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measure_nothing(monkeypatch, put_takes(base_ms=10, head_ms=10))

    assert gate(tmp_path, *MEMORY, ENOUGH) == 0


def test_a_subject_that_takes_a_fifth_longer_has_regressed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measure_nothing(monkeypatch, put_takes(base_ms=10, head_ms=12))

    assert gate(tmp_path, *MEMORY, ENOUGH) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "A second run measured 1 of them again: 1 confirmed as worse" in told


def test_one_more_round_trip_is_a_regression_at_unchanged_time(tmp_path: Path) -> None:
    base, head = subject("base", TALKING), subject("head", TALKING, "exchanges = 2")

    assert gate(tmp_path, base, head, 1) == 1


def test_too_few_trials_cannot_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measure_nothing(monkeypatch, put_takes(base_ms=10, head_ms=10))

    assert gate(tmp_path, *MEMORY, 1) == 3


def test_a_lost_write_is_invalid(tmp_path: Path) -> None:
    base, head = subject("base", "memory"), subject("head", FORGETFUL)

    assert gate(tmp_path, base, head, 1) == 4
